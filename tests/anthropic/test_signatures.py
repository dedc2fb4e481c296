"""Reasoning goes back only where it came from."""

import json
import zlib
from base64 import urlsafe_b64encode

import pytest

from gateway.anthropic import signatures
from gateway.anthropic import wire as a


def packed(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def deflated(text: str) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(text.encode()) + stream.flush()


def signed(text: str = "", **state: str) -> a.ThinkingBlock:
    return a.ThinkingBlock(text, "gw1:" + packed(json.dumps(state, separators=(",", ":")).encode()))


def test_text_of_the_block_is_replayed_to_its_family():
    assert signatures.replayed(signed("plan", p="vllm"), "vllm").text == "plan"


def test_text_in_the_signature_is_replayed_where_the_block_has_none():
    hidden = signed(p="vllm", t=packed(deflated("plän " * 100)))
    assert signatures.replayed(hidden, "vllm").text == "plän " * 100


def test_item_goes_back_with_the_text_as_its_summary():
    block = signed("plan", p="responses", id="rs_1", enc="ENC")
    assert signatures.replayed(block, "responses") == signatures.Replay("plan", "rs_1", "ENC")


def test_other_family_gets_nothing():
    assert signatures.replayed(signed("plan", p="openai"), "vllm").text == ""


@pytest.mark.parametrize(
    "signature",
    ["", "EqQBCgAbc", "gw1:", "gw1:!!!", "gw1:é", "gw1:eyJw", "gw1:W10", "gw1:A", "gw2:eyJwIjoidmxsbSJ9"],
)
def test_foreign_or_broken_signature_is_dropped(signature: str):
    assert signatures.replayed(a.ThinkingBlock("plan", signature), "vllm").text == ""


def test_broken_text_in_the_signature_is_dropped():
    whole = deflated("plan")
    for data in (b"\xff\xff", whole[:-2], deflated("x")[:1]):
        assert signatures.replayed(signed(p="vllm", t=packed(data)), "vllm").text == ""


def test_signature_that_inflates_without_end_is_dropped():
    bomb = signed(p="vllm", t=packed(deflated("a" * (signatures.LONGEST + 1))))
    assert signatures.replayed(bomb, "vllm").text == ""
