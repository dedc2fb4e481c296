"""What `gateway.yaml` may say, as frozen values without behaviour.

All durations are seconds; the YAML writes them as `500ms`, `30s`, `5m`, `1h`. None means "not said": the
value of the next wider place holds (a provider's timeouts fall back to `defaults.timeouts`).

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
    """For the connection to be made, TLS included. Example: `10s`."""
    first_byte: Seconds = 600.0
    """From sending the request to the first byte of the answer; comments that only keep a connection open are
    none. A model that is being loaded, and a long prompt on a slow machine, need this one. Example: `30m`."""
    idle: Seconds = 300.0
    """The longest silence inside an answer. For kind `ollama` it is `first_byte` unless the provider says
    otherwise, since Ollama sends a long tool call in one piece. Example: `10m`."""
    total: Seconds = 3600.0
    """For one whole answer. Example: `2h`."""


@frozen
class TimeoutOverrides:
    """What a provider says otherwise than `defaults.timeouts`; the same four keys."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    idle: Seconds | None = None
    total: Seconds | None = None


@frozen
class Defaults:
    """What holds where nothing more exact is said."""

    model: TargetName | None = None
    """`provider/model`: where a name goes that no entry of `models` matches. Left out, such a name is
    answered with 404. Example: `local/qwen3-coder:30b`."""
    timeouts: Timeouts = Timeouts()
    """How long upstreams may take; a provider can say otherwise. Example: `{first_byte: 30m}`."""


@frozen
class Provider:
    """One upstream server. Its name is the key under `providers`."""

    kind: ProviderKind
    """The protocol: `openai` for any server with Chat Completions, `responses` for OpenAI's Responses,
    `ollama` for Ollama's own, `anthropic` for one that speaks the Messages API itself: requests are passed on
    as they are. `scripted` is no server: it says what `replies` say, for tests. Example: `ollama`."""
    base_url: Url = ""
    """Where the server is; only `scripted` needs none. For kinds `openai` and `responses` with or without
    `/v1`; a full `.../chat/completions` or `.../responses` address is taken as it is.
    Example: `http://127.0.0.1:8000/v1`."""
    preset: Preset | None = None
    """The set of the server's peculiarities. Left out, it is recognised from the address, else `plain`.
    Example: `vllm`."""
    quirks: Overrides = field(factory=Overrides)
    """Single switches that differ from the preset. Example: `{top_k: true}`."""
    api_key: Secret | None = None
    """Sent as Bearer token; for kind `anthropic` as `x-api-key`. Example: `${VLLM_API_KEY:-}` or
    `file:/run/secrets/vllm`."""
    pass_credentials: bool = False
    """For kind `anthropic`: the client's own key or token goes to the server; a key of `server.keys` goes to
    none. Example: `true`."""
    headers: Mapping[HeaderName, HeaderValue] = field(factory=dict[str, str], repr=False)
    """Further headers of every request. Example: `{x-team: research}`."""
    timeouts: TimeoutOverrides = TimeoutOverrides()
    """The keys of `defaults.timeouts`, where this server needs others. Example: `{first_byte: 30m}`."""
    max_connections: Annotated[int, CountOf("connections"), Bounds(1, 100_000)] = 400
    """The most connections held to this server, so also the most answers at once. Example: `50`."""
    retries: Annotated[int, CountOf("attempts"), Bounds(0, 10)] = 0
    """Further attempts when the server cannot be reached, resets, or answers 502, 503, 504 or nothing.
    Example: `2`."""
    proxy: ProxyUrl | None = field(default=None, repr=False)
    """An HTTP proxy for this server. Example: `http://proxy.example:3128`."""
    ca_file: FilePath | None = None
    """A PEM file with the authorities to trust, for a private one. Example: `/etc/ssl/company.pem`."""
    verify: bool = True
    """Whether the server's certificate is checked. Example: `false`."""
    client_cert: FilePath | None = None
    """A PEM file with certificate and key, shown to the server. Example: `/etc/ssl/gateway.pem`."""
    trust_env: bool = True
    """Honour HTTP_PROXY and its kin; never for loopback addresses. Example: `false`."""
    expose_reasoning: ExposeReasoning = "auto"
    """Whether the model's reasoning is shown to clients: `auto` does what the client asks for.
    Example: `always`."""
    record: LogPath | None = None
    """A file to which each answer is appended as a reply, for the `script` of a provider of kind `scripted`;
    relative to the working directory. It holds what was asked and answered. Example: `replies.yaml`."""
    replies: tuple[ScriptedReply, ...] = field(factory=tuple[ScriptedReply, ...], repr=False)
    """For kind `scripted`: its answers. Of those that match a request and were not given yet, the first.
    Example: `[{text: Hello!}]`."""
    script: str | None = None
    """For kind `scripted`: a file that holds the list of `replies`, relative to the one that says it.
    Example: `replies.yaml`."""
    requests: LogPath | None = None
    """For kind `scripted`: a file to which each request is appended, as a line of JSON; relative to the
    working directory. Example: `requests.jsonl`."""


