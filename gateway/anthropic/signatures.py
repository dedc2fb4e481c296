"""Encodes reasoning in the signature of its thinking block, and decodes it again.

    gw1:eyJwIjoidmxsbSJ9      `gw1:` + base64url of {"p":"vllm"}, without padding

Rules:
- Only signatures in the gateway's own form are read. `p` is the replay family; reasoning is sent back only to
  the family it came from. Foreign or malformed signatures are dropped, never refused.
- `c` signs the call that follows the block, for servers that require it when a call is sent back (Gemini).
- `id` and `enc` are the reasoning item, for servers that take it back only unchanged.
- The text is the block's own, or, if the client was sent none, the one in the signature: `t`, base64url of
  raw deflate, inflated to at most `LONGEST` bytes.
- `d` is packed the same way: the JSON array of the reasoning's details (OpenRouter), which contain its text
  too.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping

import msgspec
from msgspec import Raw

from gateway.anthropic import wire as a

PREFIX = "gw1:"
LONGEST = 4 * 1024 * 1024
"""Bytes. No model's reasoning is longer; a signature that inflates further was not written by the gateway."""


class _State(msgspec.Struct, frozen=True):
    p: str = ""
    t: str = ""
    d: str = ""
    id: str = ""
    enc: str = ""
    c: str = ""


class Replay(msgspec.Struct, frozen=True):
    """The replayable content of one thinking block.

    `id` and `encrypted` are empty if its server sent no item. `call` is the signature of the next call.
    """

    text: str = ""
    id: str = ""
    encrypted: str = ""
    details: tuple[Raw, ...] = ()
    call: str = ""


NO_REPLAY = Replay()
_STATE = msgspec.json.Decoder(_State)
_DETAILS = msgspec.json.Decoder(tuple[Raw, ...])


def sign(state: Mapping[str, str], hidden_text: str = "", details: bytes = b"") -> str:
    """The signature of a block; `hidden_text` is the reasoning that the client must not see.

    `details`: a JSON array; one that is too long to be read again is left out.
    """
    content = dict(state)
    if 0 < len(details) <= LONGEST:
        content["d"] = _pack(_deflate(details))
    elif hidden_text:
        content["t"] = _pack(_deflate(hidden_text.encode()))
    return PREFIX + _pack(msgspec.json.encode(content))


def replayed_reasoning(block: a.ThinkingBlock, family: str) -> Replay:
    """The reasoning to send to an upstream of `family`; empty if there is none for it."""
    if not block.signature.startswith(PREFIX):
        return NO_REPLAY
    try:
        state = _STATE.decode(_unpack(block.signature[len(PREFIX) :]))
        if state.p != family:
            return NO_REPLAY
        details = _DETAILS.decode(_inflate(state.d)) if state.d else ()
        return Replay(block.thinking or _inflate(state.t), state.id, state.enc, details, state.c)
    except (msgspec.MsgspecError, ValueError, Base64Error, zlib.error, RecursionError):
        return NO_REPLAY


def _pack(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _unpack(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _deflate(data: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezer.compress(data) + squeezer.flush()


def _inflate(text: str) -> str:
    if not text:
        return ""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    data = stream.decompress(_unpack(text), LONGEST)
    return data.decode() if stream.eof else ""
