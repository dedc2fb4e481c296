"""The HTTP adapter and its connections."""
