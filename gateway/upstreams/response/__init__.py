"""Shared by the response readers of the upstream kinds."""
