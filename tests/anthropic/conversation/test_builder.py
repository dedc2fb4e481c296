"""The normal form of conversations keeps the rules of gateway/anthropic/conversation/builder.py."""

import json

import pytest

from gateway.anthropic.conversation import turns as t
from gateway.anthropic.conversation.builder import build_conversation
from gateway.anthropic.conversation.content_parts import ImagePart, InputModalities
from gateway.anthropic.conversation.tool_results import INTERRUPTED
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.decoding import decode_request
from gateway.anthropic.tools.tool_names import ToolNames
from gateway.errors import RequestRefused

OURS = "gw1:eyJwIjoicGxhaW4ifQ"
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


def talk(*messages: dict, notes: NoticeCollector | None = None, **terms: object) -> t.Conversation:
    body = json.dumps({"model": "m", "messages": messages}).encode()
    return build_conversation(
        decode_request(body), t.ConversationOptions(**terms), ToolNames(), notes or NoticeCollector()
    )


def turns(*messages: dict, **terms: object) -> list[t.Turn]:
    return talk(*messages, **terms).turns


def user(content: object) -> dict:
    return {"role": "user", "content": content}


def says(content: object) -> dict:
    return {"role": "assistant", "content": content}


def system(content: object, **more: object) -> dict:
    return {"role": "system", "content": content, **more}


def text(said: str) -> dict:
    return {"type": "text", "text": said}


def call(id_: str, name: str = "T", **input_: object) -> dict:
    return {"type": "tool_use", "id": id_, "name": name, "input": input_}


def result(id_: str, content: object = "r", **more: object) -> dict:
    return {"type": "tool_result", "tool_use_id": id_, "content": content, **more}


def reminder(said: str) -> str:
    return f"<system-reminder>\n{said}\n</system-reminder>"


def answers(turn: t.Turn) -> list[tuple[str, object]]:
    assert isinstance(turn, t.UserTurn)
    return [(r.id, r.pieces) for r in turn.results]


# ---------------------------------------------------------------- turns


def test_neighbours_of_one_role_are_merged():
    merged = turns(user("a"), user([text("b")]), says("c"), says([text("d")]), user("e"))
    assert merged == [t.UserTurn(pieces=["a", "b"]), t.AssistantTurn("cd"), t.UserTurn(pieces=["e"])]


def test_empty_text_is_left_out():
    assert turns(user([text(""), text("a")])) == [t.UserTurn(pieces=["a"])]


def test_assistant_turn_without_anything_left_is_left_out():
    foreign = {"type": "thinking", "thinking": "hm", "signature": "Eq"}
    assert turns(user("a"), says([foreign, text(" \n")]), user("b")) == [t.UserTurn(pieces=["a", "b"])]


def test_unknown_role_is_taken_as_the_users():
    notes = NoticeCollector()
    assert talk({"role": "narrator", "content": "a"}, notes=notes).turns == [t.UserTurn(pieces=["a"])]
    assert [(n.name, n.detail) for n in notes.notices] == [("dropped.role", "narrator")]


def test_user_turn_with_nothing_to_send_is_refused_only_when_newest():
    odd = user([{"type": "hologram"}])
    assert turns(odd, user("a")) == turns(user("a"), odd) == [t.UserTurn(pieces=["a"])]
    assert turns(odd, says("b"), user("a")) == [t.AssistantTurn("b"), t.UserTurn(pieces=["a"])]
    with pytest.raises(RequestRefused, match=r"messages\.2\.content"):
        turns(user("a"), says("b"), odd)
    with pytest.raises(RequestRefused, match=r"messages\.4\.content"):
        turns(user("a"), says("b"), odd, system("c"), odd)


