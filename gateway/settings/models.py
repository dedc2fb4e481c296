"""The schema of `gateway.yaml`, as frozen values without behaviour.

All durations are seconds; the YAML writes them as `500ms`, `30s`, `5m`, `1h`. None means not set: the value
of the next wider scope applies (a provider's timeouts fall back to `defaults.timeouts`).

The string under a field is its description: docs/configuration.md is made from these, so a description is
written for the person who edits the file. A last sentence that begins with `Example:` is shown as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from attrs import Factory, field, frozen

from gateway.settings.kinds import Preset, ProviderKind
from gateway.settings.loading.units import (
    AliasId,
    Bounds,
    CountOf,
    FilePath,
    HeaderName,
    HeaderValue,
    JsonObject,
    LogPath,
    Names,
    OneOrMore,
    Patterns,
    ProviderName,
    ProxyUrl,
    Seconds,
    Secret,
    Share,
    TargetName,
    Temperature,
    TokenCount,
    Tokens,
    Url,
    Weight,
)
from gateway.settings.quirks import Overrides
from gateway.settings.scripted_replies import ScriptedReply
from gateway.settings.server import Server

ExposeReasoning = Literal["auto", "always", "never"]
RequestClass = Literal["main", "subagent", "compaction", "auxiliary"]
RequestClasses = Annotated[tuple[RequestClass, ...], OneOrMore()]


@frozen
class Timeouts:
    """How long an upstream may take."""

    connect: Seconds = 5.0
    """To establish the connection, including TLS. Example: `10s`."""
    first_byte: Seconds = 600.0
    """From sending the request to the first byte of the answer; comments that only keep a connection open do
    not count. Loading a model, and a long prompt on a slow machine, count here. Example: `30m`."""
    idle: Seconds = 300.0
    """The longest silence inside an answer. For kind `ollama` it defaults to `first_byte`, since Ollama sends
    a long tool call in one piece. Example: `10m`."""
    total: Seconds = 3600.0
    """For one whole answer. Example: `2h`."""


@frozen
class TimeoutOverrides:
    """A provider's overrides of `defaults.timeouts`; the same four keys."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    idle: Seconds | None = None
    total: Seconds | None = None


@frozen
class Defaults:
    """Values that apply unless a more specific one is set."""

    model: TargetName | None = None
    """`provider/model`: the target for names that no entry of `models` matches. If it is left out, such a
    name is answered with 404. Example: `local/qwen3-coder:30b`."""
    timeouts: Timeouts = Timeouts()
    """How long upstreams may take; a provider can override it. Example: `{first_byte: 30m}`."""


@frozen
class Provider:
    """One upstream server. Its name is the key under `providers`."""

    kind: ProviderKind
    """The protocol: `openai` for any server with Chat Completions, `responses` for OpenAI's Responses,
    `ollama` for Ollama's own, `anthropic` for a server that speaks the Messages API itself: requests are
    passed through unchanged. `scripted` is not a server: it answers with `replies`, for tests. Example:
    `ollama`."""
    base_url: Url = ""
    """The server's address; only `scripted` needs none. For kinds `openai` and `responses` with or without
    `/v1`; a full `.../chat/completions` or `.../responses` address works as well. Example:
    `http://127.0.0.1:8000/v1`."""
    preset: Preset | None = None
    """The set of the server's quirks. If it is left out, it is recognised from the address, else `plain`.
    Example: `vllm`."""
    quirks: Overrides = field(factory=Overrides)
    """Single switches that differ from the preset. Example: `{top_k: true}`."""
    api_key: Secret | None = None
    """Sent as Bearer token; for kind `anthropic` as `x-api-key`. Example: `${VLLM_API_KEY:-}` or
    `file:/run/secrets/vllm`."""
    pass_credentials: bool = False
    """For kind `anthropic`: forward the client's own key or token to the server; a key of `server.keys` is
    never forwarded. Example: `true`."""
    headers: Mapping[HeaderName, HeaderValue] = field(factory=dict[str, str], repr=False)
    """Additional headers of every request. Example: `{x-team: research}`."""
    timeouts: TimeoutOverrides = TimeoutOverrides()
    """Overrides of `defaults.timeouts` for this server. Example: `{first_byte: 30m}`."""
    max_connections: Annotated[int, CountOf("connections"), Bounds(1, 100_000)] = 400
    """The most connections to this server, and so the most concurrent answers. Example: `50`."""
    retries: Annotated[int, CountOf("attempts"), Bounds(0, 10)] = 0
    """Retries when the server cannot be reached, resets the connection, or answers 502, 503, 504 or nothing.
    Example: `2`."""
    proxy: ProxyUrl | None = field(default=None, repr=False)
    """An HTTP proxy for this server. Example: `http://proxy.example:3128`."""
    ca_file: FilePath | None = None
    """A PEM file with the certificate authorities to trust, for a private one. Example:
    `/etc/ssl/company.pem`."""
    verify: bool = True
    """Whether the server's certificate is checked. Example: `false`."""
    client_cert: FilePath | None = None
    """A PEM file with the client certificate and key for this server. Example: `/etc/ssl/gateway.pem`."""
    trust_env: bool = True
    """Use HTTP_PROXY and the related variables; never for loopback addresses. Example: `false`."""
    expose_reasoning: ExposeReasoning = "auto"
    """Whether the model's reasoning is shown to clients: `auto` does what the client requests. Example:
    `always`."""
    record: LogPath | None = None
    """A file to which each answer is appended as a reply, for the `script` of a provider of kind `scripted`;
    relative to the working directory. It contains prompts and answers. Example: `replies.yaml`."""
    replies: tuple[ScriptedReply, ...] = field(factory=tuple[ScriptedReply, ...], repr=False)
    """For kind `scripted`: its answers. The first one that matches a request and was not used yet is sent.
    Example: `[{text: Hello!}]`."""
    script: str | None = None
    """For kind `scripted`: a file with the list of `replies`, relative to the file that names it. Example:
    `replies.yaml`."""
    requests: LogPath | None = None
    """For kind `scripted`: a file to which each request is appended, as a line of JSON; relative to the
    working directory. Example: `requests.jsonl`."""


