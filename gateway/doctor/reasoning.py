"""Does it reason, and which field has the reasoning?"""

from __future__ import annotations

from gateway.doctor.dialect import ChatAnswer, ChatQuestion
from gateway.doctor.finding import Finding, ProbeContext, excerpt

PATIENCE = 90.0
_TEXT = "What is 17 times 23?"
_PLAIN = 120
"""Characters of an answer after which no reasoning is expected any more."""


async def probe_reasoning(subject: ProbeContext) -> list[Finding]:
    if subject.field_seen:
        return [_seen(subject.field_seen, "without being asked")]
    question = ChatQuestion(_TEXT, 300, think="template" if subject.near else "effort", enough=_shows)
    answer = await subject.ask(question, PATIENCE)
    if subject.field_seen:
        return [_seen(subject.field_seen, "when asked")]
    if answer.refused:
        return [Finding("reasoning", "no", f"refused: {excerpt(answer.words)}")]
    if answer.fault:
        return [Finding("reasoning", "unknown", excerpt(answer.fault))]
    return [Finding("reasoning", "no", "none came, also when it was asked for")]


def _shows(answer: ChatAnswer) -> bool:
    """Reasoning comes before the answer."""
    return bool(answer.reasoning) or len(answer.text) > _PLAIN


def _seen(where: str, when: str) -> Finding:
    if where == "<think>":
        return Finding("reasoning", "yes", f"in <think> tags inside the text, {when}", value=where)
    return Finding("reasoning", "yes", f"in the field `{where}`, {when}", value=where)
