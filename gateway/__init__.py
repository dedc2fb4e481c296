"""An Anthropic-shaped gateway for OpenAI-compatible servers and Ollama."""

__version__ = "0.1.0"
