"""The differences between servers, as switches: the keys of `quirks:` for a provider or a target.

The translators read them only when they build an upstream request or read its answer; none checks a
provider's name. `gateway.upstreams.presets` has the named sets.

The string under a field is its description in docs/configuration.md, as in `models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from attrs import Factory, frozen

from gateway.settings.loading.units import Characters, CountOf, Delay, Temperature

SchemaLevel = Literal["loose", "unclosed", "gemini", "ollama", "grammar"]


@frozen
class Overrides:
    """The switches that are set, by name; all others come from the preset."""

    switches: Mapping[str, object] = Factory(dict[str, object])


@frozen
class Quirks:
    """Switches that override the provider's preset. The defaults here are those of `plain`: what any server
    with Chat Completions is expected to take. A switch that names no kind may affect any kind of provider."""

    native: bool = False
    """It speaks the Messages API itself: nothing is translated, emulated or refused on its behalf."""
    family: str = "plain"
    """The replay family written into signatures: reasoning is sent back only to the family it came from.
    Example: `deepseek`."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The name of the limit in the request."""
    system_role: Literal["system", "developer"] = "system"
    """The role of the system prompt."""
    mid_system: Literal["fold", "inline"] = "fold"
    """System messages inside the conversation: moved into the user's turns, or kept in place."""
    key_header: Literal["authorization", "api-key", "x-api-key"] = "authorization"
    """The header for the provider's key; in `authorization` it is a Bearer token."""
    tool_choice: Literal["full", "no_required", "no_named", "none"] = "full"
    """Which values of `tool_choice` the server takes: all; all except a required call; all except a named
    tool (then only that one is offered); none."""
    required_word: Literal["required", "any"] = "required"
    """The value of `tool_choice` that requires a call."""
    parallel_tool_calls: bool = True
    """Whether `parallel_tool_calls: false` may be sent."""
    tool_id_limit: Characters | None = None
    """The longest tool-call id. Example: `9`."""
    tool_id_exact: bool = False
    """Ids must have exactly `tool_id_limit` letters and digits."""
    tool_name_limit: Characters = 64
    """The longest tool name. Example: `128`."""
    stop_limit: Annotated[int, CountOf("stop sequences")] | None = None
    """The most stop sequences that may be sent. Example: `4`."""
    stop_report: Literal["field", "hidden"] = "hidden"
    """Whether a field of the answer names the stop sequence that matched."""
    exact_stops: bool = True
    """If the match is hidden: find it in the gateway and cancel. Turn it off if the server is slow to
    cancel."""
    top_k: bool = False
    """Whether `top_k` may be sent."""
    sampling: bool = True
    """Whether `temperature` and `top_p` may be sent."""
    max_temperature: Temperature | None = None
    """The highest `temperature`; a higher one is lowered to it. Example: `1.0`."""
    reasoning_in: Literal[
        "effort",
        "template_kwargs",
        "think",
        "reasoning",
        "thinking",
        "enable_thinking",
        "thinking_config",
        "none",
    ] = "effort"
    """How reasoning is requested: `reasoning_effort`, `chat_template_kwargs`, Ollama's `think`, OpenRouter's
    `reasoning`, `thinking: {type}`, `enable_thinking`, Gemini's `thinking_config`, or not at all."""
    effort_beside: bool = False
    """If reasoning is requested otherwise: whether `reasoning_effort` may be sent in addition."""
    effort_none: bool = False
    """Whether the effort `none` may be sent to a model that is not known to reason."""
    highest_effort: Literal["high", "xhigh", "max"] = "max"
    """The highest effort that the server takes; a higher one is lowered to it."""
    reasoning_field: Literal["reasoning_content", "reasoning", "content", "parts"] = "reasoning_content"
    """Where reasoning is replayed: in one of the two fields, in tags at the start of the content, or as a
    part of it. All are always read."""
    reasoning_details: bool = False
    """Whether `reasoning_details` are kept and sent back unchanged, instead of the text of the reasoning."""
    replay_reasoning: Literal["all", "current_turn", "none"] = "all"
    """How much of the history's reasoning is sent back: all of it, only what follows the last user message
    without tool results, or none of it."""
    reasoning_placeholder: bool = False
    """An assistant message with tool calls must have reasoning: a blank is sent if there is none."""
    reasoning_tokens_apart: bool = False
    """`completion_tokens` excludes reasoning."""
    call_signatures: bool = False
    """Calls have thought signatures, which must be sent back. If none is known, as in a session without
    thinking, the documented placeholder that skips the check is sent."""
    think_tags: bool = True
    """Look for `<think>` at the very start of the content."""
    think_tag: Literal["think", "thought"] = "think"
    """The name of that tag."""
    think_open: bool = False
    """The template opens the tag itself: the content starts inside it."""
    empty_content: Literal["null", "empty", "omit"] = "null"
    """The content of an assistant message that has only tool calls."""
    image_urls: bool = False
    """Whether the server fetches image URLs itself."""
    pdf: bool = False
    """Whether the server reads PDFs itself, as `file` parts; if not, their text is sent."""
    pdf_urls: bool = False
    """Whether the server fetches PDFs by URL itself."""
    strict_images: bool = False
    """Refuse a request with images to a model without vision, instead of sending it without them."""
    stream_usage: bool = True
    """Whether usage is requested for streams."""
    usage_include: bool = False
    """Whether usage is requested with `usage: {include: true}`."""
    stream_only: bool = False
    """The server only streams: plain answers are collected from a stream."""
    service_tier: bool = False
    """Whether `service_tier` may be sent."""
    fast_tier: Literal["none", "fast", "priority"] = "none"
    """The `service_tier` for `speed: fast`; `none`: it is not requested."""
    context_shift: bool = False
    """Do not send `shift` to Ollama, like its other clients: it reloads the model for each different value.
    An answer that fills the window then drops the start of the prompt."""
    keep_alive: Delay | None = None
    """How long Ollama keeps the model in memory after a request; if it is left out, 5 minutes or the
    server's own setting. Example: `24h`."""
    user_field: Literal["safety_identifier", "user", "none"] = "none"
    """The field for the user's id."""
    prompt_cache_key: bool = False
    """Whether the session is sent as `prompt_cache_key`."""
    cache_markers: Literal["none", "cache_control", "breakpoint"] = "none"
    """How a client's `cache_control` is passed on: not at all (the server caches every prefix without it),
    as `cache_control` on content parts, or as OpenAI's `prompt_cache_breakpoint`."""
    schema: SchemaLevel = "loose"
    """How schemas of tools and answers are lowered (see `gateway.schemas.lowering`)."""
    array_items: bool = False
    """Whether the server refuses arrays without `items` in schemas: an empty `items` is then added."""
    strict_tools: Literal["made", "as_sent", "none"] = "as_sent"
    """The handling of `strict` for tools: the schema is made strict; it is sent only for a schema that is
    strict already; or it is never sent, if the server refuses it."""
    repair_tool_args: bool = False
    """Buffer each call until it is complete and guess the meaning of malformed arguments: for servers whose
    models write malformed JSON. Repairs without guessing are made anyway, unless the call was streamed
    already."""
    forced_while_thinking: bool = True
    """Whether a tool may be forced while the model reasons; if not, reasoning is off for that request."""
    web_search: bool = False
    """For Responses: the server searches the web itself if a client offers Anthropic's `web_search`."""
    json_schema: Literal["strict", "schema", "unmarked", "object", "none"] = "schema"
    """How the answer's schema is sent: in OpenAI's strict form, unchanged, unchanged and without `strict`, as
    `json_object`, not at all."""
    format_beside_tools: bool = True
    """Whether the model can still call tools if the answer has a schema."""
    prefill: Literal["refuse", "continue", "flags"] = "refuse"
    """A last assistant message: refused, continued, or continued with vLLM's two flags."""
    end_mark: Literal["required", "none"] = "required"
    """`none`: the server ends its streams with neither finish_reason nor [DONE]."""


PLAIN = Quirks()

READ_BY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "max_tokens_field",
            "top_k",
            "reasoning_in",
            "effort_beside",
            "reasoning_field",
            "reasoning_details",
            "reasoning_placeholder",
            "reasoning_tokens_apart",
            "empty_content",
            "stream_usage",
            "usage_include",
            "end_mark",
        ),
        ("openai",),
    ),
    **dict.fromkeys(
        (
            "system_role",
            "tool_choice",
            "required_word",
            "parallel_tool_calls",
            "sampling",
            "effort_none",
            "highest_effort",
            "user_field",
            "prompt_cache_key",
            "cache_markers",
        ),
        ("openai", "responses"),
    ),
    **dict.fromkeys(("context_shift", "keep_alive"), ("ollama",)),
}
"""The kinds of provider that read a switch; a switch that is missing here may affect any kind."""