@frozen
class Sampling:
    """Sent instead of what the client asks for."""

    temperature: Temperature | None = None
    """How freely it chooses its words. Example: `0.2`."""
    top_p: Share | None = None
    """From which share of likely words it chooses. Example: `0.9`."""
    top_k: Annotated[int, CountOf("words"), Bounds(0)] | None = None
    """From how many likely words it chooses, where the server has it. Example: `40`."""


@frozen
class ModelTarget:
    """Where requests for a model go, and what is known of it there. None: not known."""

    provider: str
    """A name under `providers`. Example: `local`."""
    model: str
    """The upstream's own name of the model. Example: `qwen3-coder:30b`."""
    context_window: Tokens | None = None
    """What prompt and answer together may hold. For Ollama this is what it is asked to load
    (`num_ctx`; 32768 where nothing is said). Example: `131072`."""
    max_output_tokens: Tokens | None = None
    """The most the model may write: a larger wish of the client is cut to it. Example: `32768`."""
    vision: bool | None = None
    """Whether the model sees images. `false` replaces them by a line of text. Example: `false`."""
    reasoning: bool | None = None
    """Whether the model can be asked to reason. Example: `true`."""
    sampling: Sampling = Sampling()
    """Sampling that holds here, whatever the client asks for. Example: `{temperature: 0.2}`."""
    timeouts: TimeoutOverrides = TimeoutOverrides()
    """The keys of `defaults.timeouts`, where this way needs others than its provider.
    Example: `{first_byte: 20s}`."""
    extra_body: JsonObject = field(factory=dict[str, object], repr=False)
    """Merged into the JSON that is sent upstream: objects key by key, anything else in place of what is
    there; `null` takes a key out. Example: `{options: {num_gpu: 40}}`."""
    quirks: Overrides = field(factory=Overrides)
    """Single switches that differ from the provider's. Example: `{think_tags: false}`."""
    weight: Weight | None = None
    """Among several targets: its share of the sessions. A session stays where it is. Targets without a weight
    stand behind those with one, for when they fail. Example: `3`."""


@frozen
class ModelRule:
    """`pattern` is an exact name or a shell pattern (`*`, `?`, `[...]`). The first match wins."""

    pattern: str
    target: ModelTarget


Targets = Annotated[tuple[ModelTarget, ...], OneOrMore()]


@frozen
class Match:
    """What a request must be for a route to take it: everything that is said must hold."""

    model: Patterns = ()
    """The requested model: an exact name, a shell pattern, or a regular expression as `/.../` or `regex:...`
    that may match anywhere in the name; or a list of these. Example: `[claude-haiku-*, "/-mini$/"]`."""
    class_: RequestClasses = ()
    """What the request is for, by Claude Code's hint header or a guess: one or a list.
    Example: `[subagent, auxiliary]`."""
    images: bool | None = None
    """Whether it holds an image, also inside a tool result. Example: `true`."""
    pdf: bool | None = None
    """Whether it holds a PDF, also inside a tool result. Example: `true`."""
    thinking: bool | None = None
    """Whether it asks for reasoning. Example: `false`."""
    tokens_over: TokenCount | None = None
    """More estimated tokens than this: bytes / 4, with images weighed by themselves. Example: `60000`."""
    tools: bool | None = None
    """Whether it offers tools. Example: `false`."""
    server_tools: bool | None = None
    """Whether it wants a tool that Anthropic's servers run, such as web search. Example: `true`."""
    client: Names = ()
    """The name of the client key: one or a list. Example: `alice`."""


@frozen
class RouteRule:
    """One way for requests: the first route that matches takes the request."""

    to: Targets
    """One target or several: `provider/model`, or a mapping as in `models`. The next one is tried where one
    fails. Example: `[local/qwen3-coder:30b, cloud/gpt-5]`."""
    match: Match = Match()
    """What must hold; left out, everything matches. Example: `{class: auxiliary}`."""
    name: str | None = None
    """What `routes explain` calls it. Example: `small jobs`."""


@frozen
class Alias:
    """A model's id to publish in `/v1/models`. Its limits and abilities are those of its first target."""

    to: Targets = ()
    """As in `routes`. It stands before all routes; left out, they decide.
    Example: `local/qwen3-coder:30b`."""
    display_name: str | None = None
    """What a model picker shows. Example: `Qwen3 Coder (local)`."""


@frozen
class Settings:
    server: Server = Factory(Server)
    """Where the gateway listens, and how it behaves towards clients."""
    defaults: Defaults = Defaults()
    """What holds where nothing more exact is said."""
    providers: Mapping[ProviderName, Provider] = Factory(dict[str, Provider])
    """The upstream servers, by a name of your own."""
    aliases: Mapping[AliasId, Alias] = Factory(dict[str, Alias])
    """Ids to publish in `/v1/models`. Claude Code shows those that contain `claude` or `anthropic`."""
    routes: tuple[RouteRule, ...] = ()
    """Rules that look at more than the model's name. The first that matches takes the request."""
    models: tuple[ModelRule, ...] = ()
    """Names and shell patterns -> targets, behind all `routes`. The first that matches wins."""
    default_target: ModelTarget | None = None
    """`defaults.model`, split into provider and model."""
