"""Scripts for the upstream: their types, as they travel over `POST /_script`.

A script is a queue of answers, rules that answer selected requests whatever their order, and a default:

- a request is first compared with the rules, in order; the first that matches and has an answer left is used
  (this distinguishes the requests of concurrent agents),
- then with the queue, which is used up in order,
- then the default is used; without one the request gets HTTP 500 and is listed as unscripted.

A `Reply` defines the content; it is rendered as a stream or a JSON object of Chat Completions, Responses,
Messages or Ollama by the path and the request's `stream`. A `Raw` defines the bytes to send.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Ending = Literal["done", "cut", "reset", "error", "stall"]
"""done: as the protocol says; cut: the connection is closed; reset: RST; error: an error in the stream;
stall: nothing more is sent and the connection stays open."""


class Call(msgspec.Struct, frozen=True):
    """A tool call. `arguments` is an object, or a string that is sent unchanged (for malformed JSON).

    `id` and `index` None: the field is left out. `index` -1: the call's position in the reply. `pieces`: into
    how many fragments the arguments are cut (OpenAI streams).
    """

    name: str
    arguments: dict[str, Any] | str = {}
    id: str | None = "call_1"
    index: int | None = -1
    pieces: int = 2
    signature: str = ""
    """Chat Completions: Gemini's thought signature."""

    @property
    def arguments_text(self) -> str:
        if isinstance(self.arguments, str):
            return self.arguments
        return msgspec.json.encode(self.arguments).decode()


class Usage(msgspec.Struct, frozen=True):
    prompt: int = 25
    completion: int = 7
    cached: int = 0
    reasoning: int = 0


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """One answer as a chat has it: reasoning, then text, then tool calls, then the end."""

    text: str = ""
    reasoning: str = ""
    encrypted: str = ""
    """Responses: the `encrypted_content` of the reasoning. Messages: the signature of the thinking."""
    details: tuple[dict[str, Any], ...] = ()
    """Chat Completions: its `reasoning_details`. Streams cut their texts, and a signature follows them."""
    calls: tuple[Call, ...] = ()
    think_tags: bool = False
    """The reasoning is in the content, between `<think>` tags."""
    reasoning_field: str = "reasoning_content"
    interleave: bool = False
    """The fragments of several calls alternate (OpenAI streams)."""
    finish: str | None = None
    """finish_reason / done_reason. None: the one that fits the content; empty: none is sent."""
    end_mark: bool = True
    """Whether `data: [DONE]` closes an OpenAI stream, `message_stop` one of Messages."""
    usage: Usage = Usage()
    usage_in: Literal["own", "last", "every", "none"] = "own"
    """OpenAI streams: a chunk of its own (if the request asked for it), the last one, every one, or none."""
    pieces: int = 3
    """Into how many chunks text and reasoning are cut."""
    delay: float = 0.0
    """Seconds before each content chunk."""
    before_headers: float = 0.0
    """Seconds of silence before the status line."""
    before_content: float = 0.0
    """Seconds of silence between the headers and the first chunk."""
    pause_after: int = 0
    """After this many content chunks ..."""
    pause: float = 0.0
    """... this many seconds of silence."""
    ending: Ending = "done"
    after: int | None = None
    """After how many content chunks an ending other than `done` occurs. None: after all of them."""
    error: str = "the model runner has crashed"
    """The message of the ending `error`."""
    split: int = 0
    """Send the body in separate writes of this many bytes. 0: one write per chunk."""


def _json_headers() -> dict[str, str]:
    return {"content-type": "application/json"}


class Raw(msgspec.Struct, frozen=True, tag="raw"):
    """One answer in bytes. In `chunks` a string is sent and a number is a pause in seconds."""

    status: int = 200
    headers: dict[str, str] = msgspec.field(default_factory=_json_headers)
    chunks: tuple[str | float, ...] = ()
    encoding: str = "utf-8"
    """The encoding of strings; `latin-1` can express any bytes."""
    before_headers: float = 0.0
    ending: Literal["done", "cut", "reset", "stall"] = "done"
    framing: Literal["length", "chunked", "none"] = "length"
    """none: no status line, no headers, only the chunks."""
    keep_alive: bool = True
    """False: the connection is closed after the answer, without a header that announces it."""


Answer = Reply | Raw


def refusal(status: int, message: str, *, code: str | None = None, **headers: str) -> Raw:
    """An error in OpenAI's shape; `retry_after="3"` becomes the header `retry-after: 3`."""
    body = {"error": {"message": message, "type": "upstream_error", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Raw(
        status=status,
        headers={"content-type": "application/json", **named},
        chunks=(msgspec.json.encode(body).decode(),),
    )


class When(msgspec.Struct, frozen=True):
    """Which requests a rule is for: all given conditions must hold."""

    last_user: str = ""
    """Contained in the text of the last user message."""
    anywhere: str = ""
    """Contained in the body, as sent."""
    system: str = ""
    """Contained in a system or developer message."""
    tool: str = ""
    """A tool of this name is offered."""
    without_tool: str = ""
    """No tool of this name is offered."""
    last_role: str = ""
    """The role of the last message."""
    path: str = ""
    stream: bool | None = None


class Rule(msgspec.Struct, frozen=True):
    when: When
    answers: tuple[Answer, ...]
    repeat: bool = False
    """The last answer is repeated indefinitely."""


class Script(msgspec.Struct, frozen=True):
    """`add`: append the answers and rules to those already set, instead of replacing them."""

    answers: tuple[Answer, ...] = ()
    rules: tuple[Rule, ...] = ()
    default: Answer | None = None
    add: bool = False
