"""Every route of the app, and the chain that a request to it passes."""
