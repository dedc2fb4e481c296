"""Upstreams that speak the Messages API themselves: passed through, not translated."""
