"""The stack as the app builds it, with a boundary outside every layer."""
