"""The views of what differs between two orders."""
