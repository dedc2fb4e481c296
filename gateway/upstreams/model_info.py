"""Facts about the model of a request, for the translators."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from attrs import field, frozen

from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.settings.models import ExposeReasoning, Sampling
from gateway.settings.quirks import Quirks


@frozen
class ModelInfo:
    """Facts about a model, for the translators. None means unknown."""

    provider: str
    """The provider's name in the YAML; it prefixes the provider's text in errors."""
    model: str
    """The model name that the upstream uses."""
    quirks: Quirks
    context_window: int | None = None
    max_output_tokens: int | None = None
    vision: bool | None = None
    reasoning: bool | None = None
    expose_reasoning: ExposeReasoning = "auto"
    sampling: Sampling = field(factory=Sampling)
    """Sampling parameters that override the client's."""
    extra_body: Mapping[str, object] = field(factory=dict[str, object], repr=False)
    """Merged into the upstream's JSON (see `extra_body`)."""

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
