"""The views of the routes: one module per format, each loaded only when its format is asked for."""
