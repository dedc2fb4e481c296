"""Tools, from each kind of upstream's side and from the client's."""

import pytest

from gateway.testing.upstream import Call, Reply

HELLO = {"role": "user", "content": "hello"}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "the weather in a city", "input_schema": CITY}
TIME = {"name": "time", "input_schema": {"type": "object", "properties": {}}}
PARIS = Call("weather", {"city": "Paris"}, id="call_p")
ROME = Call("weather", {"city": "Rome"}, id="call_r")
LONG = "mcp__a_server_with_a_very_long_name__and_a_tool_whose_name_is_longer_than_that"


def calls(said) -> list[tuple[str, dict]]:
    return [(block["name"], block["input"]) for block in said.blocks if block["type"] == "tool_use"]


def test_parallel_calls_and_their_results(talk, upstream, stream: bool):
    upstream.script(Reply(text="I look.", calls=(PARIS, ROME)), Reply(text="sunny"))
    first = talk(stream=stream, tools=[WEATHER])
    assert first.told.tools == {"weather": CITY}
    assert calls(first) == [("weather", {"city": "Paris"}), ("weather", {"city": "Rome"})]
    assert first.stopped == ("tool_use", None)
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "sun"} for block in first.blocks[1:]
    ]
    turns = [HELLO, {"role": "assistant", "content": first.blocks}, {"role": "user", "content": results}]
    second = talk(stream=stream, tools=[WEATHER], messages=turns)
    assert second.told.calls == calls(first)
    assert second.told.said("tool") == ["sun", "sun"]
    assert second.text == "sunny"


def test_id_that_comes_again_is_made_unique_and_goes_back_as_it_was(talk, upstream, kind: str):
    upstream.script(Reply(calls=(PARIS,)), Reply(text="ok"))
    call = {"type": "tool_use", "id": "call_p", "name": "weather", "input": {"city": "Rome"}}
    result = {"type": "tool_result", "tool_use_id": "call_p", "content": "sun"}
    turns = [HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    again = talk(tools=[WEATHER], messages=turns)
    (block,) = again.blocks
    assert (block["id"] == "call_p") is (kind == "anthropic")
    more = [
        {"role": "assistant", "content": again.blocks},
        {"role": "user", "content": [{**result, "tool_use_id": block["id"]}]},
    ]
    last = talk(tools=[WEATHER], messages=turns + more)
    assert str(last.told.body).count("call_p") == 4
    assert last.text == "ok"


def test_name_that_is_too_long(talk, upstream, kind: str):
    upstream.script(Reply(calls=(Call("x", {}),)), default=Reply(text="ok"))
    said = talk(tools=[{**TIME, "name": LONG}])
    (sent,) = said.told.tools
    assert (len(sent) <= 64) is (kind != "anthropic")
    assert said.status == 200
    upstream.script(Reply(calls=(Call(sent, {}),)))
    assert calls(talk(tools=[{**TIME, "name": LONG}])) == [(LONG, {})]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"type": "any"}, "any"),
        ({"type": "tool", "name": "weather"}, "weather"),
        ({"type": "none"}, "none"),
        ({"type": "auto"}, "auto"),
    ],
    ids=["any", "tool", "none", "auto"],
)
def test_tool_choice(talk, upstream, kind: str, choice: dict, wanted: str):
    """Ollama cannot be told: the system prompt asks, and what may not be called is not offered."""
    upstream.script(Reply(calls=(PARIS,)) if wanted in ("any", "weather") else Reply(text="ok"))
    said = talk(tools=[WEATHER, TIME], tool_choice=choice, system="S")
    if kind == "ollama":
        line, offered = {
            "any": ("S\n\nYou must call one of the tools.", ["weather", "time"]),
            "weather": ("S\n\nYou must call the tool weather.", ["weather"]),
            "none": ("S", []),
            "auto": ("S", ["weather", "time"]),
        }[wanted]
        assert (said.told.system, [*said.told.tools]) == (line, offered)
        assert (f"emulated.tool_choice_{choice['type']}" in said.warnings) is (wanted != "auto")
    else:
        assert (said.told.choice, [*said.told.tools]) == (wanted, ["weather", "time"])
    assert said.stopped[0] == ("tool_use" if wanted in ("any", "weather") else "end_turn")


