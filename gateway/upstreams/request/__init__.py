"""Shared by the request builders of the upstream kinds."""
