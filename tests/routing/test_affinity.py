"""A session stays with its target, and targets get sessions by weight."""

from collections import Counter

import pytest

from gateway.routing.affinity import SessionShares, rank_targets, session_key
from gateway.settings.models import ModelTarget

SESSION = {"x-claude-code-session-id": "7a1b"}
SYSTEM = ["x-anthropic-billing-header: cc_version=2.1.330;", "You are an agent."]


def blocks(*texts: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text} for text in texts]


def test_later_turns_of_a_conversation_have_its_key(asking) -> None:
    first = [{"role": "user", "content": blocks("do it")}]
    later = [*first, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "more"}]
    keys = {session_key(asking(headers=SESSION, system="s", messages=turns)) for turns in (first, later)}
    assert len(keys) == 1


def test_shape_and_version_change_nothing(asking) -> None:
    keys = {
        session_key(
            asking(headers=SESSION, system=blocks(*system), messages=[{"role": "user", "content": content}])
        )
        for system in (SYSTEM, ["x-anthropic-billing-header: cc_version=2.1.331;", SYSTEM[1]], SYSTEM[1:])
        for content in ("do it", blocks("do it"))
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"client": "alice"},
        {"headers": {"x-claude-code-session-id": "other"}},
        {"headers": {**SESSION, "x-claude-code-agent-id": "a1"}},
        {"system": "another"},
        {"messages": [{"role": "user", "content": "another"}]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_each_part_of_the_key_counts(asking, other) -> None:
    plain = {"headers": SESSION, "system": "s"}
    assert session_key(asking(**plain)) != session_key(asking(**{**plain, **other}))


def keys(count: int) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(count)]


def test_shares_follow_the_weights() -> None:
    names, weights = ["a", "b", "c"], [5, 3, 2]
    first = Counter(rank_targets(key, names, weights)[0] for key in keys(20_000))
    for index, weight in enumerate(weights):
        assert first[index] / 20_000 == pytest.approx(weight / 10, abs=0.015)


def test_only_the_sessions_of_a_target_that_goes_are_moved() -> None:
    for key in keys(2_000):
        names = ["a", "b", "c"]
        order = [names[at] for at in rank_targets(key, names, [1, 2, 3])]
        without = ["a", "c"]
        assert [without[at] for at in rank_targets(key, without, [1, 3])] == [
            one for one in order if one != "b"
        ]


def test_targets_without_weight_stand_last_in_their_order(asking) -> None:
    targets = [
        ModelTarget("p", "a", weight=1),
        ModelTarget("p", "b", weight=1),
        ModelTarget("p", "c"),
        ModelTarget("p", "d"),
    ]
    order = SessionShares.of(targets).order(asking())
    assert sorted(order[:2]) == [0, 1]
    assert list(order[2:]) == [2, 3]


def test_one_model_twice_shares_too(asking) -> None:
    shares = SessionShares.of([ModelTarget("p", "a", weight=1), ModelTarget("p", "a", weight=1)])
    first = Counter(
        shares.order(asking(headers={"x-claude-code-session-id": str(n)}))[0] for n in range(2_000)
    )
    assert min(first[0], first[1]) > 900
