"""Upstream protocols, one folder each, with the same four module names: wire, request, reader, adapter."""
