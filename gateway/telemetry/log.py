"""Log lines: `RequestRecord` -> one line, and one format for all loggers, including libraries.

Rules:
- A request is one line named `request`, with the fields of `request_fields`; empty ones are left out.
- Client input (model, path, session) can neither break a line nor colour a terminal
  (`test_client_input_cannot_forge_a_line`), and is cut at 200 characters.
- Tracebacks show no values of variables: they may be secrets (`test_tracebacks_show_no_values`).
- uvicorn writes no access log, and HTTP libraries no line per upstream request: the request line covers both
  (`test_libraries_are_quiet_below_warning`).
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TextIO, cast

import structlog
from attrs import frozen
from structlog.processors import JSONRenderer, TimeStamper, add_log_level, format_exc_info
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from gateway.errors import Kind
from gateway.parts import Notice
from gateway.settings.server import LogFormat, LogLevel
from gateway.telemetry.background import BackgroundStream
from gateway.telemetry.record import RequestRecord

LONGEST = 200
"""Characters of client input that a line shows."""
WHY = 400
"""Characters of an error that a line shows."""


def log_request(record: RequestRecord) -> None:
    """One line at info; at warning if the request failed, at error if that was the gateway's own fault."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    logger.log(_level(record), "request", **request_fields(record))
    for notice in record.notices:
        logger.debug("notice", name=notice.name, detail=_cut(notice.detail), id=record.request_id)


def request_fields(record: RequestRecord) -> dict[str, object]:
    """The fields of the line, in order. `ttft` (time to first token) and `time` are seconds."""
    fields: dict[str, object] = {
        "method": _cut(record.method),
        "path": _cut(record.path),
        "status": record.status,
        "error": record.error and record.error.value,
        "why": _cut(record.why, WHY),
        "upstream_status": record.upstream_status,
        "client_gone": record.client_gone,
        "model": _cut(record.requested_model),
        "route": record.route,
        "to": record.provider and f"{record.provider}/{record.model}",
        "stream": record.stream,
        "stop": record.stop_reason,
        "in": record.input_tokens,
        "out": record.output_tokens,
        "cache_read": record.cache_read_tokens,
        "cache_write": record.cache_write_tokens,
        "estimated": record.estimated,
        "ttft": record.first_token and round(record.first_token, 3),
        "time": round(record.duration, 3),
        "attempts": record.attempts if record.attempts > 1 else 0,
        "notices": _names(record.notices),
        "id": record.request_id,
        "session": _cut(record.session),
        "agent": _cut(record.agent),
        "client": record.client,
    }
    return {name: value for name, value in fields.items() if value}


def _level(record: RequestRecord) -> int:
    if record.error is Kind.INTERNAL:
        return logging.ERROR
    return logging.WARNING if record.error else logging.INFO


def _names(notices: Iterable[Notice]) -> list[str]:
    counted = Counter(notice.name for notice in notices)
    return [name if times == 1 else f"{name}*{times}" for name, times in counted.items()]


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


def configure_logging(level: LogLevel, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's logs to `stream` (stderr) in one format.

    Run uvicorn with `log_config=None`. May be called again; the last call counts.
    """
    out = stream or cast("TextIO | None", _background) or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    stamped: list[Processor] = [add_log_level, _stamper(log_format)]
    rendered = _renderers(log_format, colors=out.isatty())
    # One for all: structlog's factory makes one, and a lock with it, for each line.
    writer = structlog.WriteLogger(out)
    structlog.configure(
        processors=[*stamped, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: writer,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=stamped, processors=[ProcessorFormatter.remove_processors_meta, *rendered]
        )
    )
    if _background is not None:
        _background.format_lost = partial(_loss_line, stamped, rendered)
    _take_over(handler, number)


def write_in_background(dropped: Callable[[], None]) -> None:
    """From now on a thread writes the log to stderr. `dropped` is called for each line that is lost because
    the reader stalls. Call it once per process, before `configure_logging`."""
    global _background
    _background = _background or BackgroundStream(sys.stderr, lambda _: "", dropped)


def finish_writing() -> None:
    """Wait a limited time until the thread has written all lines so far."""
    if _background is not None:
        _background.finish()


_background: BackgroundStream | None = None


def _loss_line(stamped: Sequence[Processor], rendered: Sequence[Processor], count: int) -> str:
    event: Any = {"event": "log lines were dropped: their reader did not keep up", "count": count}
    for processor in (*stamped, *rendered):
        event = processor(None, "warning", event)
    return f"{event}\n"


def _take_over(handler: logging.Handler, level: int) -> None:
    """Route the standard library's loggers here: the server's and the gateway's at `level`, others from
    warning on."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    for name in ("gateway", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True


def _stamper(log_format: LogFormat) -> Processor:
    return TimeStamper(fmt="iso", utc=True) if log_format == "json" else _clock


def _clock(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Local time. structlog's own stamper reads the time zone's rules again for each line."""
    event["timestamp"] = time.strftime("%Y-%m-%d %H:%M:%S")
    return event


def _renderers(log_format: LogFormat, *, colors: bool) -> list[Processor]:
    if log_format == "json":
        return [format_exc_info, _ordered, JSONRenderer()]
    return [format_exc_info, TextRenderer(*(("\033[2m", "\033[1m", "\033[0m") if colors else ()))]


def _ordered(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Time, level and name first: people read the lines, too."""
    return {"timestamp": event["timestamp"], "level": event["level"], "event": event["event"], **event}


@frozen
class TextRenderer:
    """`time level event key=value ...`; a traceback follows on lines of its own."""

    dim: str = ""
    bold: str = ""
    plain: str = ""

    def __call__(self, _logger: object, _method: str, event: EventDict) -> str:
        stamp, level = event.pop("timestamp"), event.pop("level")
        text, trace = _printable(event.pop("event")), event.pop("exception", "")
        dim, plain = self.dim, self.plain
        fields = [f"{dim}{name}={plain}{_word(value)}" for name, value in event.items()]
        line = " ".join((f"{dim}{stamp}{plain}", f"{self.bold}{level} {text}{plain}", *fields))
        return f"{line}\n{trace}" if trace else line


def _printable(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else json.dumps(text)


def _word(value: object) -> str:
    """A value without ambiguity about its end: quoted if it contains a space or an unprintable character."""
    if value is True:
        return "yes"
    text = ",".join(cast("list[str]", value)) if isinstance(value, list) else str(value)
    return text if " " not in text and text.isprintable() else json.dumps(text)
