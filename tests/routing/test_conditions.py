"""Conditions of routes, and the features of a request that they read."""

import json
from collections.abc import Hashable
from typing import Any

import pytest

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.routing.conditions import KEYS, Condition, conditions, feature_reader, feature_value
from gateway.settings.models import Match

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}
PDF_BY_URL = {"type": "document", "source": {"type": "url", "url": "https://x"}}
TEXT_FILE = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
TOOL = {"name": "T", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
SESSION = {"x-claude-code-session-id": "s"}


def request(*blocks: dict, client: str = "", headers: dict | None = None, **more: Any) -> Inbound:
    content = [{"type": "text", "text": "x"}, *blocks]
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}], **more}).encode()
    return Inbound("r", body, headers or {}, decode_request(body), client)


@pytest.mark.parametrize(
    ("condition", "seen", "holds"),
    [
        (Condition("class", ("main", "subagent")), "main", True),
        (Condition("class", ("main",)), "auxiliary", False),
        (Condition("tools", (False,)), False, True),
        (Condition("tokens_over", (100,)), 101, True),
        (Condition("tokens_over", (100,)), 100, False),
        (Condition("tokens_over", (100,)), None, False),
        (Condition("fits", (100,)), 100, True),
        (Condition("fits", (100,)), 101, False),
        (Condition("fits", (100,)), "x", False),
    ],
)
def test_condition_holds(condition: Condition, seen: Hashable, holds: bool):
    assert condition.holds(seen) is holds


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (Condition("class", ("a", "b")), Condition("class", ("a",)), True),
        (Condition("class", ("a",)), Condition("class", ("a", "b")), False),
        (Condition("tokens_over", (10,)), Condition("tokens_over", (20,)), True),
        (Condition("tokens_over", (20,)), Condition("tokens_over", (10,)), False),
        (Condition("fits", (20,)), Condition("fits", (10,)), True),
        (Condition("fits", (10,)), Condition("fits", (20,)), False),
    ],
)
def test_condition_covers_a_narrower_one(one: Condition, other: Condition, covers: bool):
    assert one.covers(other) is covers


def test_bound_of_a_condition_without_a_number_is_zero():
    assert Condition("class", ("main",)).bound == 0


def test_conditions_are_the_configured_ones_the_cheapest_first():
    match = Match(
        class_=("auxiliary",),
        client=("alice",),
        images=False,
        pdf=True,
        thinking=True,
        tokens_over=0,
        tools=False,
        server_tools=True,
    )
    assert conditions(match) == (
        Condition("class", ("auxiliary",)),
        Condition("client", ("alice",)),
        Condition("tools", (False,)),
        Condition("server_tools", (True,)),
        Condition("thinking", (True,)),
        Condition("tokens_over", (0,)),
        Condition("images", (False,)),
        Condition("pdf", (True,)),
    )
    assert conditions(Match(model=("m",))) == ()


@pytest.mark.parametrize(
    ("inbound", "key", "value"),
    [
        (request(), "class", "main"),
        (request(headers=SESSION), "class", "auxiliary"),
        (request(client="ålice"), "client", "ålice"),
        (request(), "tools", False),
        (request(tools=[TOOL]), "tools", True),
        (request(tools=[TOOL]), "server_tools", False),
        (request(tools=[TOOL, SEARCH]), "server_tools", True),
        (request(), "thinking", False),
        (request(thinking={"type": "enabled", "budget_tokens": 2000}), "thinking", True),
        (request(), "images", False),
        (request(IMAGE), "images", True),
        (request({"type": "tool_result", "tool_use_id": "t", "content": [IMAGE]}), "images", True),
        (request(IMAGE), "pdf", False),
        (request(PDF), "pdf", True),
        (request(PDF_BY_URL), "pdf", True),
        (request(TEXT_FILE), "pdf", False),
        (request(), "fits", 0),
    ],
)
def test_feature_of_a_request(inbound: Inbound, key: str, value: Hashable):
    assert feature_value(inbound, key) == value


def test_size_is_the_estimate_and_fits_only_for_auxiliary_requests():
    inbound = request(headers=SESSION)
    assert feature_value(inbound, "tokens_over") == inbound.estimated_tokens
    assert feature_value(inbound, "fits") == inbound.estimated_tokens


@pytest.mark.parametrize(
    "inbound",
    [
        request(),
        request(IMAGE, PDF, client="alice", tools=[TOOL, SEARCH], headers=SESSION),
        request(thinking={"type": "enabled", "budget_tokens": 2000}, headers=SESSION),
    ],
)
def test_reader_gives_every_feature_that_a_condition_reads(inbound: Inbound):
    asked = [Condition(key, (0,) if key in ("tokens_over", "fits") else (True,)) for key in KEYS]
    seen = dict(zip(KEYS, feature_reader(asked)(inbound), strict=True))
    sizes = {key: int(bool(feature_value(inbound, key))) for key in ("tokens_over", "fits")}
    assert seen == {key: feature_value(inbound, key) for key in KEYS} | sizes


@pytest.mark.parametrize(("bounds", "reduced"), [((5, 10_000), 6), ((1, 2), 3), ((10_000,), 0)])
def test_size_is_reduced_to_the_least_number_above_the_same_bounds(bounds: tuple[int, ...], reduced: int):
    read = feature_reader(Condition("tokens_over", (bound,)) for bound in bounds)
    assert read(request())[KEYS.index("tokens_over")] == reduced


def test_features_without_a_condition_are_not_computed():
    seen = feature_reader([])(request(IMAGE, client="alice", tools=[SEARCH]))
    assert dict(zip(KEYS, seen, strict=True)) == {
        **dict.fromkeys(KEYS, False),
        "client": "alice",
        "tools": True,
    }
