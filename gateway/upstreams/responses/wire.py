"""The wire format of Responses.

The answer half has only the fields that the reader needs. Fields whose form depends on the type of an event
or an item stay raw until the type is known: new types may appear at any time.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

# ---------------------------------------------------------------- answer half


class Event(Struct, gc=False):
    """One event of a stream."""

    type: str = ""
    output_index: int | None = None
    item_id: str | None = None
    summary_index: int | None = None
    content_index: int | None = None
    delta: Raw = Raw()
    arguments: Raw = Raw()
    item: Raw = Raw()
    response: Raw = Raw()


class Passage(Struct, gc=False):
    """One element of an item's `content` or `summary`."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None


class Item(Struct, gc=False):
    """One element of a response's `output`."""

    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: Raw = Raw()
    status: str | None = None
    action: Raw = Raw()
    content: list[Passage] | None = None
    summary: list[Passage] | None = None
    encrypted_content: str | None = None


class CacheWrites(Struct, gc=False):
    """Tokens written, by how long they are kept."""

    ttl_30m_tokens: int | None = None
    ttl_12h_tokens: int | None = None


class InputDetails(Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_tokens_details: CacheWrites | None = None


class OutputDetails(Struct, gc=False):
    reasoning_tokens: int | None = None


class Usage(Struct, gc=False):
    """`input_tokens` counts the whole prompt, cached or not."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class IncompleteDetails(Struct, gc=False):
    reason: str | None = None


class Response(Struct, gc=False):
    """A complete response; also the payload of a stream's last event."""

    status: str | None = None
    output: list[Raw] | None = None
    usage: Raw = Raw()
    error: Raw = Raw()
    incomplete_details: IncompleteDetails | None = None
    service_tier: str | None = None


# --------------------------------------------------------------- request half
#
# Keys that are not set are left out, never null.


class Breakpoint(Struct):
    """The end of a cacheable prefix of the prompt."""

    ttl: Literal["30m", "12h"]
    mode: Literal["explicit"] = "explicit"


class InputText(Struct, tag_field="type", tag="input_text", omit_defaults=True):
    text: str
    prompt_cache_breakpoint: Breakpoint | UnsetType = UNSET


class OutputText(Struct, tag_field="type", tag="output_text"):
    text: str


class InputImage(Struct, tag_field="type", tag="input_image", omit_defaults=True):
    """`image_url` is a `data:` URL, or one that the server fetches. `detail` is required."""

    image_url: str
    detail: Literal["auto"] | UnsetType = UNSET
    prompt_cache_breakpoint: Breakpoint | UnsetType = UNSET


class InputFile(Struct, tag_field="type", tag="input_file", omit_defaults=True):
    """Either `file_data` (a `data:` URL) with its name, or `file_url`, which the server fetches."""

    filename: str | UnsetType = UNSET
    file_data: str | UnsetType = UNSET
    file_url: str | UnsetType = UNSET
    prompt_cache_breakpoint: Breakpoint | UnsetType = UNSET


SentPart = InputText | OutputText | InputImage | InputFile


class SentMessage(Struct):
    role: str
    content: list[SentPart]


class SummaryText(Struct, tag_field="type", tag="summary_text"):
    text: str


class SentReasoning(Struct, tag_field="type", tag="reasoning"):
    id: str
    summary: list[SummaryText]
    encrypted_content: str


class SentCall(Struct, tag_field="type", tag="function_call"):
    """`arguments` is the client's JSON text."""

    call_id: str
    name: str
    arguments: str


class SentOutput(Struct, tag_field="type", tag="function_call_output"):
    call_id: str
    output: str | list[SentPart]


SentItem = SentMessage | SentReasoning | SentCall | SentOutput


class SentTool(Struct, tag_field="type", tag="function", omit_defaults=True):
    """`strict` is always sent: its default is true."""

    name: str
    parameters: Raw
    strict: bool
    description: str | UnsetType = UNSET


class SearchFilters(Struct):
    allowed_domains: list[str]


class UserLocation(Struct, omit_defaults=True):
    type: Literal["approximate"] | UnsetType = UNSET
    city: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    timezone: str | UnsetType | None = UNSET


class SearchTool(Struct, tag_field="type", tag="web_search", omit_defaults=True):
    filters: SearchFilters | UnsetType = UNSET
    user_location: UserLocation | UnsetType = UNSET


class NamedTool(Struct, tag_field="type", tag="function"):
    name: str


class SchemaFormat(Struct, tag_field="type", tag="json_schema"):
    schema: Raw
    strict: bool
    name: str = "response"


class ObjectFormat(Struct, tag_field="type", tag="json_object"):
    """Any JSON object."""


class TextOptions(Struct):
    format: SchemaFormat | ObjectFormat


class Reasoning(Struct, omit_defaults=True):
    effort: str | UnsetType = UNSET
    summary: str | UnsetType = UNSET


class SentRequest(Struct, omit_defaults=True):
    model: str
    input: list[SentItem]
    stream: bool
    store: Literal[False]
    instructions: str | UnsetType = UNSET
    include: list[str] | UnsetType = UNSET
    max_output_tokens: int | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    tools: list[SentTool | SearchTool] | UnsetType = UNSET
    tool_choice: str | NamedTool | UnsetType = UNSET
    max_tool_calls: int | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    text: TextOptions | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    prompt_cache_key: str | UnsetType = UNSET
    safety_identifier: str | UnsetType = UNSET
    user: str | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET


class WeighedPart(Struct):
    """The token-relevant fields of a part of the gateway's own request."""

    type: str = ""
    text: str = ""
    image_url: str = ""
    file_data: str = ""


class WeighedItem(Struct):
    name: str = ""
    arguments: str = ""
    content: list[WeighedPart] = []
    summary: list[WeighedPart] = []
    output: str | list[WeighedPart] = ""


class WeighedTool(Struct):
    name: str = ""
    parameters: Raw = Raw()
    description: str = ""


class WeighedRequest(Struct):
    input: list[WeighedItem]
    instructions: str = ""
    tools: list[WeighedTool] = []
    text: Raw = Raw()
