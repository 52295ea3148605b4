"""Finds the app that the user names, and imports it, noting where its middleware is registered."""
