"""The active configuration as one immutable snapshot, built completely and then swapped in.

Rules:
- `Runtime.build` either succeeds or raises ConfigError; nothing is applied partially.
- A provider whose settings did not change keeps its adapter and its open connections, unless the content of
  one of its certificate files changed.
- Targets are built once, with the runtime; a request only looks them up.
- A request leases the current runtime once and uses it to its end. An adapter that the next runtime does not
  contain is closed when the last lease on it ends.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import Factory, define, evolve, field, frozen

from gateway.errors import ConfigError
from gateway.inbound import Inbound
from gateway.routing.affinity import SessionShares
from gateway.routing.table import Route, RouteTable
from gateway.settings.models import ModelTarget, Provider, Settings
from gateway.settings.timeouts import timeouts_for
from gateway.upstreams.base import Adapter, Target
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.presets import quirks_of
from gateway.upstreams.registry import make_adapter
from gateway.upstreams.scripted.append_file import AppendFile
from gateway.upstreams.scripted.recorder import RecordingAdapter


@frozen
class RouteTargets:
    """The targets of one route, and how they share sessions."""

    targets: tuple[Target, ...]
    shares: SessionShares

    def ordered(self, inbound: Inbound) -> tuple[Target, ...]:
        if not self.shares.names:
            return self.targets
        return tuple(self.targets[at] for at in self.shares.order(inbound))


@frozen
class Runtime:
    generation: int
    settings: Settings
    routes: RouteTable
    adapters: Mapping[str, Adapter] = field(repr=False)
    _chains: Mapping[Route, RouteTargets] = field(
        repr=False, eq=False, alias="chains", factory=dict[Route, "RouteTargets"]
    )

    @classmethod
    def build(
        cls, settings: Settings, previous: Runtime | None = None, renewed: Collection[Path] = ()
    ) -> Runtime:
        """`renewed`: files whose content changed since `previous` was built."""
        adapters: dict[str, Adapter] = {}
        for name, provider in settings.providers.items():
            if (
                previous is not None
                and previous.settings.providers.get(name) == provider
                and not _reads_any(provider, renewed)
            ):
                adapters[name] = previous.adapters[name]
            else:
                adapters[name] = _adapter(name, provider)
        generation = previous.generation + 1 if previous else 1
        table = RouteTable.build(settings)
        bare = cls(generation, settings, table, adapters)
        return evolve(bare, chains={route: bare.chain(route) for route in table.every()})

    def targets(self, inbound: Inbound) -> tuple[Target, ...]:
        """The targets of this request, in order. Raises RequestRefused (404) if there are none."""
        route = self.routes.resolve(inbound)
        return (self._chains.get(route) or self.chain(route)).ordered(inbound)

    def chain(self, route: Route) -> RouteTargets:
        """The targets of a route; a model named as `provider/model` is only known when its request
        arrives."""
        return RouteTargets(
            tuple(self._target(to, route) for to in route.targets), SessionShares.of(route.targets)
        )

    def _target(self, to: ModelTarget, route: Route) -> Target:
        provider = self.settings.providers[to.provider]
        info = ModelInfo(
            provider=to.provider,
            model=to.model,
            quirks=evolve(quirks_of(provider), **to.quirks.switches),
            context_window=to.context_window,
            max_output_tokens=to.max_output_tokens,
            vision=to.vision,
            reasoning=to.reasoning,
            expose_reasoning=provider.expose_reasoning,
            sampling=to.sampling,
            extra_body=to.extra_body,
        )
        timeouts = timeouts_for(self.settings, to.provider, to.timeouts)
        return Target(self.adapters[to.provider], info, timeouts, provider.retries, route.label)


def _reads_any(provider: Provider, files: Collection[Path]) -> bool:
    named = (provider.ca_file, provider.client_cert)
    return any(Path(name).absolute() in files for name in named if name)


def _adapter(name: str, provider: Provider) -> Adapter:
    try:
        adapter = make_adapter(name, provider)
        return RecordingAdapter(adapter, AppendFile(Path(provider.record))) if provider.record else adapter
    except OSError as error:
        raise ConfigError(f"providers.{name}: cannot read its TLS files: {error}") from error


@define(eq=False)
class _Lease:
    runtime: Runtime
    holders: int = 0


@define
class RuntimeRef:
    """The mutable reference that a reload swaps."""

    _current: _Lease
    _retired: list[_Lease] = Factory(list[_Lease])

    @classmethod
    def holding(cls, runtime: Runtime) -> RuntimeRef:
        return cls(_Lease(runtime))

    @property
    def current(self) -> Runtime:
        return self._current.runtime

    @asynccontextmanager
    async def lease(self) -> AsyncGenerator[Runtime]:
        lease = self._current
        lease.holders += 1
        try:
            yield lease.runtime
        finally:
            lease.holders -= 1
            await self._retire()

    async def swap(self, runtime: Runtime) -> None:
        self._retired.append(self._current)
        self._current = _Lease(runtime)
        await self._retire()

    async def close(self) -> None:
        for adapter in self.current.adapters.values():
            await adapter.close()

    async def _retire(self) -> None:
        """Close the adapters that only retired runtimes without leases still have."""
        over = [lease for lease in self._retired if not lease.holders]
        if not over:
            return
        self._retired = [lease for lease in self._retired if lease.holders]
        used = {id(a) for kept in (self._current, *self._retired) for a in kept.runtime.adapters.values()}
        closing = {id(a): a for lease in over for a in lease.runtime.adapters.values() if id(a) not in used}
        for adapter in closing.values():
            await adapter.close()
