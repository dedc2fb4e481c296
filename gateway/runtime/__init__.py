"""The configuration in use: an immutable snapshot, its sources, hot reload."""
