"""A gateway that serves Anthropic's Messages API from other model servers."""

__version__ = "0.1.0"
