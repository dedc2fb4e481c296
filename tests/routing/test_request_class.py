"""What a request is for is said by a header, else guessed, and a guess is never bold."""

import pytest

from gateway.routing.request_class import HEADER, classify_request

SESSION = {"x-claude-code-session-id": "7a1b"}
AGENT = {**SESSION, "x-claude-code-agent-id": "a1b2c3"}
TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]
SEARCH = [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]
LONG = "x" * 2_000
SUMMARISE = (
    "Your task is to create a detailed summary of the conversation so far, paying close attention to ..."
)


def title(*names: str) -> dict[str, object]:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}, "system": LONG}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("main", "main"),
        ("subagent", "subagent"),
        ("compaction", "compaction"),
        ("auxiliary", "auxiliary"),
        ("workflow", "subagent"),
        ("side_reply", "main"),
    ],
)
def test_header_says_it(asking, header: str, name: str) -> None:
    found = classify_request(asking(headers={**AGENT, HEADER: header}))
    assert (found.name, found.guessed) == (name, False)


def test_class_that_is_not_known_is_guessed(asking) -> None:
    found = classify_request(asking(headers={**AGENT, HEADER: "something_new"}))
    assert (found.name, found.guessed) == ("subagent", True)


@pytest.mark.parametrize(
    ("headers", "body", "name"),
    [
        (AGENT, {"tools": TOOLS}, "subagent"),
        (SESSION, {"tools": [], **title("title")}, "auxiliary"),
        (SESSION, {"tools": TOOLS, **title("title")}, "main"),
        (SESSION, title("title", "body"), "main"),
        (
            SESSION,
            {"output_config": {"format": {"type": "json_schema", "schema": 5}}, "system": LONG},
            "main",
        ),
        (SESSION, {}, "auxiliary"),
        (SESSION, {"system": LONG}, "main"),
        (SESSION, {"tools": TOOLS}, "main"),
        (SESSION, {"tools": SEARCH, "system": LONG}, "auxiliary"),
        (SESSION, {"tools": [*SEARCH, *TOOLS]}, "main"),
        ({}, {"tools": SEARCH}, "main"),
        ({}, {}, "main"),
        ({}, title("title"), "main"),
    ],
)
def test_the_rest_is_guessed(asking, headers, body, name: str) -> None:
    found = classify_request(asking(headers=headers, **body))
    assert (found.name, found.guessed) == (name, True)
    assert found.because


KEPT = {"metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"7a1b"}'}}
ATTRIBUTED = [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli;"}]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (KEPT, "auxiliary"),
        ({"system": ATTRIBUTED}, "auxiliary"),
        ({**KEPT, **title("title")}, "auxiliary"),
        ({"metadata": {"user_id": "customer-7"}}, "main"),
        ({**KEPT, "tools": TOOLS}, "main"),
    ],
)
def test_a_body_of_claude_code_without_its_headers_is_guessed_at(asking, body, name: str) -> None:
    assert classify_request(asking(**body)).name == name


def said(*texts: str, role: str = "user") -> dict[str, object]:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        ([said("hi"), said("hello", role="assistant"), said(SUMMARISE)], "compaction"),
        ([said("Tool loaded.", SUMMARISE)], "compaction"),
        ([said(SUMMARISE), said("a reminder", role="system")], "compaction"),
        ([said(SUMMARISE), said("done", role="assistant"), said("thanks")], "main"),
        ([said(SUMMARISE, "and now?")], "main"),
        ([said("What does `create a detailed summary of` mean here?")], "main"),
    ],
)
def test_compaction_is_guessed_from_the_last_text_of_the_last_user_message(asking, messages, name) -> None:
    found = classify_request(asking(headers=SESSION, system=LONG, tools=TOOLS, messages=messages))
    assert found.name == name


def test_instruction_beside_tool_results_is_seen(asking) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}
    messages = [{"role": "user", "content": [result, {"type": "text", "text": SUMMARISE}]}]
    assert classify_request(asking(headers=SESSION, tools=TOOLS, messages=messages)).name == "compaction"
