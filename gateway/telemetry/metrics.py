"""Prometheus metrics: `RequestRecord`s -> counters and histograms, in a registry of their own.

Rules:
- Labels come from the configuration and the code, never from a client: `provider` and `model` name the target
  that routing chose, `none` if it chose none (`test_client_words_are_no_labels`).
- After `MOST_TARGETS` targets all further ones are counted as `other`: nothing grows without bound.
- If several workers share a port, each writes its metrics to files in a folder of their parent's, and any of
  them returns the metrics of all; metrics of a single process are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, get_args

import prometheus_client
from attrs import frozen
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import (
    MultiProcessCollector,
    mark_process_dead,  # pyright: ignore[reportUnknownVariableType]
)
from prometheus_client.registry import Collector

from gateway.telemetry.record import RequestRecord

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

MOST_TARGETS = 200

ENDPOINTS = {"/v1/messages": "messages", "/v1/messages/count_tokens": "count_tokens"}
"""Label by path; every other path is `other`."""

DURATIONS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
"""Upper bounds in seconds: from a refused request to an hour-long answer."""

TARGET = ("provider", "model")

WORKERS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder; prometheus_client reads it when it is imported."""

Reload = Literal["applied", "unchanged", "refused"]
"""The possible results of a reload."""

prometheus_client.disable_created_metrics()


@frozen
class TargetLabels:
    """The labels for the target of a request."""

    provider: str
    model: str


NO_TARGET = TargetLabels("none", "none")
OTHER_TARGET = TargetLabels("other", "other")


class Metrics:
    """One set of metrics. The process has one; a test makes its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._targets: set[TargetLabels] = set()
        self._requests = self._counter(
            "gateway_requests",
            "Requests that ended; kind is none, client_gone, or the name of what went wrong",
            ("endpoint", *TARGET, "status", "kind"),
        )
        self._durations = self._histogram(
            "gateway_request_duration_seconds",
            "From a request's arrival to the end of its answer",
            ("endpoint", *TARGET),
        )
        self._first_tokens = self._histogram(
            "gateway_time_to_first_token_seconds",
            "From a request's arrival to the first content of its answer",
            TARGET,
        )
        self._tokens = self._counter(
            "gateway_tokens",
            "Tokens of messages by type: input (not cached), output, cache_read, cache_write",
            (*TARGET, "type"),
        )
        self._attempts = self._counter("gateway_upstream_attempts", "Requests sent upstream", TARGET)
        self._notices = self._counter("gateway_notices", "Things dropped, emulated or repaired", ("name",))
        self._dropped_lines = Counter(
            "gateway_log_lines_dropped", "Log lines lost because their reader stalled", registry=self.registry
        )
        self.log_line_dropped = self._dropped_lines.inc
        self._in_flight = self._gauge("gateway_requests_in_flight", "Requests being answered now", "livesum")
        self._watch_configuration()
        if WORKERS_FOLDER not in os.environ:
            ProcessCollector(registry=self.registry)

    def _watch_configuration(self) -> None:
        self._reloads = self._counter(
            "gateway_config_reloads",
            "Times the configuration was read again; result is applied, unchanged or refused",
            ("result",),
        )
        for result in get_args(Reload):
            self._reloads.labels(result)
        self._generation = self._gauge(
            "gateway_config_generation",
            "How often the configuration changed since the start, from 1",
            "livemin",
        )
        self._usable = self._gauge(
            "gateway_config_last_reload_successful",
            "0 while the file cannot be used and an older configuration serves",
            "livemin",
        )

    def _counter(self, name: str, what: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, of_all: Literal["livesum", "livemin"]) -> Gauge:
        return Gauge(name, what, registry=self.registry, multiprocess_mode=of_all)

    def _histogram(self, name: str, what: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(name, what, labels, buckets=DURATIONS, registry=self.registry)

    def observe(self, record: RequestRecord) -> None:
        """Count a finished request."""
        target = self._target(record)
        labels = (target.provider, target.model)
        endpoint = ENDPOINTS.get(record.path, "other")
        self._requests.labels(endpoint, *labels, str(record.status), _kind(record)).inc()
        self._durations.labels(endpoint, *labels).observe(record.duration)
        if record.first_token is not None:
            self._first_tokens.labels(*labels).observe(record.first_token)
        if record.attempts:
            self._attempts.labels(*labels).inc(record.attempts)
        if endpoint == "messages":
            for name, tokens in _tokens(record):
                self._tokens.labels(*labels, name).inc(tokens)
        for notice in record.notices:
            self._notices.labels(notice.name).inc()

    def in_flight(self) -> AbstractContextManager[object]:
        return self._in_flight.track_inprogress()

    def configuration(self, generation: int, reload: Reload | None = None) -> None:
        """Record the active generation. `reload`: the result of the reload."""
        self._generation.set(generation)
        self._usable.set(int(reload != "refused"))
        if reload is not None:
            self._reloads.labels(reload).inc()

    def render(self) -> bytes:
        folder = os.environ.get(WORKERS_FOLDER)
        if folder is None:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        everyone.register(_Workers(folder))
        return generate_latest(everyone)

    def _target(self, record: RequestRecord) -> TargetLabels:
        if not record.provider:
            return NO_TARGET
        target = TargetLabels(record.provider, record.model)
        if target in self._targets:
            return target
        if len(self._targets) >= MOST_TARGETS:
            return OTHER_TARGET
        self._targets.add(target)
        return target


@frozen
class _Workers(Collector):
    """The metrics of all workers.

    A file that a worker is just creating is empty for a moment. It has no counts yet, and the library cannot
    read it.
    """

    folder: str

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in Path(self.folder).glob("*.db") if _is_begun(file)]
        return MultiProcessCollector.merge(files)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _is_begun(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # its worker has exited
        return False


def forget(folder: str, pid: int) -> None:
    """A worker has exited: its current values no longer hold. Its counts stay."""
    mark_process_dead(pid, folder)


def _kind(record: RequestRecord) -> str:
    if record.error is not None:
        return record.error.value
    return "client_gone" if record.client_gone else "none"


def _tokens(record: RequestRecord) -> list[tuple[str, int]]:
    counted = (
        ("input", record.input_tokens),
        ("output", record.output_tokens),
        ("cache_read", record.cache_read_tokens),
        ("cache_write", record.cache_write_tokens),
    )
    return [(name, tokens) for name, tokens in counted if tokens > 0]
