"""Which answer a request gets: the state behind a script."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec
from attrs import define, field

from gateway.testing.script import Answer, Rule, Script, When


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: str = ""
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    function: _Function = msgspec.field(default_factory=_Function)


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class Asked(msgspec.Struct):
    """The little of a chat request that the upstream itself looks at."""

    model: str = ""
    stream: bool | None = None
    messages: list[_Message] = []
    tools: list[_Tool] | None = None
    stream_options: _StreamOptions | None = None

    @property
    def usage_wanted(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


_decoder = msgspec.json.Decoder(Asked)


def read(body: bytes) -> Asked:
    """A body that is no chat request at all counts as an empty one."""
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        return Asked()


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
class Director:
    """Hands out the answers of the script that was set last."""

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

    def choose(self, path: str, body: bytes, asked: Asked) -> Answer | None:
        for live in self._rules:
            if matches(live.rule.when, path, body, asked) and (answer := live.take()):
                return answer
        return self._queue.popleft() if self._queue else self._default

    @property
    def left(self) -> int:
        """How many answers of the queue nobody asked for."""
        return len(self._queue)


def matches(when: When, path: str, body: bytes, asked: Asked) -> bool:
    tools = {tool.function.name for tool in asked.tools or ()}
    return all(
        (
            not when.path or when.path == path,
            when.stream is None or when.stream == bool(asked.stream),
            not when.tool or when.tool in tools,
            not when.without_tool or when.without_tool not in tools,
            not when.last_role or (bool(asked.messages) and asked.messages[-1].role == when.last_role),
            when.last_user in _last(asked.messages, "user"),
            not when.system or any(when.system in text for text in _texts(asked, ("system", "developer"))),
            when.anywhere.encode() in body,
        )
    )


def _texts(asked: Asked, roles: Iterable[str]) -> list[str]:
    return [message.text for message in asked.messages if message.role in roles]


def _last(messages: list[_Message], role: str) -> str:
    return next((message.text for message in reversed(messages) if message.role == role), "")
