"""The kinds of upstream: one row each, named like its folder in `gateway/upstreams/`.

To add a kind: its name in `ProviderKind`, its row in `KINDS`, and `gateway/upstreams/<kind>/adapter.py` with
`adapter(name, provider) -> Adapter`. Settings, environment, schema, checks and commands read the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from attrs import frozen

from gateway.settings.loading import urls
from gateway.settings.windows import ADVISED_WINDOW

ProviderKind = Literal["openai", "responses", "ollama", "anthropic", "scripted"]
Preset = Literal[
    "plain",
    "anthropic",
    "openai",
    "responses",
    "azure",
    "azure-responses",
    "openrouter",
    "deepseek",
    "dashscope",
    "moonshot",
    "zhipu",
    "minimax",
    "mistral",
    "groq",
    "together",
    "fireworks",
    "xai",
    "gemini",
    "vllm",
    "sglang",
    "llamacpp",
    "lmstudio",
    "ollama",
]

_OWN_PRESETS = frozenset({"anthropic", "responses", "azure-responses"})
"""Presets of one kind each; all others describe servers of Chat Completions."""


@frozen
class KindSpec:
    default_url: str = ""
    """`base_url` of the provider that `PROVIDER` defines, if `PROVIDER_BASE_URL` is not set."""
    normalize_url: Callable[[str], str] = urls.without_slash
    """A checked `base_url` as people paste it -> the form the adapter appends paths to."""
    preset: str = "plain"
    """Preset of a provider that sets none and whose address tells none."""
    azure_preset: str = ""
    """The same on a host of Azure OpenAI."""
    known_hosts: bool = False
    """Whether the host or port of `base_url` may tell the preset."""
    presets: frozenset[str] = frozenset({"plain"})
    """Presets that a provider may set."""
    has_server: bool = True
    """Whether a provider needs `base_url`. Without a server it needs `replies` or `script`."""
    switches_of: ProviderKind | None = None
    """A kind whose switches in `quirks` it reads, too, because it uses that kind's request or reader."""
    recordable: bool = True
    """Whether `record` works: answers are translated, not passed through."""
    probed: bool = False
    """Whether `check --probe` and `doctor` can ask its servers."""
    whole_tool_calls: bool = False
    """Whether servers send a tool call in one piece: `timeouts.idle` then defaults to `first_byte`."""
    default_window: int | None = None
    """Context window, in tokens, that requests ask the server for if `context_window` is not set."""


KINDS: Mapping[ProviderKind, KindSpec] = {
    "openai": KindSpec(
        default_url="https://api.openai.com/v1",
        normalize_url=urls.versioned,
        azure_preset="azure",
        known_hosts=True,
        presets=frozenset(get_args(Preset)) - _OWN_PRESETS,
        probed=True,
    ),
    "responses": KindSpec(
        default_url="https://api.openai.com/v1",
        normalize_url=urls.versioned,
        preset="responses",
        azure_preset="azure-responses",
        presets=frozenset({"responses", "azure-responses", "plain"}),
    ),
    "ollama": KindSpec(
        default_url="http://127.0.0.1:11434",
        normalize_url=urls.ollama_root,
        preset="ollama",
        presets=frozenset({"ollama", "plain"}),
        probed=True,
        whole_tool_calls=True,
        default_window=ADVISED_WINDOW,
    ),
    "anthropic": KindSpec(
        default_url="https://api.anthropic.com",
        normalize_url=urls.messages_root,
        preset="anthropic",
        presets=frozenset({"anthropic"}),
        recordable=False,
    ),
    "scripted": KindSpec(
        normalize_url=lambda _: "",
        presets=frozenset(get_args(Preset)) - {"anthropic"},
        has_server=False,
        recordable=False,
    ),
}


def spec_of(kind: object) -> KindSpec | None:
    """The row of a kind as a file states it: any YAML value. None if it is not a kind."""
    return next((spec for name, spec in KINDS.items() if name == kind), None)
