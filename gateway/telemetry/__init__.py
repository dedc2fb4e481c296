"""Reports each request: one `RequestRecord` -> one log line and a handful of metrics.

Rules:
- Both are made from the same frozen record, once, when a request ends; nothing happens per chunk.
- Reporting never fails a request: a log line that cannot be written is dropped
  (`test_a_closed_log_does_not_fail_the_request`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress

from gateway.telemetry.log import configure_logging, finish_writing, log_request, write_in_background
from gateway.telemetry.metrics import CONTENT_TYPE, Metrics, Reload
from gateway.telemetry.record import RequestRecord

__all__ = [
    "CONTENT_TYPE",
    "Reload",
    "RequestRecord",
    "configure_logging",
    "emit",
    "finish_writing",
    "in_flight",
    "log_in_background",
    "metrics",
    "report_configuration",
]

_metrics = Metrics()


def emit(record: RequestRecord) -> None:
    """Report a finished request."""
    _metrics.observe(record)
    with suppress(OSError, ValueError):
        log_request(record)


def in_flight() -> AbstractContextManager[object]:
    """Counts one request as running while the block lasts."""
    return _metrics.in_flight()


def report_configuration(generation: int, reload: Reload | None = None) -> None:
    """Report the active generation, and the result of a reload if there was one."""
    _metrics.configuration(generation, reload)


def log_in_background() -> None:
    """From now on a thread writes the log, so that a slow log reader does not delay requests. Call it before
    `configure_logging`."""
    write_in_background(_metrics.log_line_dropped)


def metrics() -> bytes:
    """All metrics of this process, or of all workers, in Prometheus' text format, as `CONTENT_TYPE`."""
    return _metrics.render()
