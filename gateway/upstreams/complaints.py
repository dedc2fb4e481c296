"""A 400 that names what can be mended -> how to ask once more.

    "max_tokens is too large: 128000. This model supports at most 16384 ..."   ->  max_tokens 16384
    "(8000 in the messages, 16000 in the completion)", window 16384            ->  max_tokens 8320
    "Unsupported parameter: 'temperature' is not supported with this model."   ->  without it
    '"qwen" does not support thinking'                                         ->  without `think`
    "Unsupported value: 'max'. Supported values are: 'low', 'high'."           ->  the effort high
    "This response_format type is unavailable now"                             ->  without it
    "Unknown parameter: 'tools[0].function.strict'."                           ->  no tool `strict`
    "failed to parse grammar"                                                  ->  schemas without constraints
    "The encrypted content ... could not be verified."                         ->  without old reasoning
    "Invalid value: 'web_search'. Supported values are: 'function'."           ->  without search of the web

Rules:
- Only what changes the request is a complaint: a limit below what was asked, a parameter not yet dropped.
- What the answer would be wrong without (the messages, the tools) is never dropped.
"""

from __future__ import annotations

import re

from attrs import evolve, frozen

from gateway.upstreams.built import Amends, Built
from gateway.upstreams.efforts import WORDS
from gateway.upstreams.overflow import overflow
from gateway.upstreams.words import Words, read_words

MARGIN = 64
"""Tokens left free beside the prompt: the server's template may add some."""
_LIMITED = re.compile(
    r"max_tokens|max_completion_tokens|max_output_tokens|maxoutputtokens|num_predict|completion tokens",
    re.IGNORECASE,
)
_LIMITS = (
    r"at most (\d+)",
    r"\[\s*\d+\s*,\s*(\d+)\s*\]",
    r"between \d+ and (\d+)",
    r"(?:less|smaller|lower) than or equal to [`'\"]?(\d+)",
    r"> (\d+), which is the maximum",
    r"(?:<=|≤) ?(\d+)",
    r"must not exceed (\d+)",
    r"maximum (?:allowed |supported )?(?:\w+ ){0,4}?(?:is |of |is: )?[`'\"]?(\d+)",
    r"limit(?: is| of|:) (\d+)",
)
_EXCLUSIVE = re.compile(r"to (\d+) \(exclusive\)")
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
"""OpenAI, pydantic (vLLM, SGLang, Mistral), Groq, Ollama: the words that would do, in a row."""
_STRICT = re.compile(r"\btools?\b[\w.\[\]]*\.strict\b", re.IGNORECASE)
"""A place in the request: `tools[0].function.strict`, `tools.0.function.strict`."""
_UNREADABLE = re.compile(r"encrypted content .{0,300}could not be (?:verified|decrypted)", re.IGNORECASE)
"""Responses: reasoning that another server, or another organisation's key, has encrypted."""
_NOT_ENCRYPTED = re.compile(r"encrypted content is not supported", re.IGNORECASE)
"""Responses, where the model does not reason. General knowledge, not checked here."""
_GRAMMAR = re.compile(
    r"grammar|schema conversion|schema.{0,60}(?:not supported|unsupported)|features not supported by|"
    r"invalid (?:json )?schema (?:for|in) ",
    re.IGNORECASE,
)
"""llama.cpp, vLLM and SGLang with xgrammar; OpenAI and Ollama say `invalid schema for`, `in`."""
_SEARCH = re.compile(
    r"(?:value:?|type:?|tag|hosted tool:?|not support) ['\"`]?web_search\b|"
    r"\bweb_search\b['\"`]? (?:tool )?is not",
    re.IGNORECASE,
)
"""Responses, where the server has no search of the web. A function may have that name, too."""
_UNSUPPORTED_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})


@frozen
class Complaint:
    """One thing that a refusal names. Exactly one of the first five is set.

    `lasting`: it holds for the model; a limit that follows from this prompt's length does not.
    """

    max_tokens: int | None = None
    parameter: str | None = None
    efforts: frozenset[str] = frozenset()
    """Those that it does not take."""
    think: bool = False
    schemas: bool = False
    lasting: bool = True


def complaint(status: int, body: bytes) -> Complaint | None:
    """None where there is nothing that can be mended."""
    if status not in (400, 422):
        return None
    words = read_words(body)
    if "does not support thinking" in words.message:
        return Complaint(think=True)
    if (limit := _room(words)) is not None:
        return Complaint(max_tokens=limit, lasting=False)
    if (limit := _limit(words)) is not None:
        return Complaint(max_tokens=limit)
    if words.code == "invalid_encrypted_content" or _UNREADABLE.search(words.message):
        return Complaint(parameter="encrypted_content", lasting=False)
    if efforts := _efforts(words):
        return Complaint(efforts=efforts)
    if parameter := _of_responses(words) or _parameter(words):
        return Complaint(parameter=parameter)
    return Complaint(schemas=True) if _GRAMMAR.search(words.message) else None


def mend(amends: Amends, status: int, body: bytes, built: Built) -> Amends | None:
    """What to ask with next; None where asking again would change nothing."""
    match complaint(status, body):
        case Complaint(think=True) if amends.think:
            return evolve(amends, think=False)
        case Complaint(schemas=True) if not amends.bare_schemas:
            return evolve(amends, bare_schemas=True)
        case Complaint(max_tokens=int(limit)) if limit < (built.wish.max_tokens or limit + 1):
            return evolve(amends, max_tokens=limit)
        case Complaint(efforts=refused) if refused - amends.efforts:
            return evolve(amends, efforts=amends.efforts | refused)
        case Complaint(parameter=str(name)) if name not in amends.dropped:
            return evolve(amends, dropped=amends.dropped | {name})
        case _:
            return None


def _room(words: Words) -> int | None:
    """What the prompt leaves of the window, where the answer's size alone was too much."""
    over = overflow(words)
    if over is None or not over.fits_without_answer:
        return None
    room = (over.window or 0) - (over.prompt or 0) - MARGIN
    return room if room > 0 else None


def _limit(words: Words) -> int | None:
    if not _LIMITED.search(f"{words.message} {words.param}"):
        return None
    if exclusive := _EXCLUSIVE.search(words.message):
        return int(exclusive[1]) - 1
    for pattern in _LIMITS:
        if (found := re.search(pattern, words.message, re.IGNORECASE)) and int(found[1]) > 0:
            return int(found[1])
    return None


def _of_responses(words: Words) -> str | None:
    """What Responses refuses by another name than that of a parameter."""
    if _NOT_ENCRYPTED.search(words.message):
        return "include"
    if words.param == "reasoning.summary" and words.code == "unsupported_value":
        return words.param
    return "web_search" if _SEARCH.search(words.message) else None


def _efforts(words: Words) -> frozenset[str]:
    """The efforts that it does not take: the one that it names, and what is not among those that would do."""
    if not _EFFORT.search(f"{words.param} {words.message}") or words.code == "unsupported_parameter":
        return frozenset()
    named = _REFUSED_VALUE.search(words.message)
    refused = {named[1].lower()} if named else set[str]()
    for found in _ALLOWED_VALUES.finditer(words.message):
        if allowed := WORDS & set(re.findall(r"[a-z]+", found[1].lower())):
            return frozenset(WORDS - allowed | refused)
    return frozenset(refused)


def _parameter(words: Words) -> str | None:
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
