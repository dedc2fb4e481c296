"""How servers phrase an exceeded limit: one table, read by `context_overflow` and `adapt`.

    LimitKind.OVERFLOW  the prompt, alone or with the room for the answer, does not fit; the row has no number
    LimitKind.WINDOW    the window, in tokens
    LimitKind.PROMPT    the prompt as the server counted it
    LimitKind.ANSWER    the room that was requested for the answer
    LimitKind.TOTAL     prompt and answer together
    LimitKind.MOST      the most that `max_tokens` may be
    LimitKind.BELOW     one more than that
    LimitKind.ROOM      the same as MOST, if the server's limit is its window

Rules:
- Rows of OVERFLOW decide whether an error is about the window. The numbers of WINDOW, PROMPT, ANSWER and
  TOTAL are only looked up in such an error, those of MOST, BELOW and ROOM only if `max_tokens` is named.
- The first row that matches gives the number, so the more specific row comes first.
- A row names the server that uses the text; "several" if unrelated servers use it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto


class LimitKind(Enum):
    OVERFLOW = auto()
    WINDOW = auto()
    PROMPT = auto()
    ANSWER = auto()
    TOTAL = auto()
    MOST = auto()
    BELOW = auto()
    ROOM = auto()


_N = r"[^\d]{0,40}?(\d[\d,]*)"

TABLE: Mapping[LimitKind, tuple[tuple[str, str], ...]] = {
    LimitKind.OVERFLOW: (
        ("llama.cpp", r"exceed_context_size|exceeds? the available context size"),
        ("OpenAI, Azure, OpenRouter, Groq", r"context_length_exceeded"),
        ("OpenAI, vLLM, OpenRouter", r"maximum context (?:length|limit)"),
        ("OpenAI Responses", r"exceeds? the (?:model's )?(?:maximum )?context (?:length|window)"),
        ("OpenAI Responses", r"input tokens exceed the configured limit"),
        ("Anthropic", r"exceed context limit|(?:input|prompt) is too long|prompt_too_long"),
        ("SGLang", r"longer than the (?:model's )?context length"),
        ("LM Studio", r"greater than the context length|context the overflows"),
        ("Gemini", r"exceeds the maximum number of tokens"),
        ("GitHub Copilot", r"prompt token count of \d+ exceeds"),
        ("DashScope", r"input text length should not exceed|range of input length"),
        ("Fireworks", r"exceed model maximum"),
        ("Ollama", r"(?:input|prompt) length exceeds"),
        ("vLLM", r"max_tokens must be at least 1, got -"),
        ("xAI", r"maximum prompt length"),
        ("Moonshot", r"exceeded model token limit"),
        (
            "Text Generation Inference",
            r"`inputs` tokens \+ `max_new_tokens` must be|`inputs` must have less than",
        ),
        ("LiteLLM", r"contextwindowexceeded"),
        ("several", r"maximum input length|reduce the length of the (?:messages|input|prompt)"),
    ),
    LimitKind.WINDOW: (
        ("Mistral", r"model with (\d+) maximum context"),
        ("xAI", r"maximum prompt length is (\d+)"),
        ("Moonshot", r"model token limit: (\d+)"),
        ("Text Generation Inference", r"`max_new_tokens` must be <= (\d+)"),
        ("Text Generation Inference", r"`inputs` must have less than (\d+)"),
        ("llama.cpp", rf"available context size \({_N}"),
        ("OpenAI, vLLM, OpenRouter", rf"maximum context (?:length|limit)(?: of| is)?{_N}"),
        ("LM Studio", rf"context (?:length|window|limit|size) of(?: only)?{_N}"),
        ("SGLang", rf"model's (?:maximum )?context length \({_N}"),
        ("Gemini", rf"maximum number of tokens allowed \({_N}"),
        ("Fireworks", rf"exceed model maximum \({_N}"),
        ("Anthropic", r"exceed context limit: \d+ \+ \d+ > (\d+)"),
        ("Anthropic", r"tokens? > (\d+) maximum"),
        ("several", rf"maximum input length is{_N}"),
        ("DashScope", r"input length should be \[\d+, ?(\d+)\]"),
        ("GitHub Copilot", rf"exceeds the limit of{_N}"),
        ("DashScope", rf"should not exceed{_N}"),
        ("OpenAI Responses", rf"configured limit of{_N}"),
    ),
    LimitKind.PROMPT: (
        ("llama.cpp", r"request \((\d+) tokens?\)"),
        ("OpenAI, older vLLM, llama-cpp-python", r"\((\d+) in the (?:messages|prompt)"),
        ("SGLang", r"(\d+) tokens from the input messages"),
        ("Mistral", r"prompt contains (\d+) tokens"),
        ("xAI", r"request contains (\d+) tokens"),
        ("Text Generation Inference", r"given: (\d+)"),
        ("vLLM", r"at least (\d+) input tokens"),
        ("vLLM", r"request has (\d+) input tokens"),
        ("OpenAI", r"messages resulted in (\d+) tokens"),
        (
            "SGLang, Gemini, Fireworks",
            r"(?:input|prompt)(?: tokens?| token count)? \((\d+)(?: tokens)?\)",
        ),
        ("Anthropic", r"exceed context limit: (\d+) \+"),
        ("Anthropic", r"too long: (\d+) tokens"),
        ("GitHub Copilot", r"prompt token count of (\d+)"),
        ("vLLM", r"passed (\d+) input tokens"),
    ),
    LimitKind.ANSWER: (
        ("OpenAI, older vLLM, OpenRouter", r"(\d+) in the (?:completion|output)"),
        ("SGLang", r"(\d+) tokens for the completion"),
        ("Text Generation Inference", r"and (\d+) `max_new_tokens`"),
        ("vLLM", r"requested (\d+) output tokens"),
        ("Anthropic", r"exceed context limit: \d+ \+ (\d+)"),
        ("vLLM", r"\((\d+) > \d+ - \d+\)"),
    ),
    LimitKind.TOTAL: (
        ("OpenAI, OpenRouter, SGLang", r"requested (?:about |a total of )?(\d+) tokens"),
        ("Moonshot", r"\(requested: (\d+)\)"),
    ),
    LimitKind.MOST: (
        ("OpenAI", r"at most (\d+)"),
        ("DeepSeek", r"\[\s*\d+\s*,\s*(\d+)\s*\]"),
        ("several", r"between \d+ and (\d+)"),
        ("Groq, pydantic", r"(?:less|smaller|lower) than or equal to [`'\"]?(\d+)"),
        ("Anthropic", r"> (\d+), which is the maximum"),
        ("several", r"(?:<=|≤) ?(\d+)"),
        ("several", r"must not exceed (\d+)"),
        ("several", r"maximum (?:allowed |supported )?(?:\w+ ){0,4}?(?:is |of |is: )?[`'\"]?(\d+)"),
        ("several", r"limit(?: is| of|:) (\d+)"),
    ),
    LimitKind.BELOW: (("Gemini", r"to (\d+) \(exclusive\)"),),
    LimitKind.ROOM: (
        (
            "vLLM: max_tokens=32000 cannot be greater than max_model_len=4096",
            r"\b(?:max(?:imum)?[ _]model[ _]len|max_seq_len|n_ctx)(?:gth)?\b[^\d.]{0,12}(\d+)",
        ),
        (
            "several",
            r"(?:greater|larger|more) than (?:the )?(?:model's )?context (?:length|window)[^\d.]{0,12}(\d+)",
        ),
    ),
}
"""(source, regular expression): case is ignored, and the one group is the number."""


def mentions(says: LimitKind, text: str) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for _, pattern in TABLE[says])


def figure(says: LimitKind, text: str) -> int | None:
    """The number, more than 0; None if `text` has none of this kind."""
    for _, pattern in TABLE[says]:
        if (found := re.search(pattern, text, re.IGNORECASE)) and (number := int(found[1].replace(",", ""))):
            return number
    return None
