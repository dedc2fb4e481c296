"""Text and reasoning of a delta, in the shapes that different servers use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw

from gateway.upstreams.openai import response_wire as o
from gateway.upstreams.openai.wire import CallExtras
from gateway.upstreams.response.lenient import decode_lenient, text_value

_PART = msgspec.json.Decoder(o.ContentPart)
_EXTRAS = msgspec.json.Decoder(CallExtras)
_DETAIL = msgspec.json.Decoder(o.ReasoningDetail)


def reasoning_of(details: Iterable[Raw] | None) -> str:
    """The text of OpenRouter's `reasoning_details`; encrypted ones have none."""
    if not details:
        return ""
    known = (detail for raw in details if (detail := decode_lenient(_DETAIL, raw)))
    return "".join(detail.text or detail.summary or "" for detail in known)


def meaningful_details(details: Iterable[Raw]) -> tuple[Raw, ...]:
    """The `reasoning_details` (OpenRouter) that are not empty. Only details in valid UTF-8 can be kept."""
    return tuple(raw for raw in details if _is_text(raw) and _tells(decode_lenient(_DETAIL, raw)))


def _is_text(raw: Raw) -> bool:
    try:
        return bool(str(bytes(raw), "utf-8"))
    except UnicodeDecodeError:
        return False


def _tells(detail: o.ReasoningDetail | None) -> bool:
    return detail is not None and bool(detail.text or detail.summary or detail.signature or detail.data)


def signature_of(extra_content: Raw) -> str:
    """Gemini's signature of a call; empty if it has none."""
    try:
        return _EXTRAS.decode(extra_content).google.thought_signature
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def passages_of(content: Iterable[Raw]) -> Iterator[tuple[str, bool]]:
    """A list of parts (Mistral) -> each text, and whether it is reasoning."""
    for raw in content:
        part = decode_lenient(_PART, raw) or o.ContentPart(
            text=text_value(raw) if bytes(raw).startswith(b'"') else None
        )
        if isinstance(part.thinking, str):
            yield part.thinking, True
        elif part.thinking is not None:
            parts = (inner for raw in part.thinking if (inner := decode_lenient(_PART, raw)))
            yield "".join(inner.text or "" for inner in parts), True
        if part.text:
            yield part.text, False
