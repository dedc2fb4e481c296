"""Reduces an answer with a JSON schema to one text that is exactly that JSON.

Rules:
- Code fences and text around the JSON are removed. A stream passes from the beginning of the JSON to its end;
  a stream that begins differently, or must be validated or changed, is first read to its end.
- Nulls that stand for omitted properties are deleted.
- An answer whose schema was only in the prompt is validated: if it does not match, the model gets the errors
  and is asked again, and the usage of both answers is added. The second answer is passed on in any case.
- Text before a tool call or before a result of a server's own tool is not the answer, and a truncated answer
  is not processed: they are passed on unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from attrs import Factory, define, evolve, field
from msgspec import structs

from gateway.anthropic import wire as a
from gateway.anthropic.request.attachments import Attachments
from gateway.anthropic.response.stop_reason import total_usage
from gateway.codecs.buffer_limit import BufferLimit
from gateway.codecs.json_scanner import JsonScanner
from gateway.errors import UpstreamFailed
from gateway.inbound import Inbound
from gateway.parts import (
    Finish,
    FinishReason,
    Notice,
    Part,
    PassthroughBlock,
    PassthroughEvent,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from gateway.schemas.extract_json import ExtractedJson, extract_json
from gateway.schemas.schema import types
from gateway.upstreams.base import Attempt, Target
from gateway.upstreams.upstream_request import AnswerSchema, UpstreamRequest


async def open_attempt(inbound: Inbound, target: Target, attachments: Attachments) -> Attempt:
    """The target's attempt, unchanged unless its answer must have a format."""

    async def ask(inbound: Inbound) -> Attempt:
        return await target.adapter.open(inbound, target, attachments)

    attempt = await ask(inbound)
    form = attempt.request.format
    return attempt if form is None else StructuredAttempt(attempt.request, attempt, form, inbound, ask)


AskAgain = Callable[[Inbound], Coroutine[Any, Any, Attempt]]


@define
class StructuredAttempt:
    request: UpstreamRequest
    _attempt: Attempt
    _form: AnswerSchema
    _inbound: Inbound
    _ask: AskAgain
    _answer: StructuredAnswer = field(init=False)
    _second: bool = False

    def __attrs_post_init__(self) -> None:
        self._answer = StructuredAnswer(self._form, whole=not self._inbound.request.stream)

    @property
    def has_data(self) -> bool:
        return self._attempt.has_data

    async def read(self) -> list[Part] | None:
        parts = await self._attempt.read()
        if parts is None:
            return None
        given = [out for part in parts for out in self._answer.take(part)]
        wrong = self._answer.wrong
        return given if wrong is None else [*given, *await self._again(wrong)]

    async def close(self) -> None:
        await self._attempt.close()

    async def _again(self, wrong: str) -> list[Part]:
        """Ask again, or return the answer so far."""
        first = self._answer
        if self._second:
            return first.given_up()
        self._second = True
        try:
            attempt = await self._ask(_correction_request(self._inbound, first.text, wrong))
        except UpstreamFailed:
            return first.given_up()
        await self._attempt.close()
        self._attempt = attempt
        self._answer = StructuredAnswer(self._form, whole=True, before=first.usage)
        return [Notice("repaired.structured_output", f"asked again: {wrong}")]


def _correction_request(inbound: Inbound, text: str, wrong: str) -> Inbound:
    """The same request, followed by the wrong answer and its errors."""
    request = inbound.request
    answer = (a.Message("assistant", (a.Text(text),)),) if text.strip() else ()
    correction = a.Text(
        f"Your answer does not match the schema: {wrong}. "
        "Answer again, with the corrected JSON and nothing else."
    )
    messages = (*request.messages, *answer, a.Message("user", (correction,)))
    return evolve(inbound, request=structs.replace(request, messages=messages))


