"""An Anthropic-shaped gateway in front of OpenAI-compatible servers and Ollama."""

__version__ = "0.1.0"
