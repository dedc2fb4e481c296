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
    assert signatures.replayed_reasoning(signed("plan", p="vllm"), "vllm").text == "plan"


def test_text_in_the_signature_is_replayed_where_the_block_has_none():
    hidden = signed(p="vllm", t=packed(deflated("plän " * 100)))
    assert signatures.replayed_reasoning(hidden, "vllm").text == "plän " * 100


def test_item_goes_back_with_the_text_as_its_summary():
    block = signed("plan", p="responses", id="rs_1", enc="ENC")
    assert signatures.replayed_reasoning(block, "responses") == signatures.Replay("plan", "rs_1", "ENC")


def test_other_family_gets_nothing():
    assert signatures.replayed_reasoning(signed("plan", p="openai"), "vllm").text == ""


@pytest.mark.parametrize(
    "signature",
    ["", "EqQBCgAbc", "gw1:", "gw1:!!!", "gw1:é", "gw1:eyJw", "gw1:W10", "gw1:A", "gw2:eyJwIjoidmxsbSJ9"],
)
def test_foreign_or_broken_signature_is_dropped(signature: str):
    assert signatures.replayed_reasoning(a.ThinkingBlock("plan", signature), "vllm").text == ""


def test_broken_text_in_the_signature_is_dropped():
    whole = deflated("plan")
    for data in (b"\xff\xff", whole[:-2], deflated("x")[:1]):
        assert signatures.replayed_reasoning(signed(p="vllm", t=packed(data)), "vllm").text == ""


def test_signature_that_inflates_without_end_is_dropped():
    bomb = signed(p="vllm", t=packed(deflated("a" * (signatures.LONGEST + 1))))
    assert signatures.replayed_reasoning(bomb, "vllm").text == ""


def test_details_go_back_in_place_of_the_hidden_text():
    signature = signatures.sign({"p": "openrouter"}, "plan", b'[{"data":"x","n":1.0}]')
    replay = signatures.replayed_reasoning(a.ThinkingBlock("", signature), "openrouter")
    assert (replay.text, [bytes(detail) for detail in replay.details]) == ("", [b'{"data":"x","n":1.0}'])
    assert signatures.replayed_reasoning(a.ThinkingBlock("", signature), "vllm") == signatures.NO_REPLAY


def test_details_without_end_are_left_out_and_the_text_kept():
    signature = signatures.sign({"p": "openrouter"}, "plan", b"[" + b" " * signatures.LONGEST + b"]")
    assert signatures.replayed_reasoning(a.ThinkingBlock("", signature), "openrouter") == signatures.Replay(
        "plan"
    )


@pytest.mark.parametrize("details", ["[", "{}", "7", '["\udcff"]', "[" * 100_000])
def test_broken_details_are_dropped(details: str):
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = stream.compress(details.encode(errors="surrogateescape")) + stream.flush()
    assert signatures.replayed_reasoning(signed("plan", p="x", d=packed(data)), "x") == signatures.NO_REPLAY