@define
class StructuredAnswer:
    """The parts of one answer. `whole`: its text is buffered to its end.

    `wrong` is set at the end of an answer that does not match: the caller asks again, or takes `given_up`.
    """

    _form: AnswerSchema
    whole: bool
    before: Usage = Factory(Usage)
    """The usage of an earlier answer to the same request."""
    usage: Usage = Factory(Usage)
    wrong: str | None = None
    _opening: tuple[str, ...] = ("{", "[")
    _texts: list[str] = Factory(list[str])
    """The text so far, if it is buffered."""
    _kept: BufferLimit = Factory(BufferLimit)
    _first: str = ""
    """Its first character that is not white space."""
    _root: JsonScanner | None = None
    """While a stream passes: scans its text for the end of the JSON."""
    _over: bool = False
    _behind: bool = False
    """Text followed the JSON."""
    _called: bool = False
    _read: ExtractedJson | None = None
    _end: Finish = Factory(Finish)

    def __attrs_post_init__(self) -> None:
        self.whole = self.whole or self._form.nulls or self._form.checked
        if not self.whole and types(msgspec.json.decode(self._form.schema)) == ["object"]:
            self._opening = ("{",)

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def take(self, part: Part) -> list[Part]:
        match part:
            case TextDelta():
                return self._text(part)
            case Usage():
                self.usage = total_usage(self.before, part)
                return [self.usage]
            case ToolCallDelta():
                self._called = True
                return [*self._as_it_is(), part]
            case PassthroughBlock():
                return [*self._begin_again(), part]
            case Finish():
                return self._finish(part)
            case (
                ReasoningDelta() | Notice() | PassthroughEvent() | StreamError()
            ):  # text buffered before an error is not an answer
                return [part]

    def given_up(self) -> list[Part]:
        """The answer although it does not match."""
        text = self._read.text if self._read else self.text
        return [
            Notice("dropped.structured_output", self.wrong or ""),
            *_text_parts(text),
            self._end,
        ]

    def _text(self, part: TextDelta) -> list[Part]:
        if self._called:
            return [part]
        if self._root is not None:
            return self._pass(self._root, part.text)
        self._kept.add(part.text)
        self._texts.append(part.text)
        self._first = self._first or part.text.lstrip()[:1]
        if self.whole or self._first not in self._opening:
            return []
        self._root = JsonScanner()
        return self._pass(self._root, self._take_text().lstrip())

    def _pass(self, root: JsonScanner, text: str) -> list[Part]:
        """A stream's next piece, without text after the JSON, which causes one notice."""
        end = 0 if self._over else root.feed(text)
        if end is None:
            return [TextDelta(text)]
        self._over = True
        if self._behind or not text[end:].strip():
            return _text_parts(text[:end])
        self._behind = True
        return [*_text_parts(text[:end]), Notice("repaired.structured_output", "text behind it is left out")]

    def _begin_again(self) -> list[Part]:
        """A result of a server's own tool is not the answer, and neither is text before it."""
        parts, self._first, self._root, self._over = self._as_it_is(), "", None, False
        return parts

    def _as_it_is(self) -> list[Part]:
        return _text_parts(self._take_text())

    def _take_text(self) -> str:
        text = self.text
        self._texts.clear()
        return text

    def _finish(self, end: Finish) -> list[Part]:
        if self._root is not None:
            return [end]
        if self._called or end.reason not in (FinishReason.STOP, FinishReason.TOOLS):
            return [*self._as_it_is(), end]
        text = self.text
        found = self._read = extract_json(text, self._form.schema, nulls=self._form.nulls)
        if self._form.checked and found.wrong is not None:
            self.wrong, self._end = found.wrong, end
            return []
        changed = found.text != text.strip()
        notice: list[Part] = (
            [Notice("repaired.structured_output", "taken out of its text")] if changed else []
        )
        return [*notice, *_text_parts(found.text), end]


def _text_parts(text: str) -> list[Part]:
    return [TextDelta(text)] if text else []
