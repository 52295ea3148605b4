"""The other front doors. Nothing of them is imported, or does anything, until it is asked for."""
