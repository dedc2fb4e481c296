"""What one trial found, and what a trial is given."""

from __future__ import annotations

from typing import Literal

from attrs import define, field, frozen

from gateway.doctor.client import ProbeClient
from gateway.doctor.dialect import ChatAnswer, ChatQuestion, ChatVariant, ask_model
from gateway.doctor.server import DetectedModel, DetectedServer

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
class ProbeContext:
    """The model on trial, and what is known of it so far."""

    line: ProbeClient
    server: DetectedServer
    model: DetectedModel
    manner: ChatVariant
    near: bool
    """On this machine or network: it may be asked for much."""
    field_seen: str = ""
    """The field in which reasoning came, once it did."""
    found: dict[str, Finding] = field(factory=dict[str, Finding])

    async def ask(self, question: ChatQuestion, seconds: float) -> ChatAnswer:
        answer = await ask_model(self.line, self.manner, question, seconds)
        self.field_seen = (
            self.field_seen or answer.reasoning_field or ("<think>" if reasons_in_text(answer) else "")
        )
        return answer

    def verdict(self, name: str) -> Verdict:
        return self.found[name].verdict if name in self.found else "unknown"


def reasons_in_text(answer: ChatAnswer) -> bool:
    """Whether the reasoning stands in the text."""
    return answer.text.lstrip().startswith("<think>") or "</think>" in answer.text


def excerpt(text: str, longest: int = 120) -> str:
    """On one line."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
