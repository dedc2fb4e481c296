"""Upstream protocols, a folder each, with the same four names in each: wire, request, reader, adapter."""
