"""Known servers and providers by name, as sets of quirks.

A preset is chosen by `preset:` or recognised from the base URL; `quirks:` overrides single switches.

Marks: [R] run here, [S] read in source, [L] found in other gateways' source or issue threads, [K] general
knowledge, not checked. A line without a mark has the mark of its preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import evolve

from gateway.settings.kinds import KINDS, ProviderKind
from gateway.settings.loading.urls import is_azure
from gateway.settings.models import Provider
from gateway.settings.quirks import PLAIN, Quirks

_LOCAL = evolve(
    PLAIN,
    top_k=True,
    reasoning_in="template_kwargs",
    effort_beside=True,
    schema="grammar",
    format_beside_tools=False,
)
"""Common to the servers that run open models locally."""

_OPENAI = evolve(
    PLAIN,
    family="openai",
    max_tokens_field="max_completion_tokens",
    system_role="developer",
    mid_system="inline",
    tool_id_limit=40,  # [K]
    stop_limit=4,
    effort_none=True,
    replay_reasoning="none",  # Chat Completions shows no reasoning
    think_tags=False,
    image_urls=True,
    pdf=True,
    service_tier=True,
    user_field="safety_identifier",
    prompt_cache_key=True,
    array_items=True,
    strict_tools="made",
    json_schema="strict",
)
_RESPONSES = evolve(
    _OPENAI,
    family="responses",
    tool_id_limit=64,  # [K]
    stop_limit=0,
    replay_reasoning="all",
    pdf_urls=True,
)
_AZURE_KEY = "api-key"

PRESETS: Mapping[str, Quirks] = {
    "plain": PLAIN,
    "anthropic": evolve(
        PLAIN,
        native=True,
        family="anthropic",
        key_header="x-api-key",
        image_urls=True,
        pdf=True,
        pdf_urls=True,
    ),
    "openai": _OPENAI,  # [L]
    "responses": evolve(_RESPONSES, web_search=True),  # [L], the search from the types of OpenAI's SDK
    "azure": evolve(_OPENAI, family="azure", key_header=_AZURE_KEY),  # [L]
    "azure-responses": evolve(_RESPONSES, family="azure-responses", key_header=_AZURE_KEY),  # [L]
    "openrouter": evolve(  # [L]
        PLAIN,
        family="openrouter",
        top_k=True,
        reasoning_in="reasoning",
        highest_effort="xhigh",
        reasoning_field="reasoning",
        reasoning_details=True,
        cache_markers="cache_control",
        image_urls=True,  # [K]
        pdf=True,  # [K]
        usage_include=True,
        user_field="user",  # [K]
        json_schema="strict",  # [K]
    ),
    "deepseek": evolve(  # [L]
        PLAIN,
        family="deepseek",
        reasoning_in="thinking",
        effort_beside=True,
        # "The reasoning_content in the thinking mode must be passed back to the API."
        reasoning_placeholder=True,
        json_schema="object",  # [K]
    ),
    "dashscope": evolve(  # [L]
        PLAIN,
        family="dashscope",
        reasoning_in="enable_thinking",
        effort_beside=True,
        stream_only=True,  # [K] thinking models
        top_k=True,
        tool_choice="no_required",
        cache_markers="cache_control",
        image_urls=True,
        json_schema="object",  # [K]
    ),
    "moonshot": evolve(  # [L]
        PLAIN,
        family="moonshot",
        max_temperature=1.0,
        tool_choice="no_required",
        # reasoning_content is required on assistant messages with tool calls while reasoning
        reasoning_placeholder=True,
        json_schema="object",  # [K]
    ),
    "zhipu": evolve(  # [K]
        PLAIN, family="zhipu", reasoning_in="thinking", tool_choice="none", json_schema="object"
    ),
    # [K] reasoning arrives as <think> in the content and must be replayed there
    "minimax": evolve(PLAIN, family="minimax", reasoning_in="thinking", reasoning_field="content"),
    "mistral": evolve(  # [L]
        PLAIN,
        family="mistral",
        # "Tool call id was X but must be a-z, A-Z, 0-9, with a length of 9."
        tool_id_limit=9,
        tool_id_exact=True,
        tool_choice="no_named",
        required_word="any",
        reasoning_field="parts",  # [K] that it accepts the parts it sends
        think_tags=False,
        stream_usage=False,  # [K] unknown fields are 422; usage is sent without being requested
        image_urls=True,
        schema="unclosed",
        json_schema="unmarked",
        strict_tools="none",
    ),
    "groq": evolve(  # [L]
        PLAIN,
        family="groq",
        max_tokens_field="max_completion_tokens",
        effort_none=True,  # [K]
        reasoning_field="reasoning",
        replay_reasoning="none",  # [K]
        stop_limit=4,  # [K]
        format_beside_tools=False,
        image_urls=True,
        user_field="user",  # [K]
    ),
    "together": evolve(  # [K]
        PLAIN,
        family="together",
        reasoning_in="reasoning",  # [L]
        effort_beside=True,  # [L]
        reasoning_field="reasoning",
        top_k=True,
        image_urls=True,
    ),
    "fireworks": evolve(  # [L]
        PLAIN,
        family="fireworks",
        required_word="any",
        top_k=True,  # [K]
        user_field="user",  # [K]
        json_schema="unmarked",
        strict_tools="none",
    ),
    "xai": evolve(  # [L]
        PLAIN,
        family="xai",
        max_tokens_field="max_completion_tokens",
        # completion_tokens EXCLUDES reasoning_tokens
        reasoning_tokens_apart=True,
        replay_reasoning="none",  # [K]
        image_urls=True,
        json_schema="unmarked",
        strict_tools="none",
    ),
    "gemini": evolve(  # [L]
        PLAIN,
        family="gemini",
        reasoning_in="thinking_config",
        effort_none=True,  # [K]
        think_tag="thought",
        replay_reasoning="none",
        # "Function call is missing a thought_signature in functionCall parts"
        call_signatures=True,
        schema="gemini",
        array_items=True,
        strict_tools="none",  # [K] schemas are lowered to what is not strict
    ),
    "vllm": evolve(  # [L]
        _LOCAL,
        family="vllm",
        stop_report="field",
        image_urls=True,
        prefill="flags",
    ),
    "sglang": evolve(_LOCAL, family="sglang", stop_report="field", image_urls=True),  # [L]
    # [R] it treats a named tool_choice as `auto` without an error; `required` is a grammar
    "llamacpp": evolve(
        _LOCAL, family="llamacpp", exact_stops=False, prefill="continue", tool_choice="no_named"
    ),
    "lmstudio": evolve(  # [K]
        _LOCAL, family="lmstudio", reasoning_in="effort", effort_beside=False, exact_stops=False
    ),
    "ollama": evolve(  # [S]
        PLAIN,
        family="ollama",
        exact_stops=False,
        tool_choice="none",
        parallel_tool_calls=False,
        top_k=True,
        reasoning_in="think",
        reasoning_field="reasoning",
        prefill="continue",
        schema="ollama",
        format_beside_tools=False,
        strict_tools="none",
    ),
}
"""By the name that `preset:` takes in the YAML."""

_HOSTS = {
    "api.openai.com": "openai",
    "openrouter.ai": "openrouter",
    "api.deepseek.com": "deepseek",
    "dashscope.aliyuncs.com": "dashscope",
    "dashscope-intl.aliyuncs.com": "dashscope",
    "api.moonshot.ai": "moonshot",
    "api.moonshot.cn": "moonshot",
    "api.z.ai": "zhipu",
    "open.bigmodel.cn": "zhipu",
    "api.minimax.io": "minimax",
    "api.minimaxi.com": "minimax",
    "api.mistral.ai": "mistral",
    "api.groq.com": "groq",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
    "api.x.ai": "xai",
    "generativelanguage.googleapis.com": "gemini",
}
_PORTS = {11434: "ollama", 1234: "lmstudio", 30000: "sglang"}
"""Default ports that identify a server. Many servers use 8000 and 8080."""


def recognise(kind: ProviderKind, base_url: str) -> str:
    """The preset's name for a provider that configures none."""
    spec, url = KINDS[kind], urlsplit(base_url)
    host = url.hostname or ""
    if spec.azure_preset and is_azure(host):
        return spec.azure_preset
    found = (_HOSTS.get(host) or _PORTS.get(url.port or 0)) if spec.known_hosts else None
    return found or spec.preset


def quirks_of(provider: Provider) -> Quirks:
    """The quirks of all models of a provider: its preset with the provider's own `quirks:`."""
    preset = PRESETS[provider.preset or recognise(provider.kind, provider.base_url)]
    return evolve(preset, **provider.quirks.switches)