def test_the_newest_turn_may_be_several_messages():
    picture = user([{"type": "image", "source": {"type": "file", "file_id": "f"}}])
    with pytest.raises(RequestRefused, match=r"messages\.2\.content\.0: file 'f'"):
        turns(user("a"), says("b"), picture, system("c"), user("d"))
    assert turns(picture, says("b"), user("d"))[0] == t.UserTurn(pieces=["[file 'f' is not available]"])


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "tool_use", "id": "1", "name": "T", "input": {}},
    ],
)
def test_what_only_an_assistant_says_is_dropped_elsewhere_with_a_notice(block: dict):
    for content in ([text("a"), block], [text("a"), result("t", [block])]):
        notes = NoticeCollector()
        talk(user("q"), says([call("t")]), user(content), notes=notes)
        assert f"{block['type']} in a user's message or a tool result" in [n.detail for n in notes.notices]


def test_what_is_no_text_in_the_system_prompt_is_dropped_with_a_notice():
    picture = {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}
    prompt = [text("a"), picture, {"type": "odd", "text": "b"}, {"type": "odd"}]
    body = json.dumps({"model": "m", "messages": [user("q")], "system": prompt})
    notes = NoticeCollector()
    said = build_conversation(decode_request(body.encode()), t.ConversationOptions(), ToolNames(), notes)
    assert said.system == "a\n\nb"
    assert [(n.name, n.detail) for n in notes.notices] == [
        ("dropped.block", "image in the system prompt"),
        ("dropped.block", "odd in the system prompt"),
    ]


def test_text_of_an_unknown_block_is_used():
    assert turns(
        user([{"type": "hologram", "text": "a"}]), says([{"type": "connector_text", "text": "b"}])
    ) == [
        t.UserTurn(pieces=["a"]),
        t.AssistantTurn("b"),
    ]


def test_last_assistant_text_is_the_prefill():
    assert talk(user("a"), says("Sure, ")).prefill == "Sure, "
    assert talk(user("a"), says([{"type": "thinking", "thinking": "x", "signature": ""}])).prefill == ""
    assert talk(user("a"), says([text("b"), call("c")])).prefill == ""


# ---------------------------------------------------------------- tool calls and results


def test_results_come_in_the_order_of_the_calls():
    _, asked, told = turns(
        user("a"), says([call("1"), call("2")]), user([result("2", "two"), result("1", "one")])
    )
    assert [c.id for c in asked.calls] == ["1", "2"]
    assert answers(told) == [("1", ["one"]), ("2", ["two"])]


def test_text_beside_results_survives_behind_them():
    *_, told = turns(user("a"), says([call("1")]), user([text("before"), result("1"), text("after")]))
    assert (answers(told), told.pieces) == ([("1", ["r"])], ["before", "after"])


def test_call_without_result_is_said_to_be_interrupted():
    notes = NoticeCollector()
    told = talk(user("a"), says([call("1"), call("2")]), user([result("2"), text("b")]), notes=notes).turns[
        -1
    ]
    assert answers(told) == [("1", [INTERRUPTED]), ("2", ["r"])]
    assert [n.name for n in notes.notices] == ["emulated.tool_result"]


def test_calls_at_the_very_end_are_answered_too():
    assert answers(turns(user("a"), says([call("1")]))[-1]) == [("1", [INTERRUPTED])]


def test_result_without_call_becomes_text():
    notes = NoticeCollector()
    told = talk(user([result("9", [text("late"), IMAGE]), text("b")]), notes=notes).turns
    lost = "[result of unknown tool call 9]\nlate"
    assert told == [t.UserTurn(pieces=[lost, ImagePart("image/png", "AAAA"), "b"])]
    assert [n.name for n in notes.notices] == ["emulated.tool_result"]


def test_result_of_an_earlier_turns_call_becomes_text():
    told = turns(user("a"), says([call("1")]), user([result("1")]), says("b"), user([result("1", "again")]))
    assert told[-1] == t.UserTurn(pieces=["[result of unknown tool call 1]\nagain"])


