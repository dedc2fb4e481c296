"""A record with everything in it, and what is logged while a test runs."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.parts import Notice
from gateway.telemetry import RequestRecord


@pytest.fixture
def record() -> RequestRecord:
    return RequestRecord(
        request_id="req_011",
        session="5f8c",
        agent="a1",
        client="alice",
        requested_model="claude-sonnet-4-5",
        route="routes[0] (small jobs)",
        provider="local",
        model="qwen3-coder:30b",
        stream=True,
        status=200,
        stop_reason="end_turn",
        input_tokens=1200,
        output_tokens=85,
        cache_read_tokens=1000,
        cache_write_tokens=7,
        estimated=True,
        first_token=0.31249,
        duration=2.10449,
        attempts=2,
        notices=(Notice("dropped", "top_k"), Notice("repaired_json"), Notice("dropped", "logprobs")),
    )


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream for `configure_logging`; afterwards logging is as it was before."""
    root = logging.getLogger()
    handlers, level, disabled = list(root.handlers), root.level, logging.getLogger("uvicorn.access").disabled
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = disabled
    structlog.reset_defaults()
