"""The targets of a configuration, and what its entries together state about their models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from gateway.settings.kinds import KINDS
from gateway.settings.models import ModelTarget, Settings

MODEL_FACTS = ("context_window", "max_output_tokens", "vision", "reasoning")
"""Facts about a model that are shared by all entries with it."""


def target_name(target: ModelTarget) -> str:
    return f"{target.provider}/{target.model}"


def window_of(target: ModelTarget, settings: Settings) -> int | None:
    """In tokens: the configured window, else the one that requests of its kind ask the server for."""
    return target.context_window or KINDS[settings.providers[target.provider].kind].default_window


def configured_targets(settings: Settings) -> Iterator[ModelTarget]:
    for alias in settings.aliases.values():
        yield from alias.to
    for rule in settings.routes:
        yield from rule.to
    for entry in settings.models:
        yield entry.target
    if settings.default_target:
        yield settings.default_target


def known_models(targets: Iterable[ModelTarget]) -> dict[str, ModelTarget]:
    """`provider/model` -> the target with all known facts about the model, and without one entry's
    overrides."""
    known: dict[str, ModelTarget] = {}
    for target in targets:
        name = target_name(target)
        known[name] = with_facts(known.get(name, ModelTarget(target.provider, target.model)), target)
    return known


def with_facts(target: ModelTarget, other: ModelTarget) -> ModelTarget:
    """The target, with unset facts about the model taken from the other one."""
    unset = [name for name in MODEL_FACTS if getattr(target, name) is None]
    return evolve(target, **{name: getattr(other, name) for name in unset})
