"""An upstream's refusal, by status and text -> the one failure that the client gets.

Rules:
- The kind decides what the client does next: 400 with `prompt is too long` compacts, 529 gives up soon, 401
  would ask the user to log in (so a rejected gateway key is a 500), everything else is retried.
- The upstream's text is passed on after `[provider] `, without URLs and secrets. For rejected credentials
  nothing is passed on.
- If the upstream could not parse its own model's tool call (Groq: `tool_use_failed`), that is a malformed
  answer, not a bad request.
- An error inside a stream or in the body of a 200 is classified by the status or name in it; without one it
  is a malformed answer (502).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from gateway.errors import Kind, UpstreamFailed
from gateway.parts import StreamError
from gateway.upstreams.errors.context_overflow import context_overflow
from gateway.upstreams.errors.error_body import ErrorBody, parse_error_body, sanitized
from gateway.upstreams.errors.retry_after import retry_after_in_text
from gateway.upstreams.model_info import ModelInfo

NO_CODES: Mapping[str, int] = {}
NO_ERROR = frozenset({b"", b"null", b"false", b'""', b"{}", b"[]"})
"""Values of an `error` field that mean no error."""
_BY_STATUS = {
    402: Kind.BILLING,
    404: Kind.NOT_FOUND,
    405: Kind.UPSTREAM_REJECTS_REQUEST,
    408: Kind.UPSTREAM_TIMEOUT,
    409: Kind.UPSTREAM_UNAVAILABLE,
    413: Kind.TOO_LARGE,
    429: Kind.RATE_LIMITED,
    499: Kind.UPSTREAM_CUT,
    502: Kind.UPSTREAM_UNREACHABLE,
    503: Kind.UPSTREAM_UNAVAILABLE,
    504: Kind.UPSTREAM_TIMEOUT,
    524: Kind.UPSTREAM_TIMEOUT,
    529: Kind.UPSTREAM_OVERLOADED,
}
_BY_NAME = (
    (re.compile(r"insufficient_quota|billing|payment|insufficient.?(balance|credit)"), 402),
    (re.compile(r"rate.?limit|too_many_requests|resource_exhausted"), 429),
    (re.compile(r"overloaded"), 529),
    (re.compile(r"authentication|invalid_api_key|unauthorized|permission"), 401),
    (re.compile(r"not_?found"), 404),
    (re.compile(r"timeout"), 504),
    (re.compile(r"unavailable"), 503),
    (re.compile(r"invalid_request|bad_?request|invalid_argument|content_filter|content_policy"), 400),
    (re.compile(r"server_error|internal"), 500),
)
_BY_WORDS = (
    (
        429,
        r"insufficient_quota|exceeded your current quota|insufficient.{0,10}(balance|credit|fund)",
        Kind.BILLING,
    ),
    (
        503,
        r"overload|busy|queue (is )?full|too many (pending )?requests|maximum pending|at capacity",
        Kind.UPSTREAM_OVERLOADED,
    ),
    (503, r"loading|warming up|not ready|starting up", Kind.UPSTREAM_LOADING),
    (500, r"template|json:|jinja", Kind.UPSTREAM_REJECTS_REQUEST),
)
"""Texts that are more specific than the status. The last one is Ollama's: a retry cannot fix a template."""
PARAMETER_LENGTH = 100
"""Characters of a parameter's name that is shown. Longer ones are no names."""
_NO_TOOLS = "does not support tools"
"""Ollama's wording."""


def classify_response(
    status: int,
    body: bytes,
    pause: float | None,
    info: ModelInfo,
    estimate: int | None = None,
) -> UpstreamFailed:
    """The failure for an answer with a status other than 2xx.

    `pause`: from its headers, in seconds (see `retry_after`). `estimate`: the gateway's estimate of the
    prompt's tokens.
    """
    words = parse_error_body(body)
    kind = _kind(status, words)
    return UpstreamFailed(
        kind,
        _message(kind, status, words, info, estimate),
        upstream_status=status,
        retry_after=_seconds(pause, words),
        upstream_message=words.message,
    )


def classify_stream_error(
    body: bytes, info: ModelInfo, estimate: int | None = None, codes: Mapping[str, int] = NO_CODES
) -> StreamError:
    """The failure for an error object inside an answer.

    `codes`: the statuses of the protocol's own error codes; with such a table, every other code is a 500.
    """
    words = parse_error_body(body)
    status = words.status or codes.get(words.code) or _named(words) or (500 if codes and words.code else 200)
    kind = Kind.UPSTREAM_GARBAGE if status == 200 and not context_overflow(words) else _kind(status, words)
    return StreamError(kind, _message(kind, status, words, info, estimate), status, _seconds(None, words))


def is_error(body: bytes) -> bool:
    """Whether a payload without an answer says what went wrong."""
    return not body.lstrip().startswith(b'"') and bool(parse_error_body(body).message)


def names_error(body: bytes) -> bool:
    """Whether a payload has text and also marks it as an error."""
    words = parse_error_body(body)
    known = words.status or _named(words) or context_overflow(words)
    return bool(words.message) and bool(known or "error" in (words.type, words.fields.get("object")))


def _named(words: ErrorBody) -> int | None:
    """The status for an error's code or type."""
    for name in (words.code, words.type):
        for pattern, status in _BY_NAME:
            if name and pattern.search(name):
                return status
    return None


def _kind(status: int, words: ErrorBody) -> Kind:
    if status in (401, 403):
        return Kind.UPSTREAM_CREDENTIALS
    if context_overflow(words) and status not in (404, 429):
        return Kind.CONTEXT_OVERFLOW
    if words.code == "tool_use_failed":
        return Kind.UPSTREAM_GARBAGE
    for of, pattern, kind in _BY_WORDS:
        if status == of and re.search(pattern, words.text, re.IGNORECASE):
            return kind
    if 300 <= status < 400:
        return Kind.UPSTREAM_REJECTS_REQUEST
    return _BY_STATUS.get(status, Kind.INVALID_REQUEST if status < 500 else Kind.UPSTREAM_FAILED)


def _message(kind: Kind, status: int, words: ErrorBody, info: ModelInfo, estimate: int | None) -> str:
    text = words.message
    match kind:
        case Kind.CONTEXT_OVERFLOW if over := context_overflow(words):
            return over.message(info.context_window, estimate)
        case Kind.UPSTREAM_CREDENTIALS:
            text = f"upstream credentials rejected (status {status}): check this provider's api_key"
        case Kind.NOT_FOUND if info.model not in text and "model" not in text:
            text = f"{text or 'not found'} (model {info.model}; check this provider's base_url)"
        case Kind.INVALID_REQUEST if _NO_TOOLS in text:
            text = f'{text}: choose a model whose capabilities list "tools", or send no tools'
        case Kind.UPSTREAM_REJECTS_REQUEST if status < 500:
            text = f"answered with status {status}: check this provider's base_url"
        case _ if text:
            text = _with_parameter(words)
        case _:
            text = f"answered with status {status}" if status != 200 else "sent an error without words"
    return f"[{info.provider}] {text}"


def _with_parameter(words: ErrorBody) -> str:
    """The message, with the parameter that the error object names apart from it."""
    parameter = sanitized(words.param)
    named = not parameter or parameter in words.message or len(parameter) > PARAMETER_LENGTH
    return words.message if named else f"{words.message} (parameter: {parameter})"


def _seconds(pause: float | None, words: ErrorBody) -> int | None:
    """Whole seconds until a retry; None if neither headers nor text state it."""
    seconds = retry_after_in_text(words.message) if pause is None else pause
    return None if seconds is None else math.ceil(seconds)
