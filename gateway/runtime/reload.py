"""Hot reload of the configuration: parse -> build -> validate -> swap.

Rules:
- The new runtime replaces the old one completely or not at all: an invalid file is rejected and the current
  configuration stays active. The error appears in the log, in `/ready` and in a metric.
- Everything but the swap happens in a thread that yields often: streams continue meanwhile.
- An edit, SIGHUP and the admin call have the same effect; reloads run one after another.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from attrs import Factory, define, frozen

from gateway.errors import ConfigError
from gateway.routing.warnings import config_warnings
from gateway.runtime.runtime import Runtime, RuntimeRef
from gateway.runtime.source import LoadedSettings, SettingsSource
from gateway.runtime.watch import Content, edits
from gateway.settings.changes import SettingChange, setting_changes
from gateway.telemetry import Reload, configure_logging, report_configuration

MOST_CHANGES = 100
"""Changes that one reload logs, each on a line of its own."""
TURN = 0.0001
"""Seconds."""
EDIT = "the file changed"
HANGUP = "SIGHUP"
PAUSE = 2.0
"""Seconds before the watch restarts after an error of its own."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@frozen
class ReloadOutcome:
    """The result of one reload."""

    result: Reload
    reason: str
    at: float
    """Seconds since the epoch."""
    generation: int
    """The active generation."""
    error: str = ""
    changes: tuple[SettingChange, ...] = ()
    restart: tuple[SettingChange, ...] = ()
    """Changes in the file that require a restart."""
    warnings: tuple[str, ...] = ()
    """New warnings about the configuration."""


@frozen
class _Prepared:
    """Everything that a swap needs."""

    reading: LoadedSettings
    runtime: Runtime | None
    """None: it would be unchanged."""
    changes: tuple[SettingChange, ...]
    warnings: tuple[str, ...]


@define
class Reloader:
    """`reload` may be called at any time."""

    runtimes: RuntimeRef
    source: SettingsSource
    _worker: int = 1
    """Only the first worker logs the changes: the others have the same ones."""
    last: ReloadOutcome | None = None
    """The result of the last reload that was worth reporting."""
    _content: Content = Factory(dict[Path, bytes])
    """The content of the files when they were last used."""
    _warnings: tuple[str, ...] = ()
    """The warnings of the last reload."""
    _turn: asyncio.Lock = Factory(asyncio.Lock)

    def __attrs_post_init__(self) -> None:
        report_configuration(self.generation)

    @property
    def generation(self) -> int:
        return self.runtimes.current.generation

    async def watch(self) -> None:
        """Reload at each edit, until cancelled."""
        while True:
            try:
                async with aclosing(edits(lambda: self.source.files)) as signs:
                    async for _ in signs:
                        await self.reload(EDIT)
            except Exception:
                log.exception("watching the configuration failed in the gateway")
            await asyncio.sleep(PAUSE)

    async def reload(self, reason: str) -> ReloadOutcome:
        async with self._turn:
            with _giving_way():
                outcome = await self._reload(reason)
                if reason != EDIT or self._is_news(outcome):
                    report_configuration(outcome.generation, outcome.result)
                    await asyncio.to_thread(self._tell, outcome)
                    self.last = outcome
        return outcome

    def _is_news(self, outcome: ReloadOutcome) -> bool:
        """False for a file that was only touched, or whose change was reverted in time."""
        before = self.last
        was_refused = before is not None and before.result == "refused"
        waiting = before.restart if before else ()
        return outcome.result != "unchanged" or was_refused or outcome.restart != waiting

    async def _reload(self, reason: str) -> ReloadOutcome:
        now = time.time()
        try:
            prepared = await asyncio.to_thread(self._prepare)
        except ConfigError as error:
            return ReloadOutcome("refused", reason, now, self.generation, error.message)
        except Exception as error:
            log.exception("reading the configuration failed in the gateway")
            message = f"the gateway failed to read the configuration: {type(error).__name__}"
            return ReloadOutcome("refused", reason, now, self.generation, message)
        self.source.settle(prepared.reading)
        self._content = prepared.reading.content
        restart = prepared.reading.restart
        if prepared.runtime is None:
            return ReloadOutcome("unchanged", reason, now, self.generation, restart=restart)
        await self._swap(prepared.runtime)
        return ReloadOutcome(
            "applied", reason, now, self.generation, "", prepared.changes, restart, prepared.warnings
        )

    def _prepare(self) -> _Prepared:
        """Everything up to the swap. Raises ConfigError. Runs in a thread."""
        current = self.runtimes.current
        reading = self.source.read(current.settings)
        renewed = [path for path, now in reading.content.items() if self._content.get(path, now) != now]
        runtime = Runtime.build(reading.settings, current, renewed)
        differing = setting_changes(current.settings, reading.settings) + tuple(_renewals(current, runtime))
        if reading.settings == current.settings and not differing:
            return _Prepared(reading, None, (), ())
        known = self._warnings or config_warnings(current.settings, current.routes)
        self._warnings = config_warnings(runtime.settings, runtime.routes)
        return _Prepared(
            reading, runtime, differing, tuple(one for one in self._warnings if one not in known)
        )

    async def _swap(self, runtime: Runtime) -> None:
        old, new = self.runtimes.current.settings.server, runtime.settings.server
        if (old.log_level, old.log_format) != (new.log_level, new.log_format):
            configure_logging(new.log_level, new.log_format)
        await self.runtimes.swap(runtime)

    def _tell(self, outcome: ReloadOutcome) -> None:
        bound_log = log.bind(why=outcome.reason, generation=outcome.generation, worker=self._worker)
        match outcome.result:
            case "refused" if self._worker == 1:
                bound_log.error("configuration rejected, the current one stays active")
                for line in outcome.error.splitlines():
                    log.error(line.strip())
            case "refused":
                bound_log.error("configuration rejected, the current one stays active", error=outcome.error)
            case "unchanged":
                bound_log.info("configuration unchanged")
            case "applied":
                bound_log.info("configuration reloaded", changes=len(outcome.changes))
        if self._worker == 1:
            _tell_changes(outcome)


