"""A 400 that names a repairable cause -> how to build the request again.

    "max_tokens is too large: 128000. This model supports at most 16384 ..."   ->  max_tokens 16384
    "(8000 in the messages, 16000 in the completion)", window 16384            ->  max_tokens 8320, the window
    "Unsupported parameter: 'temperature' is not supported with this model."   ->  without it
    '"qwen" does not support thinking'                                         ->  without `think`
    "Unsupported value: 'max'. Supported values are: 'low', 'high'."           ->  the effort high
    "This response_format type is unavailable now"                             ->  without it
    "Unknown parameter: 'tools[0].function.strict'."                           ->  no tool `strict`
    "failed to parse grammar"                                                  ->  schemas without constraints
    "array schema missing items", "properties[values].items: missing field"    ->  `items` in every array
    "max_tokens=32000 cannot be greater than max_model_len=4096"               ->  max_tokens and window 4096
    "Function tools with reasoning_effort are not supported"                   ->  with tools, effort none
    "The encrypted content ... could not be verified."                         ->  without old reasoning
    "Invalid value: 'web_search'. Supported values are: 'function'."           ->  without web search

Rules:
- A refusal only counts if it changes the request: a limit below the value sent, a parameter not yet dropped.
- The schema of a function that a refusal names loses its constraints. If it names none, or a second schema
  of the same request is refused, all of the request's schemas do.
- What the answer depends on (the messages, the tools) is never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import evolve, frozen

from gateway.upstreams.errors.context_overflow import context_overflow
from gateway.upstreams.errors.error_body import ErrorBody, parse_error_body
from gateway.upstreams.errors.limit_messages import LimitKind, figure
from gateway.upstreams.request.reasoning_effort import WORDS
from gateway.upstreams.upstream_request import Adaptations, UpstreamRequest, digest

MARGIN = 64
"""Tokens left free after the prompt: the server's template may add some."""
_LIMITED = re.compile(
    r"max_tokens|max_completion_tokens|max_output_tokens|maxoutputtokens|num_predict|completion tokens",
    re.IGNORECASE,
)
_WORD = r"([a-z][a-z_]{1,40})"
_NAME = rf"[`'\"]?{_WORD}[`'\"]?"
_PARAMETERS = (
    rf"unsupported (?:parameter|value)s?(?:\(s\))?:? ?\[?{_NAME}",
    rf"unrecognized request arguments? supplied: {_NAME}",
    rf"(?:unknown|unexpected|invalid) (?:parameter|field|name|argument|keyword argument):? {_NAME}",
    rf"argument not supported on this model: {_NAME}",
    rf"does not support (?:the )?parameters?(?:\(s\))?:? ?\[?{_NAME}",
    rf"property {_NAME} is unsupported",
    rf"^{_NAME}: extra inputs are not permitted",
    rf"this {_NAME} type is (?:unavailable|not available|not supported|unsupported)",
    rf"^invalid {_NAME}: only ",
    rf"[`'\"]{_WORD}[`'\"] (?:is|are) (?:not supported|unsupported)",
    rf"parameter {_NAME} (?:is|are) (?:not supported|unsupported)",
)
_KEPT = frozenset({"model", "messages", "input", "stream", "tools", "parameter", "value", "this", "the"})
_EFFORT = re.compile(r"reasoning[._ ]?effort", re.IGNORECASE)
_REFUSED_VALUE = re.compile(r"(?:value:?|does not support) ['\"`]([a-z]+)['\"`]", re.IGNORECASE)
_ALLOWED_VALUES = re.compile(
    r"(?:supported values are|input should be|expected|allowed|valid|(?:must be|should be|expected) one of|"
    r"must be|one of)"
    r"(?: values)?(?: are| is)?[ :\[(]*"
    r"((?:['\"`]?\b[a-z]+\b['\"`]?(?:\s*,\s*(?:or |and )?|\s+or\s+|\s+and\s+)?)+)",
    re.IGNORECASE,
)
"""OpenAI, pydantic (vLLM, SGLang, Mistral), Groq, Ollama: a list of the accepted values."""
_STRICT = re.compile(r"\btools?\b[\w.\[\]]*\.strict\b", re.IGNORECASE)
"""A path in the request: `tools[0].function.strict`, `tools.0.function.strict`."""
_ENDPOINT = re.compile(r"\bthis endpoint's\b", re.IGNORECASE)
"""OpenRouter: the window of one of the model's endpoints; the next request may go to another one."""
_UNREADABLE = re.compile(r"encrypted content .{0,300}could not be (?:verified|decrypted)", re.IGNORECASE)
"""Responses: reasoning that another server, or another organisation's key, has encrypted."""
_NOT_ENCRYPTED = re.compile(r"encrypted content is not supported", re.IGNORECASE)
"""Responses, if the model does not reason. General knowledge, not checked."""
_GRAMMAR = re.compile(
    r"grammar|schema conversion|schema.{0,60}(?:not supported|unsupported)|features not supported by|"
    r"invalid (?:json )?schema (?:for|in) ",
    re.IGNORECASE,
)
"""llama.cpp, vLLM and SGLang with xgrammar; OpenAI and Ollama say `invalid schema for`, `in`."""
_FUNCTION = re.compile(r"schema for function ['\"`]([^'\"`]{1,64})", re.IGNORECASE)
"""OpenAI names the function. Others name none, or one of several."""
_ITEMS = re.compile(
    r"array schema (?:is )?missing items|[\w\])]\.items: missing field|"
    r"\barrays? (?:schemas? )?(?:must|needs?|requires?|is missing|without)\b[^.]{0,30}\bitems\b",
    re.IGNORECASE,
)
"""OpenAI, Azure and Together; Gemini; others. A property may be called `items` as well."""
_BESIDE_TOOLS = re.compile(
    r"\btools? with reasoning[_. ]effort (?:is|are) not supported|"
    r"\btools?\b.{0,200}\bset reasoning[_. ]effort to [`'\"]?none\b",
    re.IGNORECASE,
)
"""OpenAI's Chat Completions, for models that reason by default."""
_SEARCH = re.compile(
    r"(?:value:?|type:?|tag|hosted tool:?|not support) ['\"`]?web_search\b|"
    r"\bweb_search\b['\"`]? (?:tool )?is not",
    re.IGNORECASE,
)
"""Responses, if the server has no web search. A function may have that name, too."""
_UNSUPPORTED_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})


