"""Whatever a client repeats, the cost of its request grows as its size does."""

from __future__ import annotations

import functools
import gc
import importlib.util
from pathlib import Path

import pytest

from gateway.schemas import lowering

HERE = Path(__file__).parent


def beside(name: str):
    spec = importlib.util.spec_from_file_location(f"linear_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cost, parts = beside("cost"), beside("requests")
KINDS = {
    "openai": ("openai", {"preset": "openai"}),
    "gemini": ("openai", {"preset": "gemini"}),
    "responses": ("responses", {}),
    "ollama": ("ollama", {}),
    "anthropic": ("anthropic", {}),
}
DOUBLINGS = {"responses": 7, "ollama": 7}
"""From a small request of some 20 kB. Copies of texts show only in megabytes; all kinds share what could make
them, and the two that differ most are asked for that much."""
TRIES = 3
"""A machine that is busy with something else makes one measurement wrong, hardly three."""


@pytest.fixture(scope="module", params=KINDS)
def gateway(request, tmp_path_factory):
    kind, provider = KINDS[request.param]
    return cost.Gateway(kind, provider, tmp_path_factory.mktemp("linear"), DOUBLINGS.get(request.param, 2))


@pytest.fixture(scope="module")
def forget():
    """Empties what schemas are remembered in, or only the smaller of two requests would find its own
    there."""
    kept = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
    ours = [one for one in kept if (one.__module__ or "").startswith("gateway.")]

    def empty() -> None:
        for one in ours:
            one.cache_clear()
        lowering._LATEST.clear()

    return empty


@pytest.mark.parametrize("part", parts.PARTS)
def test_the_cost_of_a_request_is_linear_in_each_of_its_parts(gateway, forget, part: str):
    def prepare(body: bytes) -> None:
        forget()
        gateway.prepare(body)

    found = []
    for _ in range(TRIES):
        found.append(cost.growth(prepare, parts.PARTS[part], gateway.doublings))
        if found[-1] <= cost.MOST:
            return
    pytest.fail(f"grows {min(found):.2f} times as fast as its size for each doubling")
