"""The replies of a provider of kind `scripted`, as frozen values: the names of the test upstream's scripts.

Names have the same meaning as in `gateway.testing.script` (`test_yaml_and_test_upstream_speak_one_language`);
there a script travels to a test server, here it is parsed as strictly as all settings.

The string under a field is its description, as in models.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from attrs import field, frozen

from gateway.settings.loading.units import (
    Arguments,
    Bounds,
    CountOf,
    Delay,
    Pattern,
    Patterns,
    PieceCount,
    Pieces,
    TokenCount,
)

Ending = Literal["done", "cut", "reset", "error", "stall"]
Finish = Literal["stop", "length", "tool_calls", "content_filter"]


@frozen
class ScriptedWhen:
    """Which requests a reply is for: all conditions that are set must hold."""

    last_user: Pattern = ""
    """Contained in the text of the last user message, tool results included; or a regular expression as
    `/.../` or `regex:...` that matches anywhere in it. Example: `weather`."""
    anywhere: str = ""
    """Contained in the body, as sent. Example: `sub-task 7`."""
    system: str = ""
    """Contained in the system prompt. Example: `You are a reviewer`."""
    tool: str = ""
    """A tool of this name is offered. Example: `get_weather`."""
    without_tool: str = ""
    """No tool of this name is offered. Example: `Bash`."""
    last_role: str = ""
    """The role of the last message. Example: `assistant`."""
    stream: bool | None = None
    """Whether a stream is requested. Example: `true`."""
    model: Patterns = ()
    """The model's name as the client sent it: an exact name, a shell pattern, or a regular expression; or a
    list of these. Example: `claude-haiku-*`."""


@frozen
class ScriptedCall:
    """A tool call."""

    name: str
    """The tool's name. Example: `get_weather`."""
    arguments: Arguments = field(factory=dict[str, object])
    """A mapping; or text that is sent unchanged, for malformed JSON. Example: `{city: Oslo}`."""
    id: str | None = None
    """If it is left out, a new one is generated. Example: `call_1`."""
    pieces: Pieces = 2
    """Into how many fragments the arguments are split. Example: `5`."""


@frozen
class ScriptedUsage:
    """The token counts of a reply."""

    prompt: TokenCount = 25
    """Tokens of the prompt, those from a cache included. Example: `1200`."""
    completion: TokenCount = 7
    """Tokens of the answer. Example: `80`."""
    cached: TokenCount = 0
    """Tokens of the prompt that came from a cache. Example: `1000`."""
    reasoning: TokenCount = 0
    """Tokens of the answer that were reasoning. Example: `40`."""


@frozen
class ScriptedRefusal:
    """An error instead of an answer."""

    status: Annotated[int, Bounds(400, 599)]
    """The HTTP status that the client gets, if the API has it; else 400 or 500. Example: `529`."""
    message: str = "the script refuses this request"
    """The message of the error. Example: `Overloaded`."""
    retry_after: Annotated[int, CountOf("seconds"), Bounds(1)] | None = None
    """Seconds, for statuses 429, 503 and 529. Example: `3`."""


@frozen
class ScriptedReply:
    """One answer: reasoning, then text, then tool calls, then the end."""

    when: ScriptedWhen = ScriptedWhen()
    """Which requests it is for; if it is left out, any. Example: `{last_user: weather}`."""
    repeat: bool = False
    """Whether it is sent repeatedly, not once. Example: `true`."""
    text: str = ""
    """The text of the answer. Example: `Hello!`."""
    reasoning: str = ""
    """The reasoning before it. Example: `The user greets me.`"""
    calls: tuple[ScriptedCall, ...] = ()
    """Its tool calls. Example: `[{name: get_weather, arguments: {city: Oslo}}]`."""
    refusal: ScriptedRefusal | None = None
    """An error instead of an answer. Example: `{status: 429, retry_after: 3}`."""
    finish: Finish | None = None
    """The stop reason; if it is left out, the one that fits the content. Example: `length`."""
    usage: ScriptedUsage = ScriptedUsage()
    """Its token counts. Example: `{prompt: 1200, completion: 80}`."""
    pieces: Pieces = 3
    """Into how many pieces text and reasoning are split. Example: `20`."""
    delay: Delay = 0.0
    """Silence before each piece. Example: `50ms`."""
    before_headers: Delay = 0.0
    """Silence before the answer begins. Example: `2s`."""
    before_content: Delay = 0.0
    """Silence between its beginning and the first piece. Example: `2s`."""
    pause_after: PieceCount = 0
    """After this many pieces ... Example: `2`."""
    pause: Delay = 0.0
    """... a silence of this length. Example: `30s`."""
    ending: Ending = "done"
    """`done`: a normal end; `cut` and `reset`: the connection breaks; `error`: an error inside the answer;
    `stall`: nothing more is sent until a timeout. Example: `cut`."""
    after: PieceCount | None = None
    """After how many pieces an ending other than `done` occurs; if it is left out, after all of them.
    Example: `1`."""
    error: str = "the model runner has crashed"
    """The message of the ending `error`. Example: `out of memory`."""
