"""What the gateway does itself where an upstream lacks a feature."""
