"""Content blocks, from each kind of upstream's side and from the client's."""

import base64

import pytest

from gateway.testing.samples import pdf, png
from gateway.testing.upstream import Reply

PICTURE = base64.b64encode(png(8, 8)).decode()
PDF = base64.b64encode(pdf("the secret word")).decode()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
PAPER = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
HELLO = {"role": "user", "content": "hello"}


def text(said: str) -> dict:
    return {"type": "text", "text": said}


def shown(*blocks: dict) -> list[dict]:
    return [{"role": "user", "content": [text("look:"), *blocks]}]


def loop(result: object, *more: dict, **flags: object) -> list[dict]:
    """A call and its result."""
    call = {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": 1}}
    given = {"type": "tool_result", "tool_use_id": "call_1", "content": result, **flags}
    return [HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [given, *more]}]


def test_image(talk, upstream, stream: bool):
    upstream.script(Reply(text="red"))
    said = talk(stream=stream, messages=shown(IMAGE))
    assert said.told.images == [PICTURE]
    assert said.told.said("user") == ["look:"]
    assert said.text == "red"


def test_image_in_a_tool_result(talk, upstream):
    upstream.script(Reply(text="red"))
    said = talk(messages=loop([text("here"), IMAGE]))
    assert said.told.images == [PICTURE]
    assert said.told.said("tool")[0].startswith("here")
    assert said.text == "red"


def test_image_for_a_model_that_sees_nothing(talk, upstream, kind: str):
    upstream.script(Reply(text="dark"))
    said = talk(model=f"{kind}-blind", messages=shown(IMAGE))
    if kind == "anthropic":
        assert said.told.images == [PICTURE]
    else:
        assert said.told.images == []
        assert "[image omitted: model has no vision]" in said.told.said("user")[0]
        assert "dropped.image" in said.warnings
    assert said.text == "dark"


def test_pdf(talk, upstream, kind: str):
    upstream.script(Reply(text="read"))
    said = talk(messages=shown(PAPER))
    if kind in ("responses", "anthropic"):
        assert said.told.files == [PDF]
    else:
        assert "the secret word" in said.told.said("user")[-1]
    assert said.text == "read"


def test_pdf_in_a_tool_result(talk, upstream, kind: str):
    upstream.script(Reply(text="read"))
    said = talk(messages=loop([text("here"), PAPER]))
    if kind in ("responses", "anthropic"):
        assert said.told.files == [PDF]
    else:
        assert "the secret word" in said.told.said("tool")[0]
    assert said.text == "read"


WORDS = [
    (
        {
            "type": "document",
            "title": "T",
            "source": {"type": "text", "media_type": "text/plain", "data": "a fact"},
        }
    ),
    ({"type": "document", "title": "T", "source": {"type": "content", "content": [text("a fact")]}}),
    ({"type": "search_result", "title": "T", "source": "https://s", "content": [text("a fact")]}),
]


@pytest.mark.parametrize("block", WORDS, ids=["text", "content", "search result"])
def test_documents_and_search_results_in_words(talk, upstream, kind: str, block: dict):
    upstream.script(Reply(text="read"), Reply(text="read"))
    for messages, role in ((shown(block), "user"), (loop([block]), "tool")):
        said = talk(messages=messages)
        if kind == "anthropic":
            assert said.told.body["messages"] == messages
        else:
            assert 'title="T"' in said.told.said(role)[-1]
            assert "a fact" in said.told.said(role)[-1]
        assert said.text == "read"


FILE = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
UPLOAD = {"type": "container_upload", "file_id": "file_1"}


@pytest.mark.parametrize("block", [FILE, UPLOAD], ids=["file_id", "container_upload"])
def test_uploaded_file_is_refused_where_it_is_new_and_named_elsewhere(talk, upstream, kind: str, block: dict):
    upstream.script(*[Reply(text="ok")] * 2)
    new = talk(messages=shown(block))
    old = talk(messages=[*shown(block), {"role": "assistant", "content": "hm"}, HELLO])
    if kind == "anthropic":
        assert new.told.body["messages"] == shown(block)
        assert (new.text, old.text) == ("ok", "ok")
        return
    assert new.unasked
    assert new.refusal == (400, "invalid_request_error")
    assert "file_1" in new.why
    assert "[file 'file_1' is not available]" in old.told.said("user")[0]
    assert "dropped.file" in old.warnings
    assert old.text == "ok"


