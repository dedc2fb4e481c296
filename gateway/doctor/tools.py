"""Does it call a tool when the prompt asks for it, as Claude Code does? When it is forced? Two at once?

A call is forced in two ways, and servers support one, both or none: any call is required, or a named one.
Both are tried with a question about something else, so that only the force can cause the call.
"""

from __future__ import annotations

from gateway.doctor import json_access as js
from gateway.doctor.dialect import AnsweredCall, ChatAnswer, ChatQuestion
from gateway.doctor.finding import Finding, ProbeContext, excerpt
from gateway.settings.quirks import Quirks
from gateway.upstreams.presets import PRESETS, recognise

PATIENCE = 90.0
_LENGTH = 300
"""Tokens: room for a model that reasons before it calls."""
CITIES = ("Paris", "Rome")
NAME = "get_weather"
WEATHER: dict[str, object] = {
    "name": NAME,
    "description": "The weather in a city, now.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": list(CITIES)}},
        "required": ["city"],
    },
}
_ONE = "What is the weather in Paris now? Use the tool."
_TWO = "What is the weather in Paris and in Rome now? Call the tool for both cities at once."
_TIME: dict[str, object] = {
    "name": "get_time",
    "description": "The time in a city, now.",
    "parameters": WEATHER["parameters"],
}
_HELLO = "Say hello. Do not call a tool."
_OTHER = "What time is it in Rome now? Use the tool get_time."
_NOT_ASKED = "not asked: it does not call one tool"
_ADVICE = {
    "llama.cpp": "start llama-server with --jinja and a model whose template knows tools",
    "vLLM": "start vLLM with --enable-auto-tool-choice and the --tool-call-parser of the model",
    "SGLang": "start SGLang with the --tool-call-parser of the model",
    "Ollama": "take a model that `ollama show` lists with `tools`",
}


async def probe_tools(subject: ProbeContext) -> list[Finding]:
    length = 60 if subject.server.templates_tools is False else _LENGTH
    answer = await subject.ask(ChatQuestion(_ONE, length, tools=(WEATHER,)), PATIENCE)
    if any(_proper(call) for call in answer.calls):
        return [Finding("tools", "yes", _format_calls(answer.calls))]
    if subject.server.kind == "ollama" or answer.refused:
        return [_without(subject, answer)]
    forced = await subject.ask(ChatQuestion(_ONE, length, tools=(WEATHER,), forced=True), PATIENCE)
    if any(_proper(call) for call in forced.calls):
        meaning = "the model is too weak for an agent: Claude Code lets the model decide"
        return [Finding("tools", "partly", f"only when forced: {_format_calls(forced.calls)}", meaning)]
    return [_without(subject, answer)]


async def probe_forced_tools(subject: ProbeContext) -> list[Finding]:
    """Not for Ollama, which has no `tool_choice`."""
    if subject.server.kind == "ollama":
        return []
    if subject.verdict("tools") not in ("yes", "partly"):
        return [Finding(name, "unknown", _NOT_ASKED) for name in ("required call", "named call")]
    preset = PRESETS[subject.server.preset or recognise(subject.server.kind, subject.server.url)]
    required = await subject.ask(ChatQuestion(_HELLO, _LENGTH, tools=(WEATHER, _TIME), forced=True), PATIENCE)
    named = await subject.ask(ChatQuestion(_OTHER, _LENGTH, tools=(WEATHER, _TIME), named=NAME), PATIENCE)
    return [
        _obeyed("required call", "no_required", required, bool(required.calls), preset),
        _obeyed("named call", "no_named", named, any(call.name == NAME for call in named.calls), preset),
    ]


def _obeyed(name: str, quirk: str, answer: ChatAnswer, called: bool, preset: Quirks) -> Finding:
    """`quirk`: the switch that stops the gateway from requesting this."""
    if called:
        return Finding(name, "yes", _format_calls(answer.calls))
    seen = f"refused: {excerpt(answer.words, 200)}" if answer.refused or answer.fault else _instead(answer)
    if preset.tool_choice in (quirk, "none"):
        return Finding(name, "no", seen, "the gateway knows: it asks for such a call in another way")
    advice = f"write `quirks: {{tool_choice: {quirk}}}`, or who forces a call, as SDKs do, gets text"
    return Finding(name, "no", seen, advice)


def _instead(answer: ChatAnswer) -> str:
    if answer.calls:
        return f"another tool was called: {_format_calls(answer.calls)}"
    return f'no call, but "{excerpt(answer.text or answer.reasoning, 80)}"'


async def probe_parallel_tools(subject: ProbeContext) -> list[Finding]:
    name = "parallel tools"
    if subject.verdict("tools") != "yes":
        return [Finding(name, "unknown", _NOT_ASKED)]
    answer = await subject.ask(ChatQuestion(_TWO, max_tokens=600, tools=(WEATHER,)), PATIENCE)
    cities = {js.text(call.arguments, "city") for call in answer.calls if _proper(call)}
    if len(cities) > 1:
        return [Finding(name, "yes", _format_calls(answer.calls))]
    if len(cities) == 1:
        meaning = "works; the model takes more turns than one that calls several tools at once"
        return [
            Finding(name, "no", f"one call where two were asked for: {_format_calls(answer.calls)}", meaning)
        ]
    return [Finding(name, "unknown", excerpt(answer.fault or answer.text or answer.words))]


def _proper(call: AnsweredCall) -> bool:
    return call.name == NAME and js.text(call.arguments, "city") in CITIES


def _format_calls(calls: list[AnsweredCall]) -> str:
    return excerpt(", ".join(f"{call.name}({js.text(call.arguments, 'city') or '?'})" for call in calls))


def _without(subject: ProbeContext, answer: ChatAnswer) -> Finding:
    advice = _ADVICE.get(subject.server.product, "take a model, or a server, that calls tools")
    if answer.refused or answer.fault:
        return Finding("tools", "no", f"refused: {excerpt(answer.words, 200)}", advice)
    if answer.calls:
        return Finding("tools", "no", f"a call that fits no tool: {_format_calls(answer.calls)}", advice)
    if NAME in answer.text:
        return Finding("tools", "no", f"the call came as text: {excerpt(answer.text)}", advice)
    if subject.server.templates_tools is False:
        return Finding("tools", "no", "the server says that it has no tools; they are dropped", advice)
    text = excerpt(answer.text or answer.reasoning, 80)
    return Finding("tools", "no", f'no call, but "{text}"', advice)
