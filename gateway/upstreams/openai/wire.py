"""The wire format of a Chat Completions request.

Keys that are not set are left out, never null: the one null is the content of an assistant message that has
only tool calls.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType


class CacheControl(Struct, omit_defaults=True):
    """OpenRouter's and DashScope's; the same as Anthropic's."""

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
    """`arguments` is the client's JSON text."""

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
    """Gemini's container for fields that Chat Completions does not have; it is a real key of the request."""

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
