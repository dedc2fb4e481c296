"""What Anthropic's side ran is shown as the result of an ordinary call."""

import json

import pytest

from gateway.anthropic import wire as a
from gateway.anthropic.conversation import server_tools
from gateway.anthropic.conversation.content_parts import (
    BlockLocation,
    ContentConverter,
    ImagePart,
    InputModalities,
)
from gateway.anthropic.notices import NoticeCollector
from gateway.anthropic.request.attachments import Attachments, PdfText

SEARCH = "web_search_tool_result"
CODE = "code_execution_tool_result"
BASH = "bash_code_execution_tool_result"
EDITOR = "text_editor_code_execution_tool_result"


def block(type_: str, content: object, **more: object) -> a.Unknown:
    whole = {"type": type_, "tool_use_id": "s", "content": content, **more}
    return a.Unknown(type_, a.Raw(json.dumps(whole).encode()))


def shown(type_: str, content: object, notes: NoticeCollector | None = None, **more: object) -> list:
    converter = ContentConverter(
        InputModalities(), notes or NoticeCollector(), Attachments(texts={"PDF": PdfText("[page 1]\nwords")})
    )
    return server_tools.result_content(
        block(type_, content, **more), converter, BlockLocation("messages.1.content.0")
    )


def test_search_results_are_numbered_with_the_text_that_can_be_read():
    hits = [
        {"url": "u", "title": "T", "encrypted_content": "gw1:c25pcHBldA", "page_age": None},
        {"url": "v", "title": "", "encrypted_content": "EqQ", "page_age": "2 days"},
        {"url": "w", "title": "W", "encrypted_content": "gw1:/w"},
    ]
    assert shown(SEARCH, hits) == ["1. T — u\nsnippet\n2. v — 2 days\n3. W — w"]
    assert shown(SEARCH, []) == ["(no results)"]


def test_fetched_page_is_its_url_and_its_document():
    source = {"type": "base64", "media_type": "application/pdf", "data": "PDF"}
    page = {"type": "web_fetch_result", "url": "u", "content": {"type": "document", "source": source}}
    assert shown("web_fetch_tool_result", page) == ["u", "<document>\n[page 1]\nwords\n</document>"]


@pytest.mark.parametrize(
    ("type_", "content", "text"),
    [
        (CODE, {"stdout": "o", "stderr": "e", "return_code": 2}, "exit code: 2\nstdout:\no\nstderr:\ne"),
        (BASH, {"return_code": 0, "content": [{"file_id": "f"}]}, "exit code: 0\nfile: f"),
        (
            CODE,
            {"type": "encrypted_code_execution_result", "encrypted_stdout": "zz", "return_code": 0},
            "exit code: 0\nstdout:\n[encrypted output]",
        ),
        (EDITOR, {"type": "x_view_result", "content": "line"}, "line"),
        (EDITOR, {"type": "x_create_result"}, "The file was created."),
        (EDITOR, {"type": "x_create_result", "is_file_update": True}, "The file was updated."),
        (EDITOR, {"type": "x_str_replace_result", "lines": ["-a", "+b"]}, "-a\n+b"),
        ("advisor_tool_result", {"type": "advisor_result", "text": "less"}, "less"),
        ("mcp_tool_result", "plain", "plain"),
        ("mcp_tool_result", "", "(no output)"),
        (SEARCH, {"type": "web_search_tool_result_error", "error_code": "unavailable"}, "Error: unavailable"),
        (
            EDITOR,
            {"error_code": "file_not_found", "error_message": "no such file"},
            "Error: no such file",
        ),
    ],
)
def test_every_result_is_text(type_: str, content: object, text: str):
    assert shown(type_, content) == [text]


def test_failed_mcp_call_is_an_error():
    texts = [{"type": "text", "text": "a"}, {"type": "text", "text": ""}, {"type": "text", "text": "b"}]
    assert shown("mcp_tool_result", texts, is_error=True) == ["Error: a", "b"]


@pytest.mark.parametrize("content", [3, [{"url": 3}], None])
def test_result_of_the_wrong_shape_is_no_output_with_a_notice(content: object):
    notes = NoticeCollector()
    assert shown(SEARCH, content, notes) == ["(no output)"]
    assert [notice.name for notice in notes.notices] == ["dropped.block"]


def test_calls_have_the_name_of_their_server():
    call = a.Unknown("mcp_tool_use", a.Raw(b'{"id":"m","name":"add","server_name":"srv","input":{"a":1}}'))
    use = server_tools.server_tool_use(call)
    assert use
    assert (use.full_name, bytes(use.input)) == ("srv__add", b'{"a":1}')
    assert server_tools.server_tool_use(a.Unknown("server_tool_use", a.Raw(b'{"id":3}'))) is None
    assert server_tools.server_tool_use(a.Unknown("hologram", a.Raw(b"{}"))) is None


def test_what_is_answered_but_not_shown():
    blocks = [
        block(SEARCH, [], tool_use_id="1"),
        block("advisor_tool_result", {"type": "advisor_redacted_result"}, tool_use_id="2"),
        block("tool_search_tool_result", {"tool_references": [{"tool_name": "t"}]}, tool_use_id="3"),
    ]
    assert server_tools.calls_with_results([a.Message("assistant", tuple(blocks))]) == {
        "1": True,
        "2": False,
        "3": False,
    }
    assert server_tools.loaded_tools(blocks[2]) == ["t"]
    assert server_tools.loaded_tools(blocks[0]) == []


def test_pictures_in_a_page_stay_pictures():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    source = {"type": "content", "content": [image]}
    page = {"url": "u", "content": {"type": "document", "source": source}}
    assert shown("web_fetch_tool_result", page)[2] == ImagePart("image/png", "AAAA")
