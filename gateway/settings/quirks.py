"""How servers differ, as switches: what `quirks:` may say of a provider or of one way to a model.

The translators consult them only where an upstream request is built or its answer read; none asks for a
provider's name. `gateway.upstreams.presets` holds the sets of them that are known by name.

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
    """The switches that are said, by name; all others are the preset's."""

    said: Mapping[str, object] = Factory(dict[str, object])


@frozen
class Quirks:
    """Single switches that differ from the provider's preset. The defaults here are those of `plain`: what
    any server with Chat Completions is expected to take."""

    native: bool = False
    """It speaks the Messages API itself: nothing is translated, emulated or refused in its place."""
    family: str = "plain"
    """The replay family written into signatures: reasoning goes back only to the family it came from.
    Example: `deepseek`."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The name of the limit in the request."""
    system_role: Literal["system", "developer"] = "system"
    """The role of the system prompt."""
    mid_system: Literal["fold", "inline"] = "fold"
    """System messages inside the conversation: folded into the user's turns, or left where they are."""
    key_header: Literal["authorization", "api-key", "x-api-key"] = "authorization"
    """Where the provider's key goes; `authorization` makes it a Bearer token."""
    tool_choice: Literal["full", "no_required", "no_named", "none"] = "full"
    """How much of `tool_choice` can be told: all, all but that some tool must be called, all but which one
    (then that one alone is offered), nothing."""
    required_word: Literal["required", "any"] = "required"
    """How a call is demanded in `tool_choice`."""
    parallel_tool_calls: bool = True
    """Whether `parallel_tool_calls: false` may be sent."""
    tool_id_limit: Characters | None = None
    """The longest id of a tool call. Example: `9`."""
    tool_id_exact: bool = False
    """Ids have `tool_id_limit` letters and digits, no more and no fewer."""
    tool_name_limit: Characters = 64
    """The longest name of a tool. Example: `128`."""
    stop_limit: Annotated[int, CountOf("stop sequences")] | None = None
    """The most stop sequences that may be sent. Example: `4`."""
    stop_report: Literal["field", "hidden"] = "hidden"
    """Whether a field of the answer names the stop sequence that matched."""
    exact_stops: bool = True
    """Where the match is hidden: find it here and cancel. Off where a cancel takes effect late."""
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
    """How reasoning is asked for: `reasoning_effort`, `chat_template_kwargs`, Ollama's `think`, OpenRouter's
    `reasoning`, `thinking: {type}`, `enable_thinking`, Gemini's `thinking_config`, or not at all."""
    effort_beside: bool = False
    """Where it is asked for otherwise: whether `reasoning_effort` may stand beside."""
    effort_none: bool = False
    """Whether a model of which it is not known that it reasons may be told not to, by the effort `none`."""
    highest_effort: Literal["high", "xhigh", "max"] = "max"
    """The highest effort that the server knows; a higher one is lowered to it."""
    reasoning_field: Literal["reasoning_content", "reasoning", "content", "parts"] = "reasoning_content"
    """Where reasoning is replayed: in one of the two fields, in tags at the start of the content, or as a
    part of it. All are always read."""
    reasoning_details: bool = False
    """Whether `reasoning_details` are kept and go back unchanged, in place of the text of the reasoning."""
    replay_reasoning: Literal["all", "current_turn", "none"] = "all"
    """How much of the history's reasoning goes back."""
    reasoning_placeholder: bool = False
    """An assistant message with tool calls must hold reasoning: a blank where there is none."""
    reasoning_tokens_apart: bool = False
    """`completion_tokens` leaves the reasoning out."""
    call_signatures: bool = False
    """Calls come with thought signatures and must go back with them. Where none is known, as in a session
    without thinking, the word stands there with which its documentation lets the check be skipped."""
    think_tags: bool = True
    """Look for `<think>` at the very start of the content."""
    think_tag: Literal["think", "thought"] = "think"
    """What that tag is called."""
    think_open: bool = False
    """The template opens the tag itself: the content starts inside it."""
    empty_content: Literal["null", "empty", "omit"] = "null"
    """What stands as the content of an assistant message that holds only tool calls."""
    image_urls: bool = False
    """Whether the server fetches image URLs itself."""
    pdf: bool = False
    """Whether the server reads PDFs itself, as `file` parts; if not, their text is sent."""
    pdf_urls: bool = False
    """Whether the server fetches PDFs by URL itself."""
    strict_images: bool = False
    """Refuse a request with images to a model without vision, instead of sending it without them."""
    stream_usage: bool = True
    """Whether streams are asked for their figures."""
    usage_include: bool = False
    """Whether figures are asked for with `usage: {include: true}`."""
    stream_only: bool = False
    """The server only streams: plain answers are made of a stream."""
    service_tier: bool = False
    """Whether `service_tier` may be sent."""
    fast_tier: Literal["none", "fast", "priority"] = "none"
    """The `service_tier` that `speed: fast` asks for; `none`: it is not asked for."""
    context_shift: bool = False
    """For Ollama: leave `shift` out, as its other clients do: it loads the model again for each that differs.
    An answer that fills the window then forgets the start of the prompt."""
    keep_alive: Delay | None = None
    """For Ollama: how long it keeps the model in memory after a request; left out, 5 minutes or what the
    server is set to. Example: `24h`."""
    user_field: Literal["safety_identifier", "user", "none"] = "none"
    """The field for the user's id."""
    prompt_cache_key: bool = False
    """Whether the session is sent as `prompt_cache_key`."""
    cache_markers: Literal["none", "cache_control", "breakpoint"] = "none"
    """How a client's `cache_control` is passed on: not at all (the server caches every prefix by itself), as
    `cache_control` on the parts of contents, or as OpenAI's `prompt_cache_breakpoint`."""
    schema: SchemaLevel = "loose"
    """How schemas of tools and answers are lowered (see `gateway.schemas.lowering`)."""
    array_items: bool = False
    """Whether the server refuses arrays without `items` in schemas: an empty `items` is then added."""
    strict_tools: Literal["made", "as_sent", "none"] = "as_sent"
    """What `strict` of a tool does: its schema is made so; it is said of a schema that is so as it came; or
    nothing, where the server refuses the word."""
    repair_tool_args: bool = False
    """Hold each call until it is over and guess what broken arguments mean: for servers whose models write
    broken JSON. What needs no guessing is mended anyway, unless it was streamed already."""
    forced_while_thinking: bool = True
    """Whether a tool may be forced while the model reasons; if not, reasoning is off for that request."""
    web_search: bool = False
    """For Responses: the server searches the web itself where a client offers Anthropic's `web_search`."""
    json_schema: Literal["strict", "schema", "unmarked", "object", "none"] = "schema"
    """How the answer's schema is asked for: OpenAI's strict form, as it is, as it is and without `strict`, as
    `json_object`, not at all."""
    format_beside_tools: bool = True
    """Whether the answer's schema leaves the model free to call tools."""
    prefill: Literal["refuse", "continue", "flags"] = "refuse"
    """A last assistant message: refused, continued as it is, or continued with vLLM's two flags."""
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
"""The kinds of provider that read a switch; one that is missing here may matter to any."""
