"""What one trial found, and what a trial is given."""

from __future__ import annotations

from typing import Literal

from attrs import define, field, frozen

from gateway.doctor.client import Line
from gateway.doctor.dialect import Answer, Manner, Question, ask
from gateway.doctor.server import Model, Server

Verdict = Literal["yes", "partly", "no", "unknown"]


@frozen
class Finding:
    name: str
    verdict: Verdict
    evidence: str
    """What was seen."""
    meaning: str = ""
    """What that means to a user of Claude Code; empty where nothing needs to be done."""
    value: int | str | None = None
    """A window, a limit, the name of a field."""


@define
class Subject:
    """The model on trial, and what is known of it so far."""

    line: Line
    server: Server
    model: Model
    manner: Manner
    near: bool
    """On this machine or network: it may be asked for much."""
    field_seen: str = ""
    """The field in which reasoning came, once it did."""
    found: dict[str, Finding] = field(factory=dict[str, Finding])

    async def ask(self, question: Question, seconds: float) -> Answer:
        answer = await ask(self.line, self.manner, question, seconds)
        self.field_seen = self.field_seen or answer.reasoning_field or ("<think>" if tagged(answer) else "")
        return answer

    def verdict(self, name: str) -> Verdict:
        return self.found[name].verdict if name in self.found else "unknown"


def tagged(answer: Answer) -> bool:
    """Whether the reasoning stands in the text."""
    return answer.text.lstrip().startswith("<think>") or "</think>" in answer.text


def excerpt(text: str, longest: int = 120) -> str:
    """On one line."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