def test_duplicate_ids_in_one_turn_are_made_unique_and_paired_in_order():
    _, asked, told = turns(
        user("a"), says([call("1"), call("1")]), user([result("1", "x"), result("1", "y")])
    )
    assert len({c.id for c in asked.calls}) == 2
    assert answers(told) == [(asked.calls[0].id, ["x"]), (asked.calls[1].id, ["y"])]


def test_repeats_in_different_turns_go_back_as_they_came():
    again = "toolu_gw1_Y2FsbF8w"
    told = turns(
        user("a"),
        says([call("call_0")]),
        user([result("call_0")]),
        says([call(again)]),
        user([result(again)]),
    )
    assert [c.id for turn in told if isinstance(turn, t.AssistantTurn) for c in turn.calls] == ["call_0"] * 2
    assert answers(told[-1]) == [("call_0", ["r"])]


def test_results_may_be_spread_over_messages():
    told = turns(
        user("a"), says([call("1"), call("2")]), user([result("2", "two")]), user([result("1", "one")])
    )
    assert answers(told[-1]) == [("1", ["one"]), ("2", ["two"])]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Exit code 1", "Error: Exit code 1"),
        ("Error: no", "Error: no"),
        ("<tool_use_error>no</tool_use_error>", "<tool_use_error>no</tool_use_error>"),
        ("", "Error: (no output)"),
    ],
)
def test_failed_result_says_so(content: str, shown: str):
    *_, told = turns(user("a"), says([call("1")]), user([result("1", content, is_error=True)]))
    assert answers(told) == [("1", [shown])]


def test_tool_reference_becomes_a_line_and_a_mention():
    said = talk(
        user("a"), says([call("1")]), user([result("1", [{"type": "tool_reference", "tool_name": "X"}])])
    )
    assert answers(said.turns[-1]) == [("1", ["Tool loaded: X"])]
    assert [(m.kind, m.name) for m in said.mentions] == [("reference", "X")]


def test_input_that_is_no_object_is_wrapped():
    odd = {"type": "tool_use", "id": "1", "name": "T", "input": "x"}
    assert bytes(turns(user("a"), says([odd]))[1].calls[0].input) == b'{"input":"x"}'
    assert bytes(turns(user("a"), says([{**odd, "input": None}]))[1].calls[0].input) == b"{}"


def test_toolset_members_carry_the_name_of_their_family():
    member = {**call("1", "left_click"), "toolset_name": "computer"}
    assert turns(user("a"), says([member]))[1].calls[0].name == "computer__left_click"


# ---------------------------------------------------------------- system messages


def test_leading_system_messages_join_the_system_prompt():
    body = {
        "model": "m",
        "system": "S",
        "messages": [system("one"), system([text("two")]), user("a"), system("b")],
    }
    said = build_conversation(
        decode_request(json.dumps(body).encode()), t.ConversationOptions(), ToolNames(), NoticeCollector()
    )
    assert said.system == "S\n\none\n\ntwo"
    assert said.turns == [t.UserTurn(pieces=[f"a\n\n{reminder('b')}"])]


def test_attribution_block_is_stripped():
    blocks = [text("x-anthropic-billing-header: cc_version=2;"), text("You are X.")]
    body = {"model": "m", "system": blocks, "messages": [user("a")]}
    assert (
        build_conversation(
            decode_request(json.dumps(body).encode()), t.ConversationOptions(), ToolNames(), NoticeCollector()
        ).system
        == "You are X."
    )


def test_string_and_one_text_block_give_the_same():
    assert turns(user("a"), system("b")) == turns(
        user("a"), system([{**text("b"), "cache_control": {"type": "ephemeral"}}])
    )


def test_empty_system_message_renders_nothing():
    assert turns(user("a"), system([], output_config={"effort": "low"})) == [t.UserTurn(pieces=["a"])]


def test_reminder_goes_into_the_last_result_of_a_turn_of_results_only():
    *_, told = turns(user("a"), says([call("1"), call("2")]), user([result("2"), result("1")]), system("b"))
    assert (told.reminders, told.pieces) == ([reminder("b")], [])