@frozen
class RefusedFields:
    """One cause that a refusal names.

    `lasting`: it holds for the model; a limit that follows from this prompt's length does not.
    """

    max_tokens: int | None = None
    window: int | None = None
    """The model's context window. A lasting `max_tokens` limit in the same refusal is the same number."""
    parameter: str | None = None
    efforts: frozenset[str] = frozenset()
    """Effort values that the upstream refuses."""
    effort_beside_tools: bool = False
    think: bool = False
    items: bool = False
    schemas: bool = False
    function: str = ""
    """With `schemas`: the function whose schema was refused, by the name sent."""
    lasting: bool = True

    @property
    def lesson(self) -> RefusedFields | None:
        """The part that holds for the model: only the window, if it was too small for one request."""
        if self.lasting:
            return self
        return RefusedFields(window=self.window) if self.window else None


def read_refusal(status: int, body: bytes) -> RefusedFields | None:
    """None if the refusal names nothing repairable."""
    if status not in (400, 422):
        return None
    words = parse_error_body(body)
    return next(filter(None, (read(words) for read in _READERS)), None)


def adapt(adaptations: Adaptations, status: int, body: bytes, sent: UpstreamRequest) -> Adaptations | None:
    """The adaptations for the retry; None if a retry would change nothing."""
    found = read_refusal(status, body)
    return None if found is None else adapt_to(adaptations, found, sent)


def adapt_to(adaptations: Adaptations, found: RefusedFields, sent: UpstreamRequest) -> Adaptations | None:
    """Like `adapt`, for a refusal that was parsed; `sent` is the request that was refused."""
    match found:
        case RefusedFields(think=True) if adaptations.think:
            return evolve(adaptations, think=False)
        case RefusedFields(items=True) if not adaptations.array_items:
            return evolve(adaptations, array_items=True)
        case RefusedFields(schemas=True) if refused := _refused_schemas(adaptations, found, sent):
            return evolve(adaptations, bare_schemas=adaptations.bare_schemas | refused)
        case RefusedFields(window=int()) | RefusedFields(max_tokens=int()):
            return _shortened(adaptations, found, sent)
        case RefusedFields(effort_beside_tools=True) if not adaptations.no_effort_beside_tools:
            return evolve(adaptations, no_effort_beside_tools=True)
        case RefusedFields(efforts=refused) if refused - adaptations.efforts:
            return evolve(adaptations, efforts=adaptations.efforts | refused)
        case RefusedFields(parameter=str(name)) if name not in adaptations.dropped:
            return evolve(adaptations, dropped=adaptations.dropped | {name})
        case _:
            return None


