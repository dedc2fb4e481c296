"""What a translator may know of the model that a request goes to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from attrs import field, frozen

from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.settings.models import ExposeReasoning, Sampling
from gateway.settings.quirks import Quirks


@frozen
class ModelInfo:
    """What a translator may know of the model a request goes to. None: not known."""

    provider: str
    """The provider's name in the YAML: it stands before its own words in errors."""
    model: str
    """The upstream's own name."""
    quirks: Quirks
    context_window: int | None = None
    max_output_tokens: int | None = None
    vision: bool | None = None
    reasoning: bool | None = None
    expose_reasoning: ExposeReasoning = "auto"
    sampling: Sampling = field(factory=Sampling)
    """What holds instead of what the client asks for."""
    extra_body: Mapping[str, object] = field(factory=dict[str, object], repr=False)
    """Merged into the upstream's JSON (see `extra`)."""

    @cached_property
    def modalities(self) -> InputModalities:
        """What the model's server takes besides text."""
        quirks = self.quirks
        return InputModalities(
            vision=self.vision is not False,
            image_urls=quirks.image_urls,
            pdf=quirks.pdf,
            pdf_urls=quirks.pdf_urls,
            strict_images=quirks.strict_images,
        )
