"""The active configuration: an immutable snapshot, its sources, hot reload."""