def test_only_one_call_where_parallel_ones_are_not_wanted(talk, upstream, kind: str, stream: bool):
    upstream.script(Reply(calls=(PARIS, ROME)))
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    said = talk(stream=stream, tools=[WEATHER], tool_choice=choice)
    assert said.told.single is (kind in ("responses", "anthropic") or "parallel_tool_calls" in said.told.body)
    if kind != "anthropic":
        assert calls(said) == [("weather", {"city": "Paris"})]
    assert said.stopped == ("tool_use", None)


def test_fields_of_a_tool(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    tools = [
        {**WEATHER, "input_examples": [{"city": "Oslo"}], "eager_input_streaming": True},
        {**TIME, "allowed_callers": ["code_execution_20260120"]},
        {**WEATHER, "description": "another one"},
    ]
    said = talk(tools=tools)
    if kind == "anthropic":
        assert said.told.body["tools"] == tools
    else:
        assert [*said.told.tools] == ["weather"]
        assert said.told.descriptions["weather"] == 'the weather in a city\nExamples: {"city":"Oslo"}'
        assert "dropped.tool" in said.warnings
    assert said.text == "ok"


REFERS = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "$defs": {"P": {"type": "object", "properties": {"x": {"type": "integer"}}}},
    "properties": {"p": {"$ref": "#/$defs/P"}, "k": {"const": "v"}},
}


def test_schema_as_the_server_takes_it(talk, upstream, kind: str):
    upstream.script(Reply(calls=(Call("f", {"p": {"x": 1}}),)))
    said = talk(tools=[{"name": "f", "input_schema": REFERS}])
    sent = said.told.tools["f"]
    if kind == "anthropic":
        assert sent == REFERS
    else:
        assert "$schema" not in sent
        written_out = {"type": "object", "properties": {"x": {"type": "integer"}}}
        assert sent["properties"]["p"] == (written_out if kind == "ollama" else {"$ref": "#/$defs/P"})
    assert calls(said) == [("f", {"p": {"x": 1}})]


def test_deferred_tools(talk, upstream, kind: str):
    """Those that a result names come behind the others; the client's filler is left out."""
    upstream.script(Reply(text="ok"))
    filler = {**TIME, "name": "DeferredToolPlaceholder", "defer_loading": True}
    late = [{**TIME, "name": name, "defer_loading": True} for name in ("a", "b")]
    found = {
        "type": "tool_result",
        "tool_use_id": "s",
        "content": [{"type": "tool_reference", "tool_name": "b"}],
    }
    call = {"type": "tool_use", "id": "s", "name": "weather", "input": {}}
    turns = [HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [found]}]
    said = talk(tools=[filler, late[0], late[1], WEATHER], messages=turns)
    if kind == "anthropic":
        assert [*said.told.tools] == ["DeferredToolPlaceholder", "a", "b", "weather"]
    else:
        assert [*said.told.tools] == ["weather", "b", "a"]
        assert said.told.said("tool") == ["Tool loaded: b"]
    assert said.text == "ok"


def test_search_for_tools_on_the_servers_side(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    search = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    said = talk(tools=[search, {**WEATHER, "defer_loading": True}])
    if kind == "anthropic":
        assert len(said.told.body["tools"]) == 2
    else:
        assert [*said.told.tools] == ["weather"]
        assert "emulated.tool_search" in said.warnings
    assert said.text == "ok"


def test_tools_added_and_removed_on_the_way(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    gone = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "time"}}
    new = {
        "type": "tool_addition",
        "tool": {"type": "tool_definition", "definition": {**TIME, "name": "new"}},
    }
    turns = [HELLO, {"role": "system", "content": [gone, new]}]
    said = talk(tools=[TIME, WEATHER], messages=turns)
    if kind == "anthropic":
        assert said.told.body["messages"] == turns
    else:
        assert [*said.told.tools] == ["weather", "new"]
    assert said.text == "ok"


TYPED = {
    "bash": ({"type": "bash_20250124", "name": "bash"}, "command"),
    "str_replace_based_edit_tool": (
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
        "path",
    ),
    "memory": ({"type": "memory_20250818", "name": "memory"}, "path"),
    "computer": (
        {"type": "computer_20250124", "name": "computer", "display_width_px": 800, "display_height_px": 600},
        "action",
    ),
}


