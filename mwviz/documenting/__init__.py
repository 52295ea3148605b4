"""Diagrams in documents: blocks of Markdown and reStructuredText that hold the command which makes them."""
