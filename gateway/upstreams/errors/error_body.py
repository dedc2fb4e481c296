"""The body of an error response, in any of the shapes servers use -> its message, code, type and status.

    {"error": {"message", "type", "code", "param"}}      OpenAI, vLLM, llama.cpp, OpenRouter
    [{"error": {...}}]                                   Gemini
    {"error": "text"}                                    Ollama; the text may be llama-server's JSON again
    {"object": "error", "message", "type", "code"}       older vLLM, Mistral
    {"detail": "text" | [{"loc", "msg"}]}                FastAPI
    {"errors": [{"message"}]}                            Cloudflare, GraphQL
    {"error": "code", "error_description": "text"}       OAuth, from a proxy
    "text", ["text"]                                     as JSON
    text, HTML                                           a proxy before the server

Rules:
- Nothing a user must not see is kept: the request's own secrets, URLs, keys and tokens are redacted before
  long texts are cut.
- A body that cannot be parsed has no message; that is not an error.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from attrs import field, frozen

from gateway.upstreams.http.redaction import redacted

LONGEST = 2_000
"""Characters of an upstream's message that are passed on."""

Json = Mapping[str, Any]


@frozen
class ErrorBody:
    """`message` is safe to show. `code` and `type` are lower-case; `status` is a number among them."""

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    status: int | None = None
    fields: Json = field(factory=dict[str, Any])
    """The error object itself, for its numbers."""

    @property
    def text(self) -> str:
        """All text by which an error can be recognised."""
        return f"{self.message} {self.type} {self.code}"


def parse_error_body(body: bytes) -> ErrorBody:
    """Parse `body`. Never raises."""
    text = body.decode("utf-8-sig", "replace").strip()
    try:
        return _from_json(json.loads(text), 0)
    except (ValueError, RecursionError):
        return ErrorBody(message=sanitized(_strip_html(text)))


def sanitized(text: str) -> str:
    """`text` without secrets and URLs, on one line, of bounded length."""
    text = redacted(text)
    for pattern, instead in _REDACTIONS:
        text = pattern.sub(instead, text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


_REDACTIONS = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>)\]]+", re.IGNORECASE), "[url]"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 [hidden]"),
    (re.compile(r"\b(sk|pk|rk|gsk|xai|hf|nvapi|tgp|fw|r8|glpat|ghp|key)[-_][\w*.-]{6,}"), "[hidden]"),
    (re.compile(r"\bAIza[\w-]{10,}"), "[hidden]"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "[hidden]"),
    (
        re.compile(
            r"(api[-_ ]?key|token|secret|password)([\"']?\s*[:=]\s*[\"']?)[^\s\"',}]{6,}", re.IGNORECASE
        ),
        r"\1\2[hidden]",
    ),
)


def _from_json(value: object, depth: int) -> ErrorBody:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return _from_json(items[0], depth) if items else ErrorBody()
    if isinstance(value, str):
        return ErrorBody(message=sanitized(value))
    if not isinstance(value, dict):
        return ErrorBody()
    fields = cast("Json", value)
    error, details = fields.get("error") or fields.get("errors"), fields.get("detail")
    if isinstance(error, dict):
        return _from_error(cast("Json", error), _number(fields.get("status")), depth)
    if isinstance(error, str):
        return _from_text(error, fields, depth)
    if isinstance(error, list):
        return _from_json(cast("object", error), depth)
    if isinstance(details, list):
        return ErrorBody(
            message=sanitized("; ".join(_detail(detail) for detail in cast("list[object]", details)))
        )
    return _from_error(fields, None, depth)


def _from_text(error: str, fields: Json, depth: int) -> ErrorBody:
    """`error` is a text; Java servers and OAuth put a better text in another field."""
    if nested := _nested(error, depth):
        return nested
    more = fields.get("message") or fields.get("error_description")
    text = f"{error}: {more}" if isinstance(more, str) and more else error
    return ErrorBody(message=sanitized(text), status=_number(fields.get("status")))


def _from_error(error: Json, status: int | None, depth: int) -> ErrorBody:
    message = next((value for name in _SAYING if (value := error.get(name))), "")
    if isinstance(message, dict | list):
        inner = _from_json(cast("object", message), depth + 1) if depth < _DEEPEST else ErrorBody()
        message = inner.message or json.dumps(message)
    else:
        inner = _nested(_raw(error), depth) or _nested(str(message), depth) or ErrorBody()
    return ErrorBody(
        message=inner.message or sanitized(str(message)),
        code=inner.code or _name(error.get("code")),
        type=inner.type or _name(error.get("type")),
        param=inner.param or _text(error.get("param")),
        status=_first(_number(error.get("code")), _number(error.get("status")), status, inner.status),
        fields=inner.fields or error,
    )


_DEEPEST = 3
_SAYING = ("message", "detail", "msg", "error_description")


def _nested(text: str, depth: int) -> ErrorBody | None:
    """An error inside the message: proxies wrap the error of their own upstream."""
    start = text.find("{")
    if start < 0 or depth >= _DEEPEST:
        return None
    try:
        words = _from_json(json.loads(text[start:]), depth + 1)
    except (ValueError, RecursionError):
        return None
    return words if words.message else None


def _raw(error: Json) -> str:
    """OpenRouter's copy of the error of the provider behind it."""
    metadata = error.get("metadata")
    raw = cast("Json", metadata).get("raw") if isinstance(metadata, dict) else None
    return raw if isinstance(raw, str) else ""


def _detail(detail: object) -> str:
    if not isinstance(detail, dict):
        return str(detail)
    entry = cast("Json", detail)
    place = ".".join(str(step) for step in cast("list[object]", entry.get("loc") or []) if step != "body")
    message = str(entry.get("msg") or "")
    return f"{place}: {message}" if place else message


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _name(value: object) -> str:
    return value.lower() if isinstance(value, str) and not value.isdigit() else ""


def _number(value: object) -> int | None:
    """An HTTP status, if `value` is one."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 400 <= value < 600:
        return int(value)
    return None


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _strip_html(text: str) -> str:
    """The title of a page, or its text."""
    if not text.startswith("<"):
        return text
    title = re.search(r"<title[^>]*>(.*?)</title>", text[:20_000], re.IGNORECASE | re.DOTALL)
    inner = (
        title[1] if title else re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text[:20_000], flags=re.DOTALL)
    )
    return "a web page: " + sanitized(html.unescape(inner))[:200]
