"""Lets layers and endpoints go wrong for one probe at a time, in a stack that is built once."""
