"""The face's protocol: Anthropic's Messages API, without any I/O."""
