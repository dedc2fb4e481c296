"""Upstream errors: how they are read, classified, and what the next request is adapted to."""
