"""What the controllers share: the current runtime and the token counter."""

from __future__ import annotations

from typing import cast

from attrs import define
from litestar import Litestar
from litestar.types import Scope

from gateway.runtime import RuntimeRef
from gateway.tokens import Counter


@define
class Service:
    runtimes: RuntimeRef
    counter: Counter

    async def close(self) -> None:
        self.counter.close()
        await self.runtimes.close()


def service_of(app: Litestar) -> Service:
    return cast("Service", app.state.service)


def service_in(scope: Scope) -> Service:
    return service_of(scope["litestar_app"])
