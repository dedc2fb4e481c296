"""Answers from the configuration, without a server: for tests."""
