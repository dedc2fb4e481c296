"""`/v1/models` publishes aliases with what is known of the models behind them, in the SDK's own shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from anthropic.types import ModelInfo
from anthropic.types.beta import BetaModelInfo

from gateway.app import create_app
from gateway.runtime.source import SettingsSource
from gateway.settings.loading.load import LoadedConfig, load_config

CONFIG = """
server: {keys: [{name: alice, key: k1}, k2]}
providers: {up: {kind: openai, base_url: "http://127.0.0.1:9/v1"}}
aliases:
  claude-haiku-4-5-mine: {to: up/small, display_name: Small}
  claude-big: {to: [{provider: up, model: big, reasoning: true}, up/small], display_name: Big}
  claude-routed: {}
  anthropic-lost: {display_name: Nowhere}
routes:
  - {match: {images: true}, to: up/seeing}
models:
  claude-routed: {provider: up, model: big, context_window: 1000, max_output_tokens: 100, vision: false}
  known: up/small
"""


@pytest.fixture
def get(tmp_path: Path) -> Callable[[str], httpx.Response]:
    """`await get("/v1/models")`, as a client with a key."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)

    def again() -> LoadedConfig:
        return load_config(path, {})

    loaded = again()
    app = create_app(loaded.settings, SettingsSource(loaded, again))

    async def ask(where: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as web:
            return await web.get(where, headers={"x-api-key": "k1"})

    return ask


async def test_aliases_come_first_with_the_names_that_pickers_show(get) -> None:
    page = (await get("/v1/models?limit=1000")).json()
    shown = [(model["id"], model["display_name"]) for model in page["data"]]
    assert shown[:4] == [
        ("claude-haiku-4-5-mine", "Small"),
        ("claude-big", "Big"),
        ("claude-routed", "claude-routed"),
        ("known", "known"),
    ]
    assert "anthropic-lost" not in dict(shown)
    assert page["has_more"] is False


async def test_limits_are_those_of_the_first_target(get) -> None:
    big = (await get("/v1/models/claude-big")).json()
    assert (big["max_input_tokens"], big["max_tokens"]) == (1000, 100)
    assert (await get("/v1/models/claude-haiku-4-5-mine")).json()["max_input_tokens"] is None


async def test_capabilities_are_whole_where_both_abilities_are_known_and_else_null(get) -> None:
    big = ModelInfo.model_validate((await get("/v1/models/claude-big")).json()).capabilities
    assert big is not None
    assert big.image_input.supported is False
    assert big.thinking.supported is True
    assert big.thinking.types.adaptive.supported is True
    assert big.effort.max.supported is True
    assert (await get("/v1/models/known")).json()["capabilities"] is None


def ids(page: httpx.Response) -> list[str]:
    return [model["id"] for model in page.json()["data"]]


async def test_pages_go_both_ways(get) -> None:
    whole = ids(await get("/v1/models"))
    first = (await get("/v1/models?limit=2")).json()
    assert (first["first_id"], first["last_id"], first["has_more"]) == (*whole[:2], True)
    assert ids(await get(f"/v1/models?limit=2&after_id={whole[1]}")) == whole[2:4]
    assert ids(await get(f"/v1/models?limit=2&before_id={whole[3]}")) == whole[1:3]
    rest = (await get(f"/v1/models?after_id={whole[1]}")).json()
    assert ([model["id"] for model in rest["data"]], rest["has_more"]) == (whole[2:], False)
    assert (await get(f"/v1/models?limit=1&before_id={whole[1]}")).json()["has_more"] is False
    assert (await get(f"/v1/models?limit=1&before_id={whole[2]}")).json()["has_more"] is True


async def test_an_empty_cursor_is_none_and_an_unknown_one_a_404(get) -> None:
    assert ids(await get("/v1/models?after_id=&before_id=")) == ids(await get("/v1/models"))
    assert (await get("/v1/models?after_id=nobody")).status_code == 404


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
async def test_a_limit_out_of_range_is_a_400(get, limit: str) -> None:
    assert (await get(f"/v1/models?limit={limit}")).status_code == 400


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("lifecycle[]=active", True),
        ("lifecycle[]=deprecated&lifecycle[]=active", True),
        ("lifecycle%5B%5D=deprecated", False),
        ("lifecycle[]=deprecated&lifecycle[]=retired", False),
    ],
)
async def test_whatever_is_configured_is_active(get, query: str, there: bool) -> None:
    page = (await get(f"/v1/models?{query}")).json()
    assert bool(page["data"]) is there
    assert there or (page["first_id"], page["last_id"], page["has_more"]) == (None, None, False)


async def test_the_mark_of_a_wide_window_is_no_part_of_an_aliass_name(get) -> None:
    info = (await get("/v1/models/claude-big[1m]")).json()
    assert (info["id"], info["display_name"]) == ("claude-big[1m]", "Big")


async def test_keys_of_the_newest_sdk_are_there(get) -> None:
    info = BetaModelInfo.model_validate((await get("/v1/models/claude-big")).json())
    assert "allowed_fallback_models" in info.model_fields_set
    assert info.allowed_fallback_models is None
    assert info.capabilities.compaction.supported is True
    assert info.capabilities.compaction.summarize.supported is True


async def test_what_goes_nowhere_is_a_404(get) -> None:
    assert (await get("/v1/models/anthropic-lost")).status_code == 404
