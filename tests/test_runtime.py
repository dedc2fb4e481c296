"""The immutable snapshot, and the cell in which it is swapped."""

from attrs import evolve

from gateway.runtime import Runtime, RuntimeRef
from gateway.settings.models import Defaults, ModelRule, ModelTarget, Provider, Settings, TimeoutOverrides

LOCAL = Provider("ollama", "http://127.0.0.1:11434")
VLLM = Provider("openai", "http://127.0.0.1:8000/v1", preset="vllm", retries=2)
SETTINGS = Settings(
    defaults=Defaults(),
    providers={"local": LOCAL, "vllm": VLLM},
    models=(
        ModelRule("claude-opus-*", ModelTarget("vllm", "big", context_window=1000, vision=False)),
        ModelRule("*", ModelTarget("local", "small")),
    ),
)


async def test_a_target_holds_everything_routing_decided():
    runtime = Runtime.build(SETTINGS)
    (target,) = runtime.targets("claude-opus-5-5")
    assert (target.name, target.retries) == ("vllm/big", 2)
    assert target.facts.quirks.family == "vllm"
    assert (target.facts.context_window, target.facts.vision) == (1000, False)
    await RuntimeRef.holding(runtime).close()


async def test_an_unchanged_provider_keeps_its_adapter():
    first = Runtime.build(SETTINGS)
    slower = evolve(LOCAL, timeouts=TimeoutOverrides(connect=1.0))
    second = Runtime.build(evolve(SETTINGS, providers={"local": slower, "vllm": VLLM}), first)
    assert second.generation == first.generation + 1
    assert second.adapters["vllm"] is first.adapters["vllm"]
    assert second.adapters["local"] is not first.adapters["local"]
    for runtime in (first, second):
        await RuntimeRef.holding(runtime).close()


class Adapter:
    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


def holding(**adapters: Adapter) -> Runtime:
    built = Runtime.build(SETTINGS)
    return evolve(built, adapters=adapters)


async def test_an_adapter_that_is_no_longer_configured_closes_when_its_last_lease_ends():
    kept, gone = Adapter(), Adapter()
    runtimes = RuntimeRef.holding(holding(kept=kept, gone=gone))
    async with runtimes.lease() as leased:
        await runtimes.swap(holding(kept=kept))
        assert leased.adapters["gone"] is gone
        assert (kept.closed, gone.closed) == (0, 0)
    assert (kept.closed, gone.closed) == (0, 1)


async def test_an_adapter_that_an_older_lease_still_uses_stays_open():
    shared = Adapter()
    runtimes = RuntimeRef.holding(holding(shared=shared))
    async with runtimes.lease():
        await runtimes.swap(holding(shared=shared))
        await runtimes.swap(holding())
        assert shared.closed == 0
    assert shared.closed == 1