@pytest.mark.parametrize("name", TYPED)
def test_anthropics_client_tools(talk, upstream, kind: str, name: str):
    tool, key = TYPED[name]
    upstream.script(Reply(calls=(Call(name, {key: "x"}),)))
    said = talk(tools=[tool])
    if kind == "anthropic":
        assert said.told.body["tools"] == [tool]
    else:
        assert key in said.told.tools[name]["properties"]
    assert calls(said) == [(name, {key: "x"})]


def test_member_of_a_toolset(talk, upstream, kind: str):
    upstream.script(Reply(calls=(Call("computer__left_click", {"coordinate": [1, 2]}, id="c1"),)))
    said = talk(tools=[{"type": "computer_toolset_20260801", "configs": {"zoom": {"enabled": False}}}])
    if kind == "anthropic":
        assert said.told.body["tools"][0]["type"] == "computer_toolset_20260801"
        assert said.status == 200
        assert said.blocks
        return
    assert {"computer__left_click", "computer__screenshot"} <= set(said.told.tools)
    assert "computer__zoom" not in said.told.tools
    (block,) = said.blocks
    assert (block["name"], block["toolset_name"], block["input"]) == (
        "left_click",
        "computer",
        {"coordinate": [1, 2]},
    )


SERVED = {
    "web_search": "web_search_20250305",
    "web_fetch": "web_fetch_20250910",
}


@pytest.mark.parametrize("name", SERVED)
def test_search_that_nobody_can_do_is_answered_so(talk, upstream, kind: str, stream: bool, name: str):
    upstream.script(Reply(text="ok"))
    asked = {"role": "user", "content": "Perform a web search for the query: https://litestar.dev"}
    said = talk(stream=stream, tools=[{"type": SERVED[name], "name": name}], messages=[asked])
    if kind == "anthropic" or (kind, name) == ("responses", "web_search"):
        assert said.told.body["tools"][0]["type"] == (SERVED[name] if kind == "anthropic" else "web_search")
        assert said.text == "ok"
        return
    assert said.unasked
    use, result, _ = said.blocks
    assert (use["type"], use["name"]) == ("server_tool_use", name)
    assert result["type"] == f"{name}_tool_result"
    assert result["content"]["error_code"] == "unavailable"
    assert said.stopped == ("end_turn", None)


@pytest.mark.parametrize(
    "served",
    [
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "code_execution_20250825", "name": "code_execution"},
        {"type": "advisor_20260301", "name": "advisor", "model": "m"},
        {"type": "hologram_20300101", "name": "hologram"},
    ],
    ids=lambda tool: tool["name"],
)
def test_tool_of_anthropics_servers_beside_others_is_left_out(talk, upstream, kind: str, served: dict):
    upstream.script(Reply(text="ok"))
    said = talk(tools=[WEATHER, served])
    if kind == "anthropic":
        assert said.told.body["tools"] == [WEATHER, served]
    elif (kind, served["name"]) == ("responses", "web_search"):
        assert [tool["type"] for tool in said.told.body["tools"]] == ["web_search", "function"]
        assert said.warnings == []
    else:
        assert [*said.told.tools] == ["weather"]
        assert "dropped.tool" in said.warnings
    assert said.text == "ok"


def test_code_execution_that_is_forced_is_refused(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    tool = {"type": "code_execution_20250825", "name": "code_execution"}
    said = talk(tools=[tool], tool_choice={"type": "tool", "name": "code_execution"})
    if kind == "anthropic":
        assert said.told.body["tools"] == [tool]
        assert said.text == "ok"
    else:
        assert said.unasked
        assert said.refusal == (400, "invalid_request_error")


@pytest.mark.parametrize("kind", ["openai", "responses"])
def test_arguments_that_nobody_can_read_end_in_an_error(talk, upstream, kind: str):
    """Ollama's are an object, or its answer is no JSON at all."""
    upstream.script(Reply(calls=(Call("weather", '{"city": nowhere'),)))
    said = talk(tools=[WEATHER])
    assert [*said.told.tools] == ["weather"]
    assert said.refusal == (502, "api_error")
