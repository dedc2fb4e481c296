"""What a server turned out to be. None: it does not say."""

from __future__ import annotations

from attrs import frozen

from gateway.settings.kinds import Preset, ProviderKind


@frozen
class DetectedModel:
    name: str
    window: int | None = None
    """What a request may hold now."""
    largest: int | None = None
    """What the model was made for, where the server holds it with less."""
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
    """What to write as `base_url`."""
    evidence: str
    """Which answer gave it away."""
    version: str = ""
    preset: Preset | None = None
    """What to write as `preset`, where the address does not say it."""
    models: tuple[DetectedModel, ...] = ()
    slots: int | None = None
    """How many requests it works on at once."""
    templates_tools: bool | None = None
    """llama.cpp: whether the chat template knows tools; without, they are dropped in silence."""

    def model(self, name: str) -> DetectedModel | None:
        """Ollama's `:latest` may be left out."""
        names = (name, f"{name}:latest") if self.kind == "ollama" else (name,)
        return next((model for model in self.models if model.name in names), None)

    @property
    def chats(self) -> tuple[DetectedModel, ...]:
        """The models that can talk, best first: loaded, then with tools, then as listed."""
        able = [model for model in self.models if model.chat]
        return tuple(sorted(able, key=lambda model: (not model.loaded, model.tools is False)))
