"""A detected server and its models. None: unknown."""

from __future__ import annotations

from attrs import frozen

from gateway.settings.kinds import Preset, ProviderKind


@frozen
class DetectedModel:
    name: str
    window: int | None = None
    """Tokens that a request may have now."""
    largest: int | None = None
    """The window that the model was made for, if the server runs it with less."""
    output: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    reasoning: bool | None = None
    loaded: bool | None = None
    chat: bool = True
    """False: embeddings, speech and the like."""


@frozen
class DetectedServer:
    product: str
    """`llama.cpp`, `vLLM`, ... or `OpenAI-compatible`."""
    kind: ProviderKind
    url: str
    """The value for `base_url`."""
    evidence: str
    """The answer that identified it."""
    version: str = ""
    preset: Preset | None = None
    """The value for `preset`, if the address does not imply it."""
    models: tuple[DetectedModel, ...] = ()
    slots: int | None = None
    """How many requests it handles at once."""
    templates_tools: bool | None = None
    """llama.cpp: whether the chat template supports tools; without, they are silently dropped."""

    def model(self, name: str) -> DetectedModel | None:
        """Ollama's `:latest` may be left out."""
        names = (name, f"{name}:latest") if self.kind == "ollama" else (name,)
        return next((model for model in self.models if model.name in names), None)

    @property
    def chats(self) -> tuple[DetectedModel, ...]:
        """The models for chat, best first: loaded, then with tools, then as listed."""
        able = [model for model in self.models if model.chat]
        return tuple(sorted(able, key=lambda model: (not model.loaded, model.tools is False)))
