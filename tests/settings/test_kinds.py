"""gateway/settings/kinds.py: one row a kind, and a folder of its name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

import pytest

import gateway
from gateway.settings.kinds import KINDS, Preset, ProviderKind
from gateway.settings.models import Provider
from gateway.upstreams.presets import PRESETS, recognise
from gateway.upstreams.registry import make_adapter

ROOT = Path(gateway.__file__).parents[1]


def test_every_kind_has_a_row():
    assert set(get_args(ProviderKind)) == KINDS.keys()


def test_presets_are_those_of_the_table():
    assert set(get_args(Preset)) == PRESETS.keys()


@pytest.mark.parametrize("kind", KINDS)
async def test_kind_has_an_adapter(kind: ProviderKind):
    url = "http://127.0.0.1:9" if KINDS[kind].has_server else ""
    adapter = make_adapter("up", Provider(kind, url))
    for method in ("open", "prompt", "count", "probe"):
        assert callable(getattr(adapter, method))
    await adapter.close()


@pytest.mark.parametrize("kind", KINDS)
def test_presets_of_a_kind_exist(kind: ProviderKind):
    spec = KINDS[kind]
    assert spec.presets <= PRESETS.keys()
    assert recognise(kind, spec.default_url) in spec.presets


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_documented(kind: ProviderKind):
    assert f"`{kind}`" in (ROOT / "docs" / "configuration.md").read_text()


def test_folders_of_the_kinds_are_independent_by_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (folders,) = (one["modules"] for one in contracts if one["type"] == "independence")
    assert folders == [f"gateway.upstreams.{kind}" for kind in KINDS]
