"""Mistakes that need more than one key to see."""
