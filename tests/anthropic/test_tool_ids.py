"""Tool-call ids keep the rules of gateway/anthropic/tool_ids.py."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.anthropic import tool_ids
from gateway.anthropic import wire as a

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,256}")
some_ids = st.text(min_size=1, max_size=40).filter(lambda s: s.isprintable())


def request_with(*client_ids: str) -> a.MessagesRequest:
    calls = tuple(a.Message("assistant", (a.ToolUse(i, "T"),)) for i in client_ids)
    return a.MessagesRequest(model="m", messages=calls)


def test_new_plain_id_is_kept():
    assert tool_ids.client_id("call_1", 0, 0) == "call_1"


def test_long_plain_id_is_kept():
    assert tool_ids.client_id("x" * 256, 0, 0) == "x" * 256


def test_id_known_from_the_history_gets_the_number_of_its_occurrences():
    assert tool_ids.client_id("call_0", 1, 0) == "toolu_gw1_Y2FsbF8w"
    assert tool_ids.client_id("call_0", 1, 1) == "toolu_gw2_Y2FsbF8w"


def test_id_with_odd_characters_is_encoded_without_a_number():
    assert tool_ids.client_id("functions.Bash:0", 0, 0) == "toolu_gw_ZnVuY3Rpb25zLkJhc2g6MA"


@given(some_ids, st.integers(0, 50), st.integers(0, 5))
def test_client_ids_are_legal_and_tell_the_original(original: str, history: int, seen: int):
    client = tool_ids.client_id(original, history, seen)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", client)
    assert tool_ids.original_id(client) == original


def test_upstream_id_in_our_own_form_survives_the_round_trip():
    ours = "toolu_gw1_Y2FsbF8w"
    assert tool_ids.client_id(ours, 0, 0) != ours
    assert tool_ids.original_id(tool_ids.client_id(ours, 0, 0)) == ours


def test_ids_that_only_look_like_ours_are_left_alone():
    for client in ("toolu_gw0_Y2FsbF8w", "toolu_gw_A", "toolu_gw_", "toolu_gw_gICA", "toolu_01AbC"):
        assert tool_ids.original_id(client) == client


@given(st.lists(st.sampled_from(["call_0", "call_1", "f:0"]), max_size=12))
def test_every_id_of_a_conversation_is_unique(upstream: list[str]):
    given_out: list[str] = []
    for original in upstream:
        history = tool_ids.ids_in_history(request_with(*given_out))
        given_out.append(tool_ids.client_id(original, history.get(original, 0), 0))
    assert len(set(given_out)) == len(given_out)


def test_history_cut_by_compaction_does_not_repeat_a_number():
    history = tool_ids.ids_in_history(request_with("toolu_gw3_Y2FsbF8w"))
    assert tool_ids.client_id("call_0", history["call_0"], 0) == "toolu_gw4_Y2FsbF8w"


def test_upstream_gets_its_own_id_back():
    assert tool_ids.upstream_id("toolu_gw1_Y2FsbF8w", (), 40) == "call_0"


def test_repeat_within_one_turn_gets_the_hash_form():
    first = tool_ids.upstream_id("call_0", (), None)
    second = tool_ids.upstream_id("toolu_gw1_Y2FsbF8w", {first}, None)
    assert first == "call_0"
    assert re.fullmatch(r"call_[0-9a-f]{24}", second)
    assert second == tool_ids.upstream_id("toolu_gw1_Y2FsbF8w", {first}, None)


def test_same_client_id_thrice_in_one_turn_gives_three_ids():
    taken: list[str] = []
    for _ in range(3):
        taken.append(tool_ids.upstream_id("call_0", taken, None))
    assert len(set(taken)) == 3


def test_id_over_the_limit_is_hashed_to_fit():
    for limit in (9, 16, 29, 40):
        sent = tool_ids.upstream_id("x" * 41, (), limit)
        assert len(sent) <= limit
        assert PLAIN.fullmatch(sent)
    assert tool_ids.upstream_id("x" * 41, (), 9).isalnum()


def test_empty_id_gets_one():
    assert tool_ids.upstream_id("", (), None).startswith("call_")
