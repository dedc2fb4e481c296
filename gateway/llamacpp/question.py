"""One streamed question, sent like the Anthropic SDK: same path, headers and body.

Rules:
- Text is passed on as it arrives, one call per event.
- An error, before or inside the stream, and a truncated stream are failures with the server's message
  (`test_error_inside_the_stream_is_a_failure`, `test_cut_stream_is_a_failure`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import msgspec
from attrs import define, frozen

from gateway.llamacpp import CannotRun

_TIMEOUT = httpx.Timeout(10, read=300)


@frozen
class DemoQuestion:
    text: str
    model: str
    max_tokens: int = 160


@define
class DemoAnswer:
    """Seconds are counted from sending the request."""

    text: str = ""
    first_token: float = 0.0
    seconds: float = 0.0
    output_tokens: int = 0
    complete: bool = False


def ask_gateway(base_url: str, key: str, question: DemoQuestion, show: Callable[[str], None]) -> DemoAnswer:
    """The answer, shown while it arrives. Raises CannotRun with the server's message."""
    body = {
        "model": question.model,
        "max_tokens": question.max_tokens,
        "messages": [{"role": "user", "content": question.text}],
        "stream": True,
    }
    headers = {
        "accept": "text/event-stream",
        "anthropic-version": "2026-10-21",
        "authorization": f"Bearer {key}",
    }
    began = time.monotonic()
    try:
        # The environment's proxy is not used for an address on this machine.
        with (
            httpx.Client(timeout=_TIMEOUT, trust_env=False) as client,
            client.stream("POST", f"{base_url}/v1/messages", json=body, headers=headers) as response,
        ):
            if response.is_error:
                raise CannotRun(f"The gateway answered {response.status_code}: {response.read().decode()}")
            return read_answer(response.iter_lines(), began, show)
    except httpx.HTTPError as error:
        raise CannotRun(f"The gateway did not answer: {error or type(error).__name__}") from error


def read_answer(lines: Iterable[str], began: float, show: Callable[[str], None]) -> DemoAnswer:
    """The lines of a server-sent event stream -> the answer. `began` is on the monotonic clock."""
    answer = DemoAnswer()
    for line in lines:
        if line.startswith("data:"):
            piece = _take(msgspec.json.decode(line[5:]), answer)
            if piece and not answer.text:
                answer.first_token = time.monotonic() - began
            answer.text += piece
            if piece:
                show(piece)
    answer.seconds = time.monotonic() - began
    if not answer.complete:
        raise CannotRun("The answer broke off.")
    return answer


def _take(event: dict[str, Any], answer: DemoAnswer) -> str:
    match event:
        case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
            return text
        case {"type": "message_delta", "usage": {"output_tokens": int(tokens)}}:
            answer.output_tokens = tokens
        case {"type": "message_stop"}:
            answer.complete = True
        case {"type": "error", "error": {"message": message}}:
            raise CannotRun(f"The gateway broke off with an error: {message}")
        case _:
            pass
    return ""
