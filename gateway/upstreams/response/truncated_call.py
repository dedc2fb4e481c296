"""Errors that mean that `max_tokens` truncated a tool call, which the server could then not parse.

If Ollama runs a model by its own template, a call that `max_tokens` cut inside its arguments is a 500, or an
error in the stream:

    llama-server returned invalid tool call arguments for "get_weather": unexpected end of JSON input

Rules:
- The answer ends with `max_tokens`, with its content so far and without the call: clients retry an error, and
  would get the same one each time.
- Arguments that are malformed in another way are the model's error, and reported as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import define

from gateway.parts import Finish, FinishReason, Notice, Part, StreamError
from gateway.upstreams.errors.classify import NO_CODES, classify_stream_error
from gateway.upstreams.errors.error_body import parse_error_body
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.upstream_request import ResponseOptions, UpstreamRequest

_CUT = re.compile(r"invalid tool call arguments for .{0,300}: unexpected end of JSON input", re.IGNORECASE)
_MARK = b"unexpected end of JSON input"
LIMITED: tuple[Notice, Finish] = (
    Notice("dropped.tool_call", "max_tokens cut its arguments"),
    Finish(FinishReason.LENGTH),
)


def is_truncated_call(error: bytes) -> bool:
    """`error`: the body of an error response, or the error object in an answer."""
    return _MARK in error and _CUT.search(parse_error_body(error).message) is not None


def failed(
    error: bytes, info: ModelInfo, options: ResponseOptions, codes: Mapping[str, int] = NO_CODES
) -> tuple[Part, ...]:
    """The part for an error object in an answer: an error, or the answer's end."""
    return (
        LIMITED
        if is_truncated_call(error)
        else (classify_stream_error(error, info, options.prompt_tokens, codes),)
    )


def is_end(parts: tuple[Part, ...]) -> bool:
    return not isinstance(parts[-1], StreamError)


@define
class TruncatedAttempt:
    """The answer of a server that refused a request although its model had begun to answer it."""

    request: UpstreamRequest
    has_data: bool = True
    _read: bool = False

    async def read(self) -> list[Part] | None:
        if self._read:
            return None
        self._read = True
        return [*LIMITED]

    async def close(self) -> None:
        """Nothing to do: the connection was already released."""
