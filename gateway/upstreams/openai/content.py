"""What a delta says, in the shapes different servers give it -> text and reasoning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw

from gateway.upstreams.openai import wire as o

_PART = msgspec.json.Decoder(o.ContentPart)
_EXTRAS = msgspec.json.Decoder(o.CallExtras)
_DETAIL = msgspec.json.Decoder(o.ReasoningDetail)


def reasoning_of(details: Iterable[Raw] | None) -> str:
    """The text of OpenRouter's `reasoning_details`; encrypted ones have none."""
    if not details:
        return ""
    read = (_DETAIL.decode(raw) for raw in details)
    return "".join(detail.text or detail.summary or "" for detail in read)


def telling(details: Iterable[Raw]) -> tuple[Raw, ...]:
    """Those of OpenRouter's `reasoning_details` that hold anything. To be kept, all of it must be UTF-8."""
    return tuple(raw for raw in details if _tells(_DETAIL.decode(str(bytes(raw), "utf-8"))))


def _tells(detail: o.ReasoningDetail) -> bool:
    return bool(detail.text or detail.summary or detail.signature or detail.data)


def signature_of(extra_content: Raw) -> str:
    """Gemini's signature of a call; empty if it has none."""
    try:
        return _EXTRAS.decode(extra_content).google.thought_signature
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def passages_of(content: Iterable[Raw]) -> Iterator[tuple[str, bool]]:
    """A list of parts (Mistral) -> each text, and whether it is reasoning."""
    for raw in content:
        part = _PART.decode(raw)
        if isinstance(part.thinking, str):
            yield part.thinking, True
        elif part.thinking is not None:
            yield "".join(_PART.decode(inner).text or "" for inner in part.thinking), True
        if part.text:
            yield part.text, False
