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
DEEP = 7
"""Doublings of a small request of some 20 kB. Copies of texts show only in megabytes."""
MIDDLE, SHALLOW = 4, 2
TRIES = 3
"""A machine that is busy with something else makes one measurement wrong, hardly three."""


def has(part: str, *members: str) -> bool:
    return not parts.PARTS[part](1).keys().isdisjoint(members)


def is_asked(kind: str, part: str) -> bool:
    """Gemini differs from the other OpenAI presets in its schemas."""
    return kind != "gemini" or has(part, "tools", "output_config")


def doublings(kind: str, part: str) -> int:
    """All kinds share what could copy texts, except the builders of messages: the two that differ most are
    both measured deeply."""
    if kind not in ("responses", "ollama"):
        return SHALLOW
    if has(part, "messages", "system") and not has(part, "context_management"):
        return DEEP
    return MIDDLE if kind == "responses" else SHALLOW


CASES = [(kind, part) for kind in KINDS for part in parts.PARTS if is_asked(kind, part)]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory):
    return {
        name: cost.Gateway(kind, provider, tmp_path_factory.mktemp("linear"))
        for name, (kind, provider) in KINDS.items()
    }


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


@pytest.mark.parametrize(("kind", "part"), CASES)
def test_the_cost_of_a_request_is_linear_in_each_of_its_parts(gateways, forget, kind: str, part: str):
    def prepare(body: bytes) -> None:
        forget()
        gateways[kind].prepare(body)

    found = []
    for _ in range(TRIES):
        found.append(cost.growth(prepare, parts.PARTS[part], doublings(kind, part)))
        if found[-1] <= cost.MOST:
            return
    pytest.fail(f"grows {min(found):.2f} times as fast as its size for each doubling")
