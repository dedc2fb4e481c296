"""Calls that Anthropic's side ran (server tools, MCP) and their results in the history -> ordinary ones.

    server_tool_use, mcp_tool_use              -> a call (`<server>__<name>` for MCP)
    web_search_tool_result                     -> 1. title — url — age, and the text if it is readable
    web_fetch_tool_result                      -> the url and the document
    code_execution, bash and editor results    -> exit code, stdout, stderr; the file's text
    advisor_tool_result                        -> its text
    mcp_tool_result                            -> its text
    tool_search_tool_result                    -> nothing: its tools are offered (see `toolset`)

Malformed blocks are left out with a notice: upstreams do not need these blocks.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Raw, Struct

from gateway.anthropic import wire as a
from gateway.anthropic.conversation.content_parts import BlockLocation, ContentConverter, ContentPart
from gateway.anthropic.conversation.documents import document

GATEWAY_RESULT = "gw1:"
"""Prefix of a search result's text, in base64url, if this gateway wrote it."""


class ServerToolUse(Struct, frozen=True):
    """A call that the client does not answer."""

    id: str
    name: str
    input: Raw = Raw(b"{}")
    server_name: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.server_name}__{self.name}" if self.server_name else self.name


class _Head(Struct, frozen=True):
    tool_use_id: str = ""
    content: Raw = Raw()
    is_error: bool | None = None


class _Kind(Struct, frozen=True):
    """Shared by the contents of results: their type and error."""

    type: str = ""
    error_code: str = ""
    error_message: str | None = None


class _Hit(Struct, frozen=True):
    url: str = ""
    title: str = ""
    encrypted_content: str = ""
    page_age: str | None = None


class _Page(Struct, frozen=True):
    url: str = ""
    content: a.Document | None = None


class _File(Struct, frozen=True):
    file_id: str = ""


class _Ran(Struct, frozen=True):
    return_code: int = 0
    stdout: str = ""
    stderr: str = ""
    encrypted_stdout: str | None = None
    content: list[_File] = []


class _Edited(Struct, frozen=True):
    type: str = ""
    content: str = ""
    is_file_update: bool = False
    lines: list[str] | None = None


class _Advice(Struct, frozen=True):
    text: str = ""


class _Reference(Struct, frozen=True):
    tool_name: str = ""


class _Found(Struct, frozen=True):
    tool_references: list[_Reference] = []


class _McpText(Struct, frozen=True):
    text: str = ""


_USE = msgspec.json.Decoder(ServerToolUse)
_HEAD = msgspec.json.Decoder(_Head)
_KIND = msgspec.json.Decoder(_Kind)
_HITS = msgspec.json.Decoder(list[_Hit])
_PAGE = msgspec.json.Decoder(_Page)
_RAN = msgspec.json.Decoder(_Ran)
_EDITED = msgspec.json.Decoder(_Edited)
_ADVICE = msgspec.json.Decoder(_Advice)
_FOUND = msgspec.json.Decoder(_Found)
_MCP_CONTENT = msgspec.json.Decoder(str | list[_McpText])


def server_tool_use(block: a.Unknown) -> ServerToolUse | None:
    """None for a block that is not such a call."""
    if block.type not in ("server_tool_use", "mcp_tool_use"):
        return None
    try:
        return _USE.decode(block.raw)
    except msgspec.ValidationError:
        return None


def calls_with_results(messages: Iterable[a.Message]) -> Mapping[str, bool]:
    """The ids of calls that have a result -> whether it is shown."""
    found: dict[str, bool] = {}
    for message in messages:
        for block in message.content:
            if isinstance(block, a.Unknown) and (id_ := call_id_of_result(block)):
                found[id_] = _is_shown(block)
    return found


def call_id_of_result(block: a.Unknown) -> str:
    """The call id of a result block; empty for any other block."""
    return _head(block).tool_use_id if block.type in _RESULTS or block.type == SEARCHED else ""


def loaded_tools(block: a.Unknown) -> list[str]:
    """The tools that a tool search found."""
    try:
        found = _FOUND.decode(_head(block).content)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return []
    return [reference.tool_name for reference in found.tool_references if reference.tool_name]


def fetched_page(block: a.Unknown) -> a.Document | None:
    """The document in the result of a fetch."""
    if block.type != "web_fetch_tool_result":
        return None
    try:
        return _PAGE.decode(_head(block).content).content
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None