def _shortened(adaptations: Adaptations, found: RefusedFields, sent: UpstreamRequest) -> Adaptations | None:
    """Apply the stated limit and window; a prompt size that was not stated is estimated."""
    limit, window = found.max_tokens, found.window or adaptations.window
    if limit is None and found.lasting:
        return None if window == adaptations.window else evolve(adaptations, window=window)
    if limit is None:
        total = window or 0
        limit = max(total - (sent.options.prompt_tokens or 0) - MARGIN, total // 8)
    smaller = limit < (sent.options.max_tokens or limit + 1)
    return evolve(adaptations, max_tokens=limit, window=window) if smaller else None


def _refused_schemas(
    adaptations: Adaptations, found: RefusedFields, sent: UpstreamRequest
) -> frozenset[bytes]:
    """The schemas to send without constraints: the one named; all, if none is named or on a repeat."""
    named = sent.answer.schema_of(found.function)
    if named and not (one := frozenset({digest(named)})) <= adaptations.bare_schemas:
        return one
    return frozenset(map(digest, sent.schemas())) - adaptations.bare_schemas


def _thinking(words: ErrorBody) -> RefusedFields | None:
    return RefusedFields(think=True) if "does not support thinking" in words.message else None


def _room(words: ErrorBody) -> RefusedFields | None:
    """The room that the prompt leaves in the window, if only the answer was too long. A prompt size that is
    not stated is estimated."""
    over = context_overflow(words)
    if over is None or over.window is None:
        return None
    window = None if _ENDPOINT.search(words.message) else over.window
    if over.prompt is None:
        alone = window and over.answer is not None and over.answer >= window
        return RefusedFields(window=window, lasting=False) if alone else None
    room = over.window - over.prompt - MARGIN
    return RefusedFields(max_tokens=room, window=window, lasting=False) if room > 0 else None


def _limit(words: ErrorBody) -> RefusedFields | None:
    """A `max_tokens` limit. One that equals the window sets the window, too."""
    message = words.message
    if not _LIMITED.search(f"{message} {words.param}"):
        return None
    if (window := figure(LimitKind.ROOM, message)) is not None:
        return RefusedFields(max_tokens=window, window=window)
    if (above := figure(LimitKind.BELOW, message)) is not None:
        return RefusedFields(max_tokens=above - 1)
    limit = figure(LimitKind.MOST, message)
    return None if limit is None else RefusedFields(max_tokens=limit)


def _encrypted(words: ErrorBody) -> RefusedFields | None:
    if words.code == "invalid_encrypted_content" or _UNREADABLE.search(words.message):
        return RefusedFields(parameter="encrypted_content", lasting=False)
    return None


def _items(words: ErrorBody) -> RefusedFields | None:
    return RefusedFields(items=True) if _ITEMS.search(words.message) else None


def _beside_tools(words: ErrorBody) -> RefusedFields | None:
    return RefusedFields(effort_beside_tools=True) if _BESIDE_TOOLS.search(words.message) else None


def _efforts(words: ErrorBody) -> RefusedFields | None:
    """The refused efforts: the one that is named, and all that are not among the accepted values."""
    if not _EFFORT.search(f"{words.param} {words.message}") or words.code == "unsupported_parameter":
        return None
    named = _REFUSED_VALUE.search(words.message)
    refused = frozenset({named[1].lower()} if named else ())
    for found in _ALLOWED_VALUES.finditer(words.message):
        if allowed := WORDS & set(re.findall(r"[a-z]+", found[1].lower())):
            refused |= WORDS - allowed
            break
    return RefusedFields(efforts=refused) if refused else None


def _of_responses(words: ErrorBody) -> RefusedFields | None:
    """Refusals of Responses that do not name a parameter."""
    if _NOT_ENCRYPTED.search(words.message):
        return RefusedFields(parameter="include")
    if words.param == "reasoning.summary" and words.code == "unsupported_value":
        return RefusedFields(parameter=words.param)
    return RefusedFields(parameter="web_search") if _SEARCH.search(words.message) else None


def _parameter(words: ErrorBody) -> RefusedFields | None:
    name = _parameter_name(words)
    return RefusedFields(parameter=name) if name else None


def _parameter_name(words: ErrorBody) -> str | None:
    if _STRICT.search(f"{words.message} {words.param}"):
        return "strict"
    if words.code in _UNSUPPORTED_CODES and words.param.isidentifier():
        return None if words.param in _KEPT else words.param
    for pattern in _PARAMETERS:
        found = re.search(pattern, words.message, re.IGNORECASE)
        if found and found[1].lower() not in _KEPT:
            return _CAMEL.sub("_", found[1]).lower()
    return None


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""xAI refuses a `reasoningEffort`."""


def _schemas(words: ErrorBody) -> RefusedFields | None:
    if not _GRAMMAR.search(words.message):
        return None
    named = _FUNCTION.search(words.message)
    return RefusedFields(schemas=True, function=named[1] if named else "")


_READERS: tuple[Callable[[ErrorBody], RefusedFields | None], ...] = (
    _thinking,
    _room,
    _limit,
    _encrypted,
    _items,
    _beside_tools,
    _efforts,
    _of_responses,
    _parameter,
    _schemas,
)
"""In this order: the more specific patterns first."""
