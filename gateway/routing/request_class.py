"""The class of a request: the main thread, a subagent, a compaction, or an auxiliary question.

- Claude Code sends it in a header if `CLAUDE_CODE_GATEWAY_HINT_HEADERS=1` is set. Of its finer classes a
  workflow's agents count as subagents, and a side reply as the main thread, whose history it has.
- Otherwise it is guessed, conservatively: an agent's id means a subagent; only tools of Anthropic's servers,
  or no tools and the schema of a title or a tiny body, an auxiliary request; Claude Code's own instruction a
  compaction; everything else is main.
- Only requests of Claude Code are classified by guess: an application's short question without tools is its
  main work. They are recognised by their session header, or by the session or the attribution line in their
  body.
"""

from __future__ import annotations

import msgspec
from attrs import frozen

from gateway.anthropic import wire as a
from gateway.anthropic.request.system_prompt import ATTRIBUTION
from gateway.anthropic.tools.available import is_usable
from gateway.inbound import Inbound
from gateway.settings.models import RequestClass

HEADER = "x-claude-code-request-class"
TINY = 1_000
"""Bytes: Claude Code's smallest main-thread request, without any tools, has 1,195."""
_BY_HEADER: dict[str, RequestClass] = {
    "main": "main",
    "subagent": "subagent",
    "compaction": "compaction",
    "auxiliary": "auxiliary",
    "workflow": "subagent",
    "side_reply": "main",
}
_COMPACTION = "Your task is to create a detailed summary of"


@frozen
class RequestClassification:
    """`because`: how the class was determined; `guessed` if no header has it."""

    name: RequestClass
    guessed: bool
    because: str


def classify_request(inbound: Inbound) -> RequestClassification:
    header = inbound.headers.get(HEADER, "")
    if header in _BY_HEADER:
        return RequestClassification(_BY_HEADER[header], guessed=False, because=f"{HEADER}: {header}")
    name, because = _guess(inbound)
    return RequestClassification(name, guessed=True, because=because)


def request_class(inbound: Inbound) -> RequestClass:
    return _BY_HEADER.get(inbound.headers.get(HEADER, "")) or _guess(inbound)[0]


def _guess(inbound: Inbound) -> tuple[RequestClass, str]:
    request = inbound.request
    if inbound.agent:
        return "subagent", "it has an agent's id"
    if not inbound.session and not _has_its_marks(request):
        return "main", "it is not from Claude Code"
    if request.tools and not any(map(is_usable, request.tools)):
        return "auxiliary", "Anthropic's server is to run its only tools"
    if not request.tools and _asks_for_a_title(request):
        return "auxiliary", "it has no tools and asks for a title"
    if not request.tools and len(inbound.body) < TINY:
        return "auxiliary", f"it has no tools and {len(inbound.body)} bytes"
    if _asks_for_a_summary(request):
        return "compaction", "its last message is the instruction to summarise the conversation"
    return "main", "nothing says otherwise"


def _has_its_marks(request: a.MessagesRequest) -> bool:
    """A body of Claude Code without its headers, for example one saved in a file."""
    user_id = request.metadata_user_id
    return (user_id is not None and '"session_id"' in user_id) or any(
        text.startswith(ATTRIBUTION) for text in request.system[:1]
    )


class _Schema(msgspec.Struct):
    properties: dict[str, msgspec.Raw] = {}


class _Format(msgspec.Struct):
    schema: _Schema = msgspec.field(default_factory=_Schema)


_FORMAT = msgspec.json.Decoder(_Format)


def _asks_for_a_title(request: a.MessagesRequest) -> bool:
    """Claude Code requests a conversation title by an answer of the shape `{title}`."""
    config = request.output_config
    if config is None or not bytes(config.format):
        return False
    try:
        return list(_FORMAT.decode(config.format).schema.properties) == ["title"]
    except msgspec.MsgspecError:
        return False


def _asks_for_a_summary(request: a.MessagesRequest) -> bool:
    """The instruction is the last text of the last user message, also after tool results."""
    last = next((message for message in reversed(request.messages) if message.role == "user"), None)
    texts = [block.text for block in last.content if isinstance(block, a.Text)] if last else []
    return bool(texts) and _COMPACTION in texts[-1]
