"""gateway/anthropic/signatures.py, the way out; and that what goes out comes back.."""

import json
import zlib
from base64 import urlsafe_b64decode

from gateway.anthropic import wire as a
from gateway.anthropic.signatures import replayed, sign


def opened(signature: str) -> dict:
    text = signature.removeprefix("gw1:")
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_signature_is_the_state_in_base64url_without_padding():
    assert sign({"p": "v"}) == "gw1:eyJwIjoidiJ9"


def test_hidden_text_travels_deflated():
    state = opened(sign({"p": "vllm"}, "hidden " * 1000))
    squeezed = urlsafe_b64decode(state["t"] + "=" * (-len(state["t"]) % 4))
    assert zlib.decompress(squeezed, -15).decode() == "hidden " * 1000
    assert state["p"] == "vllm"


def test_what_is_signed_is_replayed_to_the_same_family_only():
    block = a.ThinkingBlock("", sign({"p": "vllm"}, "plan é"))
    assert replayed(block, "vllm") == "plan é"
    assert replayed(block, "ollama") == ""