def test_reminder_behind_results_and_text_joins_the_text():
    *_, told = turns(user("a"), says([call("1")]), user([result("1"), text("c")]), system("b"))
    assert (told.reminders, told.pieces) == ([], [f"c\n\n{reminder('b')}"])


def test_text_that_comes_later_does_not_move_the_reminder():
    *_, told = turns(user("a"), says([call("1")]), user([result("1")]), system("b"), user("c"))
    assert (told.reminders, told.pieces) == ([reminder("b")], ["c"])


def test_system_message_behind_the_assistant_opens_the_users_turn():
    assert turns(user("a"), says("b"), system("c"), user("d"))[-1] == t.UserTurn(pieces=[reminder("c"), "d"])


def test_system_message_never_comes_between_call_and_result():
    *_, told = turns(user("a"), says([call("1")]), system("b"), user([result("1"), text("c")]))
    assert (answers(told), told.pieces) == ([("1", ["r"])], [reminder("b"), "c"])


def test_last_system_message_behind_the_assistant_is_a_turn_of_its_own():
    said = talk(user("a"), says("b"), system("c"))
    assert said.turns[-1] == t.UserTurn(pieces=[reminder("c")])
    assert said.prefill == ""


def test_system_message_between_two_assistant_turns_keeps_them_apart():
    assert turns(user("a"), says("b"), system("c"), says("d")) == [
        t.UserTurn(pieces=["a"]),
        t.AssistantTurn("b"),
        t.UserTurn(pieces=[reminder("c")]),
        t.AssistantTurn("d"),
    ]


def test_clear_at_takes_the_text_away_once_a_later_user_message_exists():
    passing = system("only now", clear_at="next_user_message")
    assert turns(user("a"), passing)[-1] == t.UserTurn(pieces=[f"a\n\n{reminder('only now')}"])
    assert turns(user("a"), passing, says("b"), user("c"))[0] == t.UserTurn(pieces=["a"])


def test_inline_system_messages_are_turns_of_their_own():
    said = turns(
        user("a"),
        system("b"),
        says([call("1")]),
        system("c"),
        user([result("1"), text("d")]),
        inline_system=True,
    )
    assert said[:2] == [t.UserTurn(pieces=["a"]), t.SystemTurn("b")]
    assert answers(said[3]) == [("1", ["r"])]
    assert said[4:] == [t.SystemTurn("c"), t.UserTurn(pieces=["d"])]


def test_tool_changes_of_system_messages_are_collected_in_order():
    added = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "x"}}
    removed = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "y"}}
    said = talk(system([added]), user("a"), system([removed, text("y is gone")]))
    assert [(m.kind, m.name) for m in said.mentions] == [("addition", "x"), ("removal", "y")]


# ---------------------------------------------------------------- reasoning


def thought(signature: str) -> dict:
    return {"type": "thinking", "thinking": "hm", "signature": signature}


def test_reasoning_of_the_same_family_is_kept():
    assert turns(user("a"), says([thought(OURS), text("b")]))[1] == t.AssistantTurn("b", "hm")


def test_reasoning_is_not_kept_where_the_server_refuses_it():
    assert turns(user("a"), says([thought(OURS), text("b")]), replay="none")[1] == t.AssistantTurn("b")


def test_reasoning_of_the_current_turn_alone_is_kept():
    said = turns(
        user("a"),
        says([thought(OURS), text("b")]),
        user("c"),
        says([thought(OURS), call("1")]),
        user([result("1"), text("Tool loaded.")]),
        says([thought(OURS), call("2")]),
        user([result("2")]),
        replay="current_turn",
    )
    assert [turn.thinking for turn in said if isinstance(turn, t.AssistantTurn)] == ["", "hm", "hm"]


# ---------------------------------------------------------------- what cannot be shown


