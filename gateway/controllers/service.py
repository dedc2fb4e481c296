"""Shared by the controllers: the current runtime, its reloader, the token counter, the attachments."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import cast

from attrs import Factory, asdict, define, frozen
from litestar import Litestar
from litestar.types import Scope

from gateway.attachments import Resolver
from gateway.controllers.body import BodyBudget
from gateway.runtime.reload import Reloader, ReloadOutcome
from gateway.runtime.runtime import RuntimeRef
from gateway.tokens import TokenCounter


@frozen
class WorkerIdentity:
    """Identifies one of the processes on one port."""

    number: int = 1
    of: int = 1
    parent: int | None = None
    """The process that started it; None if it runs alone."""


ALONE = WorkerIdentity()


@define
class Service:
    runtimes: RuntimeRef
    counter: TokenCounter
    resolver: Resolver = Factory(Resolver)
    bodies: BodyBudget = Factory(BodyBudget)
    worker: WorkerIdentity = ALONE
    reloader: Reloader | None = None
    """None: the settings did not come from a file."""

    def identity(self) -> dict[str, object]:
        """Identifies the process and the configuration."""
        fields: dict[str, object] = {
            "pid": os.getpid(),
            "worker": self.worker.number,
            "workers": self.worker.of,
            "generation": self.runtimes.current.generation,
        }
        if self.reloader is not None and self.reloader.last is not None:
            fields["reload"] = outcome_summary(self.reloader.last)
        return fields

    async def close(self) -> None:
        self.counter.close()
        await self.runtimes.close()


def outcome_summary(outcome: ReloadOutcome) -> dict[str, object]:
    """The result of a reload, as JSON without empty fields."""
    summary: dict[str, object] = {
        "result": outcome.result,
        "why": outcome.reason,
        "at": datetime.fromtimestamp(outcome.at, UTC).isoformat(timespec="milliseconds"),
        "error": outcome.error,
        "takes_a_restart": [change.path for change in outcome.restart],
    }
    return {name: value for name, value in summary.items() if value}


def outcome_details(outcome: ReloadOutcome) -> dict[str, object]:
    """The same with every key that changed."""
    details = outcome_summary(outcome)
    details["changes"] = [asdict(change) for change in outcome.changes]
    if outcome.restart:
        details["takes_a_restart"] = [asdict(change) for change in outcome.restart]
    return details


def service_of(app: Litestar) -> Service:
    return cast("Service", app.state.service)


def service_in(scope: Scope) -> Service:
    return service_of(scope["litestar_app"])