def test_tool_result_that_is_an_error(talk, upstream, kind: str):
    upstream.script(Reply(text="sorry"))
    said = talk(messages=loop("no such file", is_error=True))
    assert said.told.calls == [("look", {"at": 1})]
    assert said.told.said("tool") == ["no such file" if kind == "anthropic" else "Error: no such file"]
    assert said.text == "sorry"


def test_results_go_in_the_order_of_the_calls_and_text_beside_them_stays(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    calls = [{"type": "tool_use", "id": f"call_{n}", "name": "look", "input": {"at": n}} for n in (1, 2)]
    results = [{"type": "tool_result", "tool_use_id": f"call_{n}", "content": f"r{n}"} for n in (2, 1)]
    turn = {"role": "user", "content": [*results, text("go on")]}
    said = talk(messages=[HELLO, {"role": "assistant", "content": calls}, turn])
    assert said.told.said("tool") == (["r2", "r1"] if kind == "anthropic" else ["r1", "r2"])
    assert said.told.said("user")[-1] == "go on"
    assert said.text == "ok"


def test_history_that_does_not_pair(talk, upstream, kind: str):
    """A call without a result and a result without a call, as interrupted sessions have them."""
    upstream.script(Reply(text="ok"))
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    late = {"type": "tool_result", "tool_use_id": "t9", "content": "late"}
    turns = [
        HELLO,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [text("stop"), late]},
    ]
    said = talk(messages=turns)
    if kind == "anthropic":
        assert said.told.body["messages"] == turns
    else:
        assert said.told.said("tool") == ["(no result: the call was interrupted)"]
        assert said.told.said("user")[-1] == "stop\n\n[result of unknown tool call t9]\nlate"
        assert "emulated.tool_result" in said.warnings
    assert said.text == "ok"


def test_what_server_tools_found_in_the_history(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    use = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
    page = {"type": "web_search_result", "url": "https://e.x", "title": "T", "encrypted_content": "zzz"}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [page]}
    mcp = {
        "type": "mcp_tool_use",
        "id": "mcptoolu_1",
        "name": "add",
        "server_name": "sums",
        "input": {"a": 1},
    }
    sum_ = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": False, "content": [text("2")]}
    turns = [HELLO, {"role": "assistant", "content": [use, result, mcp, sum_, text("so")]}, HELLO]
    said = talk(messages=turns)
    if kind == "anthropic":
        assert said.told.body["messages"] == turns
    else:
        assert said.told.calls == [("web_search", {"query": "q"}), ("sums__add", {"a": 1})]
        assert "https://e.x" in said.told.said("tool")[0]
        assert said.told.said("tool")[1] == "2"
        assert said.told.said("assistant") == ["so"]
    assert said.text == "ok"


def test_summary_stands_for_what_was_before_it(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    block = {"type": "compaction", "content": "Summary S", "signature": "of Anthropic's"}
    turns = [{"role": "user", "content": "old"}, {"role": "assistant", "content": [block]}, HELLO]
    said = talk(messages=turns)
    if kind == "anthropic":
        assert said.told.body["messages"] == turns
    else:
        summary = "<conversation-summary>\nSummary S\n</conversation-summary>\n\nhello"
        assert said.told.turns == [("user", summary)]
    assert said.text == "ok"


@pytest.mark.parametrize("model", ["openai", "hosted", "vllm", "responses", "ollama", "anthropic"])
def test_prefill_is_continued_or_refused(talk, upstream, model: str, kind: str, stream: bool):
    if kind != {"hosted": "openai", "vllm": "openai"}.get(model, model):
        model = kind
    upstream.script(Reply(text=" are blue"))
    said = talk(model=model, stream=stream, messages=[HELLO, {"role": "assistant", "content": "Roses"}])
    if model in ("openai", "hosted", "responses"):
        assert said.unasked
        assert said.refusal == (400, "invalid_request_error")
        assert said.why.startswith("This model does not support assistant message prefill.")
        return
    assert said.told.turns[-1] == ("assistant", "Roses")
    assert (said.told.body.get("continue_final_message"), said.text) == (
        True if model == "vllm" else None,
        " are blue",
    )


def test_block_of_an_unknown_type(talk, upstream, kind: str):
    upstream.script(Reply(text="ok"))
    blocks = [{"type": "hologram", "beam": 1}, {"type": "connector_text", "text": "words"}]
    said = talk(messages=shown(*blocks))
    if kind == "anthropic":
        assert said.told.body["messages"] == shown(*blocks)
    else:
        assert said.told.said("user") == ["look:\n\nwords"]
        assert "dropped.block" in said.warnings
    assert said.text == "ok"