def test_image_without_vision_is_said_to_be_left_out():
    notes = NoticeCollector()
    assert talk(user([IMAGE]), notes=notes, modalities=InputModalities(vision=False)).turns[0].pieces == [
        "[image omitted: model has no vision]"
    ]
    assert [n.name for n in notes.notices] == ["dropped.image"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        },
    ],
)
def test_what_cannot_be_read_is_refused_in_the_newest_user_turn_alone(block: dict):
    with pytest.raises(RequestRefused, match=r"messages\.0\.content\.0: "):
        talk(user([block]))
    older = talk(user([block]), says([call("1")]), user([result("1", [block])]))
    (note,) = older.turns[0].pieces
    assert note.startswith("[")
    assert answers(older.turns[-1]) == [("1", [note])]


# ---------------------------------------------------------------- what Anthropic's side ran


def served(id_: str, name: str = "web_search", **input_: object) -> dict:
    return {"type": "server_tool_use", "id": id_, "name": name, "input": input_}


def outcome(id_: str, content: object = (), type_: str = "web_search_tool_result") -> dict:
    return {"type": type_, "tool_use_id": id_, "content": list(content) if content == () else content}


def test_assistant_goes_on_in_a_turn_of_its_own_after_a_server_tools_result():
    said = turns(
        user("q"), says([text("A"), served("s1"), outcome("s1"), text("B"), served("s2"), outcome("s2")])
    )
    first, second = said[1], said[3]
    assert isinstance(first, t.AssistantTurn)
    assert isinstance(second, t.AssistantTurn)
    assert ([first.text, second.text], [c.id for c in (*first.calls, *second.calls)]) == (
        ["A", "B"],
        ["s1", "s2"],
    )
    assert [answers(said[2]), answers(said[4])] == [[("s1", ["(no results)"])], [("s2", ["(no results)"])]]


def test_calls_that_a_server_ran_side_by_side_stay_side_by_side():
    said = turns(user("q"), says([served("s1"), served("s2"), outcome("s2"), outcome("s1"), text("B")]))
    assert [r[0] for r in answers(said[2])] == ["s1", "s2"]
    assert len(said) == 4


def test_clients_own_call_keeps_its_place_beside_a_servers():
    said = turns(
        user("q"),
        says([call("c1"), served("s1"), outcome("s1"), text("B"), call("c2")]),
        user([result("c2", "two"), result("c1", "one")]),
    )
    assert answers(said[2]) == [("c1", ["one"]), ("s1", ["(no results)"])]
    assert answers(said[4]) == [("c2", ["two"])]


def test_server_call_without_result_is_dropped_with_a_notice():
    notes = NoticeCollector()
    said = talk(user("q"), says([text("A"), served("s1"), text("B"), outcome("s9")]), user("on"), notes=notes)
    assert said.turns[1] == t.AssistantTurn("AB")
    assert {notice.detail for notice in notes.notices} == {
        "web_search: a call without result",
        "web_search_tool_result: a result without call",
    }


def test_result_in_a_later_message_still_finds_its_call():
    said = turns(user("q"), says([served("s1")]), says([outcome("s1"), text("B")]), user("on"))
    assert [type(turn).__name__ for turn in said] == [
        "UserTurn",
        "AssistantTurn",
        "UserTurn",
        "AssistantTurn",
        "UserTurn",
    ]


def test_tools_that_a_search_found_are_loaded_and_the_search_is_not_shown():
    found = {"tool_references": [{"type": "tool_reference", "tool_name": "get_weather"}]}
    notes = NoticeCollector()
    said = talk(
        user("q"),
        says(
            [
                text("A"),
                served("s1", "tool_search_tool_bm25"),
                outcome("s1", found, "tool_search_tool_result"),
                text("B"),
            ]
        ),
        user("on"),
        notes=notes,
    )
    assert said.turns[1] == t.AssistantTurn("AB")
    assert [(m.kind, m.name) for m in said.mentions] == [("reference", "get_weather")]
    assert notes.notices == ()