@frozen
class Sampling:
    """Sampling parameters that override the client's."""

    temperature: Temperature | None = None
    """The randomness of the model's choices. Example: `0.2`."""
    top_p: Share | None = None
    """The share of likely words to choose from. Example: `0.9`."""
    top_k: Annotated[int, CountOf("words"), Bounds(0)] | None = None
    """The number of likely words to choose from, if the server supports it. Example: `40`."""


@frozen
class ModelTarget:
    """A target of requests, and what is known of its model. None: unknown."""

    provider: str
    """A name under `providers`. Example: `local`."""
    model: str
    """The model name that the upstream uses. Example: `qwen3-coder:30b`."""
    context_window: Tokens | None = None
    """The tokens that prompt and answer together may have. Ollama is asked to load the model with this window
    (`num_ctx`; 32768 if none is set). Example: `131072`."""
    max_output_tokens: Tokens | None = None
    """The most tokens that the model may write: a larger `max_tokens` of the client is lowered to it.
    Example: `32768`."""
    vision: bool | None = None
    """Whether the model sees images. `false` replaces them by a line of text. Example: `false`."""
    reasoning: bool | None = None
    """Whether the model can be asked to reason. Example: `true`."""
    sampling: Sampling = Sampling()
    """Sampling for this target, overriding the client's. Example: `{temperature: 0.2}`."""
    timeouts: TimeoutOverrides = TimeoutOverrides()
    """Overrides of the provider's timeouts for this target. Example: `{first_byte: 20s}`."""
    extra_body: JsonObject = field(factory=dict[str, object], repr=False)
    """Merged into the JSON that is sent upstream: objects key by key, any other value replaces the existing
    one; `null` removes a key. Example: `{options: {num_gpu: 40}}`."""
    quirks: Overrides = field(factory=Overrides)
    """Single switches that differ from the provider's. Example: `{think_tags: false}`."""
    weight: Weight | None = None
    """Among several targets: its share of the sessions. A session keeps its target. Targets without a weight
    are the fallbacks of those with one. Example: `3`."""


@frozen
class ModelRule:
    """`pattern` is an exact name or a shell pattern (`*`, `?`, `[...]`). The first match wins."""

    pattern: str
    target: ModelTarget


Targets = Annotated[tuple[ModelTarget, ...], OneOrMore()]


@frozen
class Match:
    """The conditions for a route: all that are set must hold."""

    model: Patterns = ()
    """The requested model: an exact name, a shell pattern, or a regular expression as `/.../` or `regex:...`
    that may match anywhere in the name; or a list of these. Example: `[claude-haiku-*, "/-mini$/"]`."""
    class_: RequestClasses = ()
    """The class of the request, from Claude Code's hint header or a guess: one or a list. Example:
    `[subagent, auxiliary]`."""
    images: bool | None = None
    """Whether it contains an image, also inside a tool result. Example: `true`."""
    pdf: bool | None = None
    """Whether it contains a PDF, also inside a tool result. Example: `true`."""
    thinking: bool | None = None
    """Whether it asks for reasoning. Example: `false`."""
    tokens_over: TokenCount | None = None
    """More estimated tokens than this: bytes / 4, with images estimated separately. Example: `60000`."""
    tools: bool | None = None
    """Whether it offers tools. Example: `false`."""
    server_tools: bool | None = None
    """Whether it requests a tool that Anthropic's servers run, such as web search. Example: `true`."""
    client: Names = ()
    """The name of the client key: one or a list. Example: `alice`."""


@frozen
class RouteRule:
    """One route: the first route that matches takes the request."""

    to: Targets
    """One target or several: `provider/model`, or a mapping as in `models`. If one fails, the next one is
    tried. Example: `[local/qwen3-coder:30b, cloud/gpt-5]`."""
    match: Match = Match()
    """The conditions; if it is left out, everything matches. Example: `{class: auxiliary}`."""
    name: str | None = None
    """Its name in `routes explain`. Example: `small jobs`."""


@frozen
class Alias:
    """A model id to publish in `/v1/models`. Its limits and abilities are those of its first target."""

    to: Targets = ()
    """As in `routes`. It precedes all routes; if it is left out, they decide. Example:
    `local/qwen3-coder:30b`."""
    display_name: str | None = None
    """The name in a model picker. Example: `Qwen3 Coder (local)`."""


@frozen
class Settings:
    server: Server = Factory(Server)
    """The listening address, and the gateway's behaviour towards clients."""
    defaults: Defaults = Defaults()
    """Values that apply unless a more specific one is set."""
    providers: Mapping[ProviderName, Provider] = Factory(dict[str, Provider])
    """The upstream servers, each by a name that you choose."""
    aliases: Mapping[AliasId, Alias] = Factory(dict[str, Alias])
    """Ids to publish in `/v1/models`. Claude Code shows those that contain `claude` or `anthropic`."""
    routes: tuple[RouteRule, ...] = ()
    """Rules with conditions besides the model's name. The first that matches takes the request."""
    models: tuple[ModelRule, ...] = ()
    """Names and shell patterns -> targets, after all `routes`. The first that matches wins."""
    default_target: ModelTarget | None = None
    """`defaults.model`, split into provider and model."""