def _tell_changes(outcome: ReloadOutcome) -> None:
    for change in outcome.changes[:MOST_CHANGES]:
        log.info("changed", key=change.path, old=change.old, new=change.new)
    if (more := len(outcome.changes) - MOST_CHANGES) > 0:
        log.info("and more changes", count=more)
    for change in outcome.restart:
        log.warning("requires a restart", key=change.path, running=change.old, file=change.new)
    for warning in outcome.warnings:
        log.warning(warning)


@contextmanager
def _giving_way() -> Generator[None]:
    """Threads release the interpreter after `TURN` instead of Python's 5 ms: an event loop with many streams
    needs it thousands of times a second, and would wait that long for a thread each time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _renewals(old: Runtime, new: Runtime) -> Iterator[SettingChange]:
    """Providers with unchanged settings whose certificate files changed."""
    for name, adapter in new.adapters.items():
        if old.settings.providers.get(name) == new.settings.providers[name] and (
            old.adapters[name] is not adapter
        ):
            yield SettingChange(
                f"providers.{name}", "certificates as they were", "certificates as they are now"
            )


@asynccontextmanager
async def reloading(reloader: Reloader) -> AsyncGenerator[None]:
    """While the block runs, edits and SIGHUP trigger reloads."""
    loop = asyncio.get_running_loop()
    running: set[asyncio.Task[object]] = set()

    def begin(work: Coroutine[object, object, object]) -> None:
        task = loop.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    begin(reloader.watch())
    with _on_hangup(loop, lambda: begin(reloader.reload(HANGUP))):
        try:
            yield
        finally:
            for task in tuple(running):
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


@contextmanager
def _on_hangup(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> Generator[None]:
    """Handle SIGHUP, if the platform has it. A parent process blocks the signal until this point."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop.add_signal_handler(signal.SIGHUP, act)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
