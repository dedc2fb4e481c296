"""The client-side protocol: Anthropic's Messages API, without any I/O."""
