"""The immutable snapshot, and the cell in which it is swapped."""

from attrs import evolve

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.runtime.runtime import Runtime, RuntimeRef
from gateway.settings.models import (
    Defaults,
    ModelRule,
    ModelTarget,
    Provider,
    RouteRule,
    Sampling,
    Settings,
    TimeoutOverrides,
)

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


def asking(model: str, session: str = "s") -> Inbound:
    body = b'{"model": "%s", "messages": [{"role": "user", "content": "hi"}]}' % model.encode()
    return Inbound("req_1", body, {"x-claude-code-session-id": session}, decode_request(body))


async def test_a_target_holds_everything_routing_decided():
    runtime = Runtime.build(SETTINGS)
    (target,) = runtime.targets(asking("claude-opus-5-5"))
    assert (target.name, target.retries) == ("vllm/big", 2)
    assert target.model_info.quirks.family == "vllm"
    assert (target.model_info.context_window, target.model_info.vision) == (1000, False)
    await RuntimeRef.holding(runtime).close()


async def test_targets_are_built_once():
    runtime = Runtime.build(SETTINGS)
    assert runtime.targets(asking("x"))[0] is runtime.targets(asking("y"))[0]
    assert runtime.targets(asking("vllm/not-configured"))[0].name == "local/small"
    await RuntimeRef.holding(runtime).close()


async def test_a_target_overrides_what_its_provider_and_the_client_say():
    own = ModelTarget(
        "vllm",
        "big",
        sampling=Sampling(temperature=0.2),
        timeouts=TimeoutOverrides(first_byte=20.0),
        extra_body={"seed": 1},
    )
    rule = RouteRule((own, ModelTarget("local", "small")))
    runtime = Runtime.build(evolve(SETTINGS, routes=(rule,)))
    first, second = runtime.targets(asking("x"))
    assert (first.timeouts.first_byte, first.timeouts.idle) == (20.0, 300.0)
    assert first.model_info.sampling == Sampling(temperature=0.2)
    assert first.model_info.extra_body == {"seed": 1}
    assert (second.name, second.timeouts.first_byte) == ("local/small", 600.0)
    await RuntimeRef.holding(runtime).close()


async def test_sessions_are_shared_by_weight_and_stay():
    targets = (
        ModelTarget("vllm", "a", weight=3),
        ModelTarget("local", "b", weight=1),
        ModelTarget("vllm", "last"),
    )
    runtime = Runtime.build(evolve(SETTINGS, routes=(RouteRule(targets),)))
    orders = [[one.name for one in runtime.targets(asking("x", f"s{number}"))] for number in range(2_000)]
    again = [[one.name for one in runtime.targets(asking("x", f"s{number}"))] for number in range(2_000)]
    assert orders == again
    assert 1_400 < sum(order[0] == "vllm/a" for order in orders) < 1_600
    assert {order[2] for order in orders} == {"vllm/last"}
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
