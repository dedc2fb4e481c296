"""Upstream errors: parsing, classification, and the changes that the next request is built with."""
