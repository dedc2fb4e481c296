"""The request line, and what else is logged."""

import io
import json
import logging
import re

import pytest
import structlog
from attrs import evolve

from gateway.errors import Kind
from gateway.telemetry import RequestRecord, configure_logging
from gateway.telemetry.log import log_request


def test_a_request_is_one_json_line(record: RequestRecord, out: io.StringIO):
    configure_logging("info", "json", out)
    log_request(record)
    (line,) = out.getvalue().splitlines()
    fields = json.loads(line)
    assert list(fields)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", fields.pop("timestamp"))
    assert fields == {
        "level": "info",
        "event": "request",
        "method": "POST",
        "path": "/v1/messages",
        "status": 200,
        "model": "claude-sonnet-4-5",
        "route": "routes[0] (small jobs)",
        "to": "local/qwen3-coder:30b",
        "stream": True,
        "stop": "end_turn",
        "in": 1200,
        "out": 85,
        "cache_read": 1000,
        "cache_write": 7,
        "estimated": True,
        "ttft": 0.312,
        "time": 2.104,
        "attempts": 2,
        "notices": ["dropped*2", "repaired_json"],
        "id": "req_011",
        "session": "5f8c",
        "agent": "a1",
        "client": "alice",
    }


def test_a_request_is_one_text_line(record: RequestRecord, out: io.StringIO):
    configure_logging("info", "text", out)
    log_request(record)
    line = out.getvalue()
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info request method=POST path=/v1/messages status=200 ", line
    )
    assert ' model=claude-sonnet-4-5 route="routes[0] (small jobs)" to=local/qwen3-coder:30b ' in line
    assert " stream=yes stop=end_turn in=1200 " in line
    assert " notices=dropped*2,repaired_json " in line
    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_fields_that_say_nothing_are_left_out(out: io.StringIO):
    configure_logging("info", "text", out)
    log_request(RequestRecord("req_1", duration=0.5))
    assert out.getvalue().endswith(
        " info request method=POST path=/v1/messages status=200 time=0.5 id=req_1\n"
    )


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_client_input_cannot_forge_a_line(record: RequestRecord, out: io.StringIO, log_format):
    configure_logging("info", log_format, out)
    evil = "x\n2026-01-01 info forged\x1b[31m\u009b31m status=200"
    log_request(evolve(record, requested_model=evil, path=evil, session=evil, method=evil))
    line = out.getvalue()
    assert line.count("\n") == 1
    assert line.isascii()
    assert "\x1b" not in line
    assert line.count(" status=200 ") == (1 if log_format == "text" else 0)


def test_client_input_is_cut(record: RequestRecord, out: io.StringIO):
    configure_logging("info", "json", out)
    log_request(evolve(record, requested_model="m" * 10_000))
    assert json.loads(out.getvalue())["model"] == "m" * 200 + "…"


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (None, "info"),
        (Kind.RATE_LIMITED, "warning"),
        (Kind.UPSTREAM_CUT, "warning"),
        (Kind.INTERNAL, "error"),
    ],
)
def test_failures_are_louder(record: RequestRecord, out: io.StringIO, error, level):
    configure_logging("info", "json", out)
    log_request(evolve(record, error=error))
    fields = json.loads(out.getvalue())
    assert (fields["level"], fields.get("error")) == (level, error and error.value)


def test_the_level_holds(record: RequestRecord, out: io.StringIO):
    configure_logging("warning", "json", out)
    log_request(record)
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("gateway.exchange.exchange").info("anything")
    assert out.getvalue() == ""


def test_details_of_notices_are_debug_lines(record: RequestRecord, out: io.StringIO):
    configure_logging("debug", "json", out)
    log_request(record)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["name"], line["detail"], line["id"]) for line in lines[1:]] == [
        ("dropped", "top_k", "req_011"),
        ("repaired_json", "", "req_011"),
        ("dropped", "logprobs", "req_011"),
    ]


def test_the_standard_library_logs_in_the_same_format(out: io.StringIO):
    configure_logging("info", "text", out)
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    logging.getLogger("gateway.tokens.counter").warning("two\nlines")
    first, second = out.getvalue().splitlines()
    assert first.endswith(" info Started server process [7]")
    assert second.endswith(r' warning "two\nlines"')


def test_libraries_are_quiet_below_warning(out: io.StringIO):
    configure_logging("info", "json", out)
    logging.getLogger("httpx").info("HTTP Request: POST http://127.0.0.1/")
    logging.getLogger("uvicorn.access").info("127.0.0.1 - GET /")
    assert out.getvalue() == ""
    logging.getLogger("asyncio").warning("slow callback")
    assert json.loads(out.getvalue())["event"] == "slow callback"


def test_configuring_again_replaces(out: io.StringIO):
    first = io.StringIO()
    configure_logging("info", "json", first)
    configure_logging("info", "json", out)
    logging.getLogger("uvicorn").info("once")
    structlog.get_logger().info("once")
    assert first.getvalue() == ""
    assert len(out.getvalue().splitlines()) == 2


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("get_logger", [structlog.get_logger, lambda: logging.getLogger("gateway")])
def test_tracebacks_show_no_values(out: io.StringIO, log_format, get_logger):
    def fail(password: str) -> None:
        raise RuntimeError(f"broken after {len(password)} letters")

    configure_logging("info", log_format, out)
    try:
        fail("hunter2")
    except RuntimeError:
        get_logger().exception("failed")
    assert "RuntimeError: broken after 7 letters" in out.getvalue()
    assert "password)} letters" in out.getvalue()
    assert out.getvalue().count("hunter2") == 1, "the source line, and nothing else"
