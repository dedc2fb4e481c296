"""Upstreams that speak the Messages API themselves: relayed, not translated."""
