"""The signature of a thinking block: what must come back for the reasoning to be replayed.

    gw1:eyJwIjoidmxsbSJ9      `gw1:` + base64url of {"p":"vllm"}, without padding

`p` is the replay family of the upstream that reasoned. `t`, where the client was not shown the text, is
base64url of the raw deflate of it. Clients store signatures and send them back unchanged.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping

import msgspec

PREFIX = "gw1:"


def sign(state: Mapping[str, str], hidden_text: str = "") -> str:
    """`hidden_text` is what to carry besides the state; empty: nothing."""
    content = dict(state)
    if hidden_text:
        content["t"] = _base64(_deflate(hidden_text.encode()))
    return PREFIX + _base64(msgspec.json.encode(content))


def _deflate(data: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezer.compress(data) + squeezer.flush()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
