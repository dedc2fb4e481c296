"""Decoding and validation of a Messages request, and its fields."""
