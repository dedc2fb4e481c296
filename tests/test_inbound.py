"""How large a prompt is taken to be before it is sent."""

import json

from gateway.anthropic.conversation.image_size import IMAGE_TOKENS
from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import FILE_BYTES, Inbound


def estimate(*blocks: dict) -> int:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": list(blocks)}]}).encode()
    return Inbound("r", body, {}, decode_request(body)).estimated_tokens


def result(*blocks: dict) -> dict:
    return {"type": "tool_result", "tool_use_id": "t", "content": list(blocks)}


def image(size: int) -> dict:
    source = {"type": "base64", "media_type": "image/png", "data": "A" * size}
    return {"type": "image", "source": source}


def pdf(size: int) -> dict:
    source = {"type": "base64", "media_type": "application/pdf", "data": "A" * size}
    return {"type": "document", "source": source}


def test_text_weighs_a_token_for_four_bytes():
    assert abs(estimate({"type": "text", "text": "word" * 1000}) - 1000) < 50


def test_a_picture_weighs_the_same_whatever_its_size():
    for block in (image(10), image(1_000_000), result(image(1_000_000))):
        assert abs(estimate(block) - IMAGE_TOKENS) < 80


def test_a_pdf_weighs_by_its_pages_and_not_by_its_bytes():
    for block in (pdf(10 * FILE_BYTES), result(pdf(10 * FILE_BYTES))):
        assert abs(estimate(block) - 10 * IMAGE_TOKENS) < 80
    assert abs(estimate(pdf(100)) - IMAGE_TOKENS) < 80


def test_a_document_of_text_weighs_as_text():
    source = {"type": "text", "media_type": "text/plain", "data": "word" * 10_000}
    assert estimate({"type": "document", "source": source}) > 9_900
