"""The state of a script: selects the answer to each request."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec
from attrs import define, field

from gateway.testing.script import Answer, Rule, Script, When


class _Part(msgspec.Struct):
    text: str = ""
    type: str = ""


class _Message(msgspec.Struct):
    """A message, or an input item of Responses: tool results there have a type instead of a role.

    In Messages they are parts of the user's message.
    """

    role: str = ""
    content: str | list[_Part] | None = None
    type: str = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    """`name` is used in Responses."""

    function: _Function = msgspec.field(default_factory=_Function)
    name: str = ""


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class ChatRequestSummary(msgspec.Struct):
    """The fields of a chat request that the upstream itself reads."""

    model: str = ""
    stream: bool | None = None
    messages: list[_Message] = []
    system: str | list[_Part] | None = None
    input: str | list[_Message] = []
    instructions: str = ""
    tools: list[_Tool] | None = None
    stream_options: _StreamOptions | None = None

    @property
    def talk(self) -> list[_Message]:
        """The messages, in any of the protocols."""
        if not self.input:
            told = [_Message("system", self.system)] if self.system else []
            return told + [one for message in self.messages for one in _apart(message)]
        said = [_Message("user", self.input)] if isinstance(self.input, str) else self.input
        for item in said:
            item.role = item.role or _ROLES.get(item.type, "")
        return [_Message("system", self.instructions), *said]

    @property
    def usage_wanted(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


def _apart(message: _Message) -> list[_Message]:
    """The tool results in the user's parts, and the user's other content, as separate messages."""
    if not isinstance(message.content, list):
        return [message]
    said = [part for part in message.content if part.type != "tool_result"]
    if len(said) == len(message.content):
        return [message]
    return [_Message("tool"), *([_Message("user", said)] if said else [])]


_ROLES = {"function_call": "assistant", "function_call_output": "tool", "reasoning": "assistant"}
_decoder = msgspec.json.Decoder(ChatRequestSummary)


def read_chat_request(body: bytes) -> ChatRequestSummary:
    """A body that is not a chat request counts as an empty one."""
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        return ChatRequestSummary()


@define
class _LiveRule:
    rule: Rule
    left: deque[Answer]

    def take(self) -> Answer | None:
        if not self.left:
            return None
        if self.rule.repeat and len(self.left) == 1:
            return self.left[0]
        return self.left.popleft()


@define
class ScriptPlayer:
    """Selects the answers of the last script that was set."""

    _queue: deque[Answer] = field(factory=deque[Answer])
    _rules: list[_LiveRule] = field(factory=list[_LiveRule])
    _default: Answer | None = None

    def set(self, script: Script) -> None:
        if not script.add:
            self._queue.clear()
            self._rules.clear()
            self._default = None
        self._queue.extend(script.answers)
        self._rules += [_LiveRule(rule, deque(rule.answers)) for rule in script.rules]
        self._default = script.default or self._default

    def choose(self, path: str, body: bytes, asked: ChatRequestSummary) -> Answer | None:
        for live in self._rules:
            if matches_rule(live.rule.when, path, body, asked) and (answer := live.take()):
                return answer
        return self._queue.popleft() if self._queue else self._default

    @property
    def left(self) -> int:
        """How many answers of the queue were not used."""
        return len(self._queue)


def matches_rule(when: When, path: str, body: bytes, asked: ChatRequestSummary) -> bool:
    tools = {tool.function.name or tool.name for tool in asked.tools or ()}
    talk = asked.talk
    return all(
        (
            not when.path or when.path == path,
            when.stream is None or when.stream == bool(asked.stream),
            not when.tool or when.tool in tools,
            not when.without_tool or when.without_tool not in tools,
            not when.last_role or (bool(talk) and talk[-1].role == when.last_role),
            when.last_user in _last(talk, "user"),
            not when.system or any(when.system in text for text in _texts(asked, ("system", "developer"))),
            when.anywhere.encode() in body,
        )
    )


def _texts(asked: ChatRequestSummary, roles: Iterable[str]) -> list[str]:
    return [message.text for message in asked.talk if message.role in roles]


def _last(messages: list[_Message], role: str) -> str:
    return next((message.text for message in reversed(messages) if message.role == role), "")
