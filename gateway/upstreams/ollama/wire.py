"""The wire format of Ollama's `/api/chat`.

The answer half has only the fields that the reader needs; every field may be absent or null.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

# ---------------------------------------------------------------- answer half


class CalledFunction(Struct, gc=False):
    """`index` is not read: it may be 0 for every call of an answer."""

    name: str | None = None
    arguments: Raw = Raw()


class CalledTool(Struct, gc=False):
    """Always a complete call."""

    id: str | None = None
    function: CalledFunction | None = None


class Reply(Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[CalledTool] | None = None


class Line(Struct, gc=False):
    """One line of a stream, or a whole answer. The server omits counts that are zero."""

    message: Reply | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Raw = Raw()


# --------------------------------------------------------------- request half
#
# Keys that are not set are left out. `stream`, `truncate` and `shift` default to true in the server, so they
# are always sent.


class SentFunction(Struct):
    """`arguments` is a JSON object: a string is a decode error in the server."""

    name: str
    arguments: Raw


class SentCall(Struct):
    id: str
    function: SentFunction


class SentMessage(Struct, omit_defaults=True):
    """`images` are base64 without a prefix."""

    role: str
    content: str
    thinking: str | UnsetType = UNSET
    images: list[str] | UnsetType = UNSET
    tool_calls: list[SentCall] | UnsetType = UNSET
    tool_name: str | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET


class FunctionDefinition(Struct):
    name: str
    description: str
    parameters: Raw


class SentTool(Struct):
    function: FunctionDefinition
    type: Literal["function"] = "function"


class Options(Struct, omit_defaults=True):
    """The model is loaded with `num_ctx`: a different value makes the server load it again."""

    num_ctx: int
    num_predict: int | UnsetType = UNSET
    stop: list[str] | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET


class NativeRequest(Struct, omit_defaults=True):
    model: str
    messages: list[SentMessage]
    stream: bool
    options: Options
    tools: list[SentTool] | UnsetType = UNSET
    think: bool | str | UnsetType = UNSET
    format: Raw | UnsetType = UNSET
    truncate: bool | UnsetType = UNSET
    shift: bool | UnsetType = UNSET
    keep_alive: int | UnsetType = UNSET
    """In seconds."""
