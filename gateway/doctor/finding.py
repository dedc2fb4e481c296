"""The finding of one probe, and the input of a probe."""

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
    """What was observed."""
    meaning: str = ""
    """The consequence for a user of Claude Code; empty if nothing must be done."""
    value: int | str | None = None
    """A window, a limit, the name of a field."""


@define
class ProbeContext:
    """The model that is examined, and what is known of it so far."""

    line: ProbeClient
    server: DetectedServer
    model: DetectedModel
    manner: ChatVariant
    near: bool
    """On this machine or network: long prompts are acceptable."""
    field_seen: str = ""
    """The field that contained reasoning, once it was observed."""
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
    """Whether the text contains the reasoning."""
    return answer.text.lstrip().startswith("<think>") or "</think>" in answer.text


def excerpt(text: str, longest: int = 120) -> str:
    """On one line."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
