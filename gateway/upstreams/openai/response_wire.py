"""The wire format of a Chat Completions answer.

It has only the fields that the reader needs, as leniently as possible: every field may be absent or null, and
fields with several shapes (`arguments`, `content`, `error`) stay raw until they are read.
"""

from __future__ import annotations

from msgspec import Raw, Struct


class FunctionPiece(Struct, gc=False):
    """`arguments` is a JSON text in a string; some servers send the object itself."""

    name: str | None = None
    arguments: Raw = Raw()


class ToolCallPiece(Struct, gc=False):
    """`extra_content` is Gemini's: see `CallExtras`."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None
    extra_content: Raw = Raw()


class Delta(Struct, gc=False):
    """`choices[].delta` of a stream and `choices[].message` of a whole answer: the same fields.

    `content` is a list of parts on Mistral's reasoning models. Reasoning is read from the first of
    `reasoning_content` (DeepSeek, SGLang, llama.cpp, older vLLM), `reasoning` (OpenRouter, Groq and, which is
    general knowledge, newer vLLM) and `reasoning_details` that holds any. `reasoning_details` (OpenRouter)
    may be required back unchanged.
    """

    content: str | list[Raw] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Raw] | None = None
    tool_calls: list[ToolCallPiece] | None = None
    function_call: FunctionPiece | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None


class Choice(Struct, gc=False):
    """`stop_reason` is vLLM's (a string, or the integer id of a token), `matched_stop` SGLang's."""

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    matched_stop: str | int | list[int] | None = None


class PromptDetails(Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class Usage(Struct, gc=False):
    """`prompt_tokens` counts the whole prompt, cached or not. `prompt_cache_hit_tokens` is DeepSeek's."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None


class GroqExtension(Struct, gc=False):
    usage: Raw = Raw()


class Completion(Struct, gc=False):
    """One chunk of a stream, or a whole answer."""

    choices: list[Choice] | None = None
    usage: Raw = Raw()
    error: Raw = Raw()
    x_groq: GroqExtension | None = None
    service_tier: str | None = None


class ContentPart(Struct, gc=False):
    """One element of a `content` list: `thinking` is again a list of parts, or a string."""

    type: str = ""
    text: str | None = None
    thinking: str | list[Raw] | None = None


class ReasoningDetail(Struct, gc=False):
    """One element of OpenRouter's `reasoning_details`: a text with its signature, a summary, or neither
    (encrypted)."""

    text: str | None = None
    summary: str | None = None
    signature: str | None = None
    data: str | None = None
