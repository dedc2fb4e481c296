"""The settings as a page of the docs and as a JSON schema."""
