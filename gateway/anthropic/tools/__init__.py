"""Tools of a request: client tools, toolsets, names, JSON schemas."""
