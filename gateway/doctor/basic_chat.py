"""Does it answer a question, as a stream, with its usage at the end?

The refusals of this first question reveal which field limits the answer, and whether `stream_options` may be
sent.
"""

from __future__ import annotations

from gateway.doctor.dialect import ChatAnswer, ChatQuestion, adapted_variant
from gateway.doctor.finding import Finding, ProbeContext, excerpt

LOADING = 300.0
"""Seconds: the first question may load the model."""
_TEXT = "Reply with one word: ready"
_QUESTION = ChatQuestion(_TEXT, max_tokens=32)
_THINKERS = ChatQuestion(_TEXT, max_tokens=1024)
"""For models that use the first tokens for hidden reasoning."""
_ATTEMPTS = 3


async def probe_chat(subject: ProbeContext) -> list[Finding]:
    answer = await subject.ask(_QUESTION, LOADING)
    for _ in range(_ATTEMPTS):
        manner = adapted_variant(subject.manner, answer) if answer.refused else None
        if manner is None:
            break
        subject.manner = manner
        answer = await subject.ask(_QUESTION, LOADING)
    if answer.finish == "length" and not answer.has_output:
        answer = await subject.ask(_THINKERS, LOADING)
    found = _answers(answer)
    if found.verdict != "yes":
        return [found]
    return [found, _streams(answer), _usage(subject, answer)]


def _answers(answer: ChatAnswer) -> Finding:
    # A model may spend its whole answer on hidden reasoning: then only the counts show that it worked.
    if not answer.fault and (answer.has_output or answer.output_tokens):
        first = f"the first piece after {answer.first:.1f} s, " if answer.first is not None else ""
        text = excerpt(answer.text or answer.reasoning, 40)
        return Finding("answers", "yes", f'{first}{answer.seconds:.1f} s in all: "{text}"')
    if answer.fault or answer.refused:
        return Finding("answers", "no", excerpt(answer.words, 300), "nothing works until this does")
    return Finding("answers", "no", f"status {answer.status} with nothing in it", "it is no chat server")


def _streams(answer: ChatAnswer) -> Finding:
    if answer.chunk_count > 1:
        return Finding("streams", "yes", f"{answer.chunk_count} pieces")
    return Finding(
        "streams", "partly", "the answer came in one piece", "answers appear at once, at the end; all works"
    )


def _usage(subject: ProbeContext, answer: ChatAnswer) -> Finding:
    if answer.prompt_tokens is not None:
        return Finding("usage", "yes", f"{answer.prompt_tokens} in, {answer.output_tokens or 0} out")
    how = "" if subject.manner.stream_usage else ", and it refuses stream_options"
    return Finding(
        "usage", "no", f"a stream has no counts{how}", "the gateway estimates the counts that clients see"
    )
