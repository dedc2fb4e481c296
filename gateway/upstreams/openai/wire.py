"""Chat Completions as it is on the wire.

The answer half holds only what the reader needs, as leniently as it can: every field may be absent or null,
and what comes in several shapes (`arguments`, `content`, `error`) stays raw until it is looked at.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

# ---------------------------------------------------------------- answer half


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
    may have to go back unchanged.
    """

    content: str | list[Raw] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Raw] | None = None
    tool_calls: list[ToolCallPiece] | None = None
    function_call: FunctionPiece | None = None
    refusal: str | None = None


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


# --------------------------------------------------------------- request half
#
# Keys that are not set are left out, never null: the one null is the content of an assistant message that
# holds only tool calls.


class CacheControl(Struct, omit_defaults=True):
    """OpenRouter's and DashScope's: Anthropic's own."""

    type: str
    ttl: str | UnsetType = UNSET


class Breakpoint(Struct):
    ttl: Literal["30m", "12h"]
    mode: Literal["explicit"] = "explicit"


class TextPart(Struct, tag_field="type", tag="text", omit_defaults=True):
    text: str
    cache_control: CacheControl | UnsetType = UNSET
    prompt_cache_breakpoint: Breakpoint | UnsetType = UNSET


class ImageUrl(Struct):
    url: str


class ImagePart(Struct, tag_field="type", tag="image_url", omit_defaults=True):
    image_url: ImageUrl
    cache_control: CacheControl | UnsetType = UNSET
    prompt_cache_breakpoint: Breakpoint | UnsetType = UNSET


class File(Struct):
    """`file_data` is a `data:` URL, or one that the server fetches."""

    filename: str
    file_data: str


class FilePart(Struct, tag_field="type", tag="file", omit_defaults=True):
    file: File
    cache_control: CacheControl | UnsetType = UNSET
    prompt_cache_breakpoint: Breakpoint | UnsetType = UNSET


class ThinkingPart(Struct, tag_field="type", tag="thinking"):
    """Mistral's."""

    thinking: list[TextPart]


SentPart = TextPart | ImagePart | FilePart | ThinkingPart


class SentFunction(Struct, gc=False):
    """`arguments` is the JSON text, as the client had it."""

    name: str
    arguments: str


class GoogleCall(Struct):
    thought_signature: str


class CallExtras(Struct):
    google: GoogleCall


class SentCall(Struct, omit_defaults=True, gc=False):
    """`extra_content` is Gemini's."""

    id: str
    function: SentFunction
    type: Literal["function"] | UnsetType = UNSET
    extra_content: CallExtras | UnsetType = UNSET


class SentMessage(Struct, omit_defaults=True, gc=False):
    role: str
    content: str | list[SentPart] | UnsetType | None = UNSET
    reasoning_content: str | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    reasoning_details: list[Raw] | UnsetType = UNSET
    tool_calls: list[SentCall] | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET


class FunctionDefinition(Struct, omit_defaults=True, gc=False):
    name: str
    parameters: Raw
    description: str | UnsetType = UNSET
    strict: bool | UnsetType = UNSET


class SentTool(Struct, gc=False):
    function: FunctionDefinition
    type: Literal["function"] = "function"


class NamedFunction(Struct):
    name: str


class NamedTool(Struct):
    function: NamedFunction
    type: Literal["function"] = "function"


class JsonSchema(Struct):
    schema: Raw
    strict: bool | UnsetType = UNSET
    name: str = "response"


class ResponseFormat(Struct, tag_field="type", tag="json_schema"):
    json_schema: JsonSchema


class ObjectFormat(Struct, tag_field="type", tag="json_object"):
    """Any JSON object."""


class StreamOptions(Struct):
    include_usage: bool = True


class Reasoning(Struct, omit_defaults=True):
    """OpenRouter's and Together's."""

    effort: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class Thinking(Struct):
    """DeepSeek's, Zhipu's and MiniMax's."""

    type: Literal["enabled", "disabled"]


class ThinkingConfig(Struct, omit_defaults=True):
    """Gemini's."""

    include_thoughts: bool
    thinking_budget: int | UnsetType = UNSET


class Google(Struct):
    thinking_config: ThinkingConfig


class ExtraBody(Struct):
    """Gemini's place for what Chat Completions has no field for; it really is a key of the request."""

    google: Google


class UsageWish(Struct):
    """OpenRouter's."""

    include: bool = True


class ChatRequest(Struct, omit_defaults=True):
    model: str
    messages: list[SentMessage]
    stream: bool
    stream_options: StreamOptions | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    max_completion_tokens: int | UnsetType = UNSET
    stop: list[str] | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    tools: list[SentTool] | UnsetType = UNSET
    tool_choice: str | NamedTool | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    response_format: ResponseFormat | ObjectFormat | UnsetType = UNSET
    reasoning_effort: str | UnsetType = UNSET
    chat_template_kwargs: dict[str, bool] | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    thinking: Thinking | UnsetType = UNSET
    enable_thinking: bool | UnsetType = UNSET
    thinking_budget: int | UnsetType = UNSET
    extra_body: ExtraBody | UnsetType = UNSET
    usage: UsageWish | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    safety_identifier: str | UnsetType = UNSET
    user: str | UnsetType = UNSET
    continue_final_message: bool | UnsetType = UNSET
    add_generation_prompt: bool | UnsetType = UNSET
