"""The request that is sent through the boundaries, and what answers and runs it."""
