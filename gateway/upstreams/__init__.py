"""Upstream protocols, one folder each, with the same four module names: wire, request, reader, adapter.

The exception is `scripted`, which sends nothing: of the four it has only `adapter`.
"""