def result_content(block: a.Unknown, converter: ContentConverter, place: BlockLocation) -> list[ContentPart]:
    """The content of a result for the model."""
    head, inside = _head(block), place.below("content")
    try:
        kind = _KIND.decode(head.content) if bytes(head.content).startswith(b"{") else _Kind()
        if kind.error_code:
            return [f"Error: {kind.error_message or kind.error_code}"]
        parts = _RESULTS[block.type](head.content, converter, inside)
    except (msgspec.ValidationError, msgspec.DecodeError):
        converter.notices.add("dropped.block", block.type)
        return ["(no output)"]
    if head.is_error and parts and isinstance(first := parts[0], str):
        return [f"Error: {first}", *parts[1:]]
    return parts


def _head(block: a.Unknown) -> _Head:
    try:
        return _HEAD.decode(block.raw)
    except msgspec.ValidationError:
        return _Head()


def _is_shown(block: a.Unknown) -> bool:
    """False for encrypted advice and for the results of a tool search."""
    if block.type == "advisor_tool_result":
        return b'"advisor_redacted_result"' not in bytes(block.raw)
    return block.type != SEARCHED


def searched_here(content: Raw) -> str:
    """The hits of a search by an upstream of this gateway, as text; empty for any other search."""
    try:
        hits = _HITS.decode(content)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return ""
    return _listed(hits) if any(hit.encrypted_content.startswith(GATEWAY_RESULT) for hit in hits) else ""


def _hits(content: Raw, _: ContentConverter, __: BlockLocation) -> list[ContentPart]:
    return [_listed(_HITS.decode(content)) or "(no results)"]


def _listed(hits: list[_Hit]) -> str:
    return "\n".join(_hit(number, hit) for number, hit in enumerate(hits, 1))


def _hit(number: int, hit: _Hit) -> str:
    line = f"{number}. " + " — ".join(filter(None, (hit.title, hit.url, hit.page_age)))
    text = _unpacked(hit.encrypted_content)
    return f"{line}\n{text}" if text else line


def _unpacked(sealed: str) -> str:
    if not sealed.startswith(GATEWAY_RESULT):
        return ""
    coded = sealed[len(GATEWAY_RESULT) :]
    try:
        return urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (Base64Error, ValueError):
        return ""


def _page(content: Raw, converter: ContentConverter, place: BlockLocation) -> list[ContentPart]:
    page = _PAGE.decode(content)
    parts = document(page.content, converter, place.below("content")) if page.content else []
    return [page.url, *parts]


def _ran(content: Raw, _: ContentConverter, __: BlockLocation) -> list[ContentPart]:
    ran = _RAN.decode(content)
    stdout = ran.stdout if ran.encrypted_stdout is None else "[encrypted output]"
    lines = [f"exit code: {ran.return_code}"]
    lines += [f"{name}:\n{text}" for name, text in (("stdout", stdout), ("stderr", ran.stderr)) if text]
    lines += [f"file: {file.file_id}" for file in ran.content]
    return ["\n".join(lines)]


def _edited(content: Raw, _: ContentConverter, __: BlockLocation) -> list[ContentPart]:
    edited = _EDITED.decode(content)
    if edited.type.endswith("_create_result"):
        return ["The file was updated." if edited.is_file_update else "The file was created."]
    return [edited.content or "\n".join(edited.lines or ()) or "(no output)"]


def _advice(content: Raw, _: ContentConverter, __: BlockLocation) -> list[ContentPart]:
    return [_ADVICE.decode(content).text or "(no output)"]


def _mcp_result(content: Raw, _: ContentConverter, __: BlockLocation) -> list[ContentPart]:
    value = _MCP_CONTENT.decode(content or b'""')
    texts = [value] if isinstance(value, str) else [block.text for block in value]
    return list(filter(None, texts)) or ["(no output)"]


SEARCHED = "tool_search_tool_result"
_RESULTS: Mapping[str, Callable[[Raw, ContentConverter, BlockLocation], list[ContentPart]]] = {
    "web_search_tool_result": _hits,
    "web_fetch_tool_result": _page,
    "code_execution_tool_result": _ran,
    "bash_code_execution_tool_result": _ran,
    "text_editor_code_execution_tool_result": _edited,
    "advisor_tool_result": _advice,
    "mcp_tool_result": _mcp_result,
}