def test_turn_that_ends_in_a_server_tools_result_is_no_prefill():
    assert talk(user("q"), says([text("A"), served("s1"), outcome("s1")])).prefill == ""
    assert talk(user("q"), says([served("s1"), outcome("s1"), text("B")])).prefill == "B"


def test_system_message_after_a_server_tools_result_opens_the_next_turn():
    said = turns(user("q"), says([served("s1"), outcome("s1")]), system("note"), user("on"))
    assert (answers(said[2])[0][0], said[2].pieces) == ("s1", [reminder("note"), "on"])


def test_servers_ids_are_kept_within_the_targets_limit():
    said = turns(
        user("q"), says([served("srvtoolu_" + "x" * 40), outcome("srvtoolu_" + "x" * 40)]), id_limit=40
    )
    assert len(answers(said[2])[0][0]) <= 40


# ---------------------------------------------------------------- compaction


def compaction(content: object, **more: object) -> dict:
    return {"type": "compaction", "content": content, **more}


def test_summary_stands_for_everything_before_it():
    said = talk(
        system("leading"),
        user("old"),
        says([text("gone"), call("t1")]),
        user([result("t1")]),
        system("gone too"),
        says([text("also gone"), compaction("S"), text("on")]),
        user("next"),
    )
    summary = "<conversation-summary>\nS\n</conversation-summary>"
    assert said.system == "leading"
    assert said.turns == [t.UserTurn(pieces=[summary]), t.AssistantTurn("on"), t.UserTurn(pieces=["next"])]


@pytest.mark.parametrize("speaker", [user, says])
def test_summary_may_be_anybodys_block_and_joins_the_turn_after_it(speaker):
    said = turns(user("old"), speaker([compaction("S", signature="gw1:x")]), user("next"))
    assert said == [t.UserTurn(pieces=["<conversation-summary>\nS\n</conversation-summary>", "next"])]


@pytest.mark.parametrize("content", [None, ""])
def test_block_without_summary_changes_nothing(content: object):
    notes = NoticeCollector()
    said = talk(user("old"), says([compaction(content), text("hm")]), user("next"), notes=notes).turns
    assert said[0] == t.UserTurn(pieces=["old"])
    assert notes.notices == ()


def test_tool_changes_of_a_summary_take_the_place_of_those_before_it():
    removal = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "b"}}
    addition = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "a"}}
    said = talk(user("x"), system([addition]), says([compaction("S", tool_changes=[removal])]), user("y"))
    assert [(m.kind, m.name) for m in said.mentions] == [("removal", "b")]


# ---------------------------------------------------------------- other blocks


def test_upload_into_a_container_is_refused_where_the_user_can_still_do_something():
    upload = {"type": "container_upload", "file_id": "file_1"}
    with pytest.raises(RequestRefused, match=r"messages\.0\.content\.0: file 'file_1' is not available"):
        turns(user([upload]))
    assert turns(user([upload]), says("ok"), user("on"))[0].pieces == ["[file 'file_1' is not available]"]


def test_blocks_that_say_nothing_leave_no_notice():
    notes = NoticeCollector()
    silent = [{"type": "fallback", "from": {}}, {"type": "mcp_tool_listing", "tools": []}, text("A")]
    assert talk(user("q"), says(silent), user("on"), notes=notes).turns[1] == t.AssistantTurn("A")
    assert notes.notices == ()


def test_text_of_an_unknown_block_is_used_in_every_role():
    block = {"type": "connector_text", "text": "said"}
    for said in (turns(user([block])), turns(user("q"), says([block]), user("on"))[1:]):
        assert "said" in str(said[0])
    assert answers(turns(user("q"), says([call("t")]), user([result("t", [block])]))[2]) == [("t", ["said"])]


def test_unknown_block_alone_is_refused_in_the_newest_user_turn():
    with pytest.raises(RequestRefused, match=r"messages\.0\.content: nothing in it can be sent"):
        turns(user([{"type": "hologram"}]))
