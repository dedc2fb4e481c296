"""What a translator knows about a model decides what its server takes besides text."""

from typing import Any

import pytest
from attrs import evolve

from gateway.anthropic.conversation.content_parts import InputModalities
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo


@pytest.mark.parametrize(
    ("vision", "quirks", "modalities"),
    [
        (None, {}, InputModalities(vision=True)),
        (True, {}, InputModalities(vision=True)),
        (False, {}, InputModalities(vision=False)),
        (
            False,
            {"image_urls": True, "pdf": True, "pdf_urls": True, "strict_images": True},
            InputModalities(vision=False, image_urls=True, pdf=True, pdf_urls=True, strict_images=True),
        ),
    ],
)
def test_modalities_are_those_of_model_and_server(
    vision: bool | None, quirks: dict[str, Any], modalities: InputModalities
):
    assert ModelInfo("p", "m", evolve(PLAIN, **quirks), vision=vision).modalities == modalities


def test_extra_body_is_not_shown():
    info = ModelInfo("p", "m", PLAIN, extra_body={"token": "secret"})
    assert "secret" not in repr(info)
