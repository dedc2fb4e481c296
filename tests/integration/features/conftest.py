"""One request through a real gateway, seen from both sides, for each kind of upstream.

`talk(...)` sends it and gives a `Talk`: what the upstream was told, in words that hold for all four
protocols, and what the client got. A test here that does not look at both sides fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from attrs import Factory, define, field

from gateway.testing.process import GatewayProcess
from gateway.testing.record import Received

Json = dict[str, Any]
KINDS = ("openai", "responses", "ollama", "anthropic")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture
def box(start_gateway, upstream) -> GatewayProcess:
    """A gateway with a target for each kind, and for what only some servers or models have."""
    return start_gateway(_settings(upstream.url))


@pytest.fixture
def strict_box(start_gateway, upstream) -> GatewayProcess:
    return start_gateway(_settings(upstream.url, validation="strict"))


def _settings(url: str, **server: str) -> Json:
    providers: dict[str, Json] = {
        "openai": {"kind": "openai"},
        "hosted": {"kind": "openai", "preset": "openai"},
        "router": {"kind": "openai", "preset": "openrouter"},
        "vllm": {"kind": "openai", "preset": "vllm"},
        "responses": {"kind": "responses"},
        "ollama": {"kind": "ollama"},
        "anthropic": {"kind": "anthropic", "api_key": "upstream-key"},
    }
    models: dict[str, object] = {name: f"{name}/scripted" for name in providers}
    for name in KINDS:
        limits = {"context_window": 32_768, "max_output_tokens": 500}
        models[f"{name}-thinker"] = {"provider": name, "model": "thinker", "reasoning": True}
        models[f"{name}-blind"] = {"provider": name, "model": "blind", "vision": False}
        models[f"{name}-small"] = {"provider": name, "model": "small", **limits}
    return {
        "server": {"keys": [{"name": "al", "key": "client-key"}], **server},
        "providers": {name: {**said, "base_url": url, "retries": 0} for name, said in providers.items()},
        "models": models,
    }


@define
class Told:
    """What an upstream was told, whichever protocol it speaks."""

    body: Json
    headers: dict[str, str]
    system: str = ""
    turns: list[tuple[str, str]] = Factory(list)
    """Role and text of each message that has a text: `user`, `assistant`, `tool`."""
    calls: list[tuple[str, Any]] = Factory(list)
    """Name and arguments of each call in the history."""
    images: list[str] = Factory(list)
    """Base64, or URLs."""
    files: list[str] = Factory(list)
    """PDFs that are sent as such: base64, or URLs."""
    thoughts: list[str] = Factory(list)
    """Reasoning that goes back."""
    tools: dict[str, Json] = Factory(dict)
    """Name -> parameters."""
    descriptions: dict[str, str] = Factory(dict)
    choice: str = "auto"
    """auto, any, none, or a tool's name."""
    single: bool = False
    """Parallel calls are forbidden."""
    stop: list[str] = Factory(list)
    limit: int | None = None
    """The most tokens of an answer."""
    sampling: Json = Factory(dict)
    form: Json | None = None
    """The schema that the answer is to match."""

    def said(self, role: str) -> list[str]:
        return [text for by, text in self.turns if by == role]


@define
class Talk:
    """A request's two sides. `looked` notes which of them the test has asked about."""

    status: int
    headers: httpx.Headers
    body: Json
    events: list[Json]
    _received: list[Received] = field(repr=False)
    _looked: set[str] = field(repr=False)

    # The upstream's side

    @property
    def chats(self) -> list[Told]:
        self._looked.add("upstream")
        return [told(one) for one in self._received]

    @property
    def told(self) -> Told:
        """Of the one request that reached the upstream."""
        (one,) = self.chats
        return one

    @property
    def unasked(self) -> bool:
        return not self.chats

    # The client's side

    @property
    def message(self) -> Json:
        """The answer, put together if it was streamed."""
        self._looked.add("client")
        assert self.status == 200, self.body
        return self.body or assembled(self.events)

    @property
    def blocks(self) -> list[Json]:
        return self.message["content"]

    @property
    def text(self) -> str:
        return "".join(block.get("text", "") for block in self.blocks)

    @property
    def types(self) -> list[str]:
        """Of the events that are no pings."""
        self._looked.add("client")
        return [event["type"] for event in self.events if event["type"] != "ping"]

    @property
    def stopped(self) -> tuple[str, str | None]:
        message = self.message
        return message["stop_reason"], message["stop_sequence"]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and type of the error."""
        self._looked.add("client")
        assert self.body["type"] == "error", self.body
        assert self.headers["request-id"] == self.body["request_id"]
        return self.status, self.body["error"]["type"]

    @property
    def why(self) -> str:
        self._looked.add("client")
        return self.body["error"]["message"]

    @property
    def warnings(self) -> list[str]:
        self._looked.add("client")
        return [name for name in self.headers.get("x-gateway-warnings", "").split(", ") if name]


def assembled(events: list[Json]) -> Json:
    """A stream's message."""
    assert events[-1]["type"] == "message_stop", events[-1]
    message: Json = json.loads(json.dumps(events[0]["message"]))
    for event in events[1:]:
        if event["type"] == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            _accumulate(message["content"][event["index"]], event["delta"])
        elif event["type"] == "message_delta":
            beside = {key: value for key, value in event.items() if key not in ("type", "delta", "usage")}
            message.update(event["delta"], **beside)
            message["usage"].update(event["usage"])
    for block in message["content"]:
        if "partial_json" in block:
            block["input"] = json.loads(block.pop("partial_json"))
    return message


def _accumulate(block: Json, delta: Json) -> None:
    """What a delta adds to is told by its key."""
    for name, piece in delta.items():
        if name != "type" and piece is not None:
            block[name] = (block.get(name) or "") + piece


@pytest.fixture
def looked() -> Iterator[set[str]]:
    seen: set[str] = set()
    yield seen
    assert seen == {"upstream", "client"}, f"the test looked at {sorted(seen) or 'neither side'} only"


@pytest.fixture
def talk(box: GatewayProcess, upstream, ask, kind: str, looked: set[str]) -> Callable[..., Talk]:
    """`talk(stream=True, ...)`: one request to the target of this kind, unless another `model` is named."""
    return _talking(box, upstream, ask, kind, looked)


@pytest.fixture
def strict(strict_box: GatewayProcess, upstream, ask, kind: str, looked: set[str]) -> Callable[..., Talk]:
    """The same through a gateway with `validation: strict`."""
    return _talking(strict_box, upstream, ask, kind, looked)


def _talking(box: GatewayProcess, upstream, ask, kind: str, looked: set[str]) -> Callable[..., Talk]:
    before = 0

    def one(*, key: str = "client-key", headers: Json | None = None, **more: Any) -> Talk:
        nonlocal before
        sent = {"x-api-key": key, **(headers or {})}
        answered = ask(box, **{"headers": sent, "model": kind, "stream": False, **more})
        received = upstream.chats()[before:]
        before += len(received)
        events = [event for _, event in answered.events]
        return Talk(answered.status, answered.headers, answered.body, events, received, looked)

    return one


# --- what the upstream was told, by protocol ---------------------------------------------------------------


def told(one: Received) -> Told:
    body = one.body
    view = Told(body, one.headers)
    view.limit = next(
        (body[key] for key in ("max_tokens", "max_completion_tokens", "max_output_tokens") if key in body),
        None,
    )
    view.sampling = {key: body[key] for key in ("temperature", "top_p", "top_k") if key in body}
    if one.path.endswith("/messages"):
        _messages(view)
    elif one.path.endswith("/responses"):
        _responses(view)
    elif one.path == "/api/chat":
        _ollama(view)
    else:
        _chat(view)
    return view


def _chat(view: Told) -> None:
    body = view.body
    for message in body["messages"]:
        _chat_message(view, message)
    _functions(view, [tool["function"] for tool in body.get("tools", ())])
    _choose(view)
    view.stop = body.get("stop", [])
    if form := body.get("response_format"):
        view.form = form.get("json_schema", {}).get("schema")


def _chat_message(view: Told, message: Json) -> None:
    role, content = message["role"], message.get("content") or ""
    for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        match part["type"]:
            case "text":
                _say(view, role, part["text"])
            case "image_url":
                view.images.append(
                    part["image_url"]["url"].partition(";base64,")[2] or part["image_url"]["url"]
                )
            case "file":
                view.files.append(part["file"]["file_data"].partition(";base64,")[2])
    for name in ("reasoning_content", "reasoning"):
        if name in message:
            view.thoughts.append(message[name])
    for call in message.get("tool_calls", ()):
        view.calls.append((call["function"]["name"], json.loads(call["function"]["arguments"])))


def _say(view: Told, role: str, text: str) -> None:
    if role in ("system", "developer") and not view.turns:
        view.system += text
    elif text:
        view.turns.append((role, text))


def _functions(view: Told, tools: list[Json]) -> None:
    """A server's own tools have no name."""
    functions = [tool for tool in tools if "name" in tool]
    view.tools = {function["name"]: function["parameters"] for function in functions}
    view.descriptions = {function["name"]: function.get("description", "") for function in functions}


def _choose(view: Told) -> None:
    choice = view.body.get("tool_choice", "auto")
    if isinstance(choice, dict):
        view.choice = choice.get("function", choice)["name"]
    else:
        view.choice = {"required": "any"}.get(choice, choice)
    view.single = view.body.get("parallel_tool_calls") is False


def _responses(view: Told) -> None:
    body = view.body
    view.system = body.get("instructions", "")
    for item in body["input"]:
        _item(view, item)
    _functions(view, [tool for tool in body.get("tools", ()) if tool["type"] == "function"])
    _choose(view)
    view.form = body.get("text", {}).get("format", {}).get("schema")


def _item(view: Told, item: Json) -> None:
    match item.get("type"):
        case "function_call":
            view.calls.append((item["name"], json.loads(item["arguments"])))
        case "function_call_output":
            _parts(view, "tool", item["output"])
        case "reasoning":
            view.thoughts.append("".join(part["text"] for part in item["summary"]))
        case _:
            _parts(view, item["role"], item["content"])


def _parts(view: Told, role: str, content: str | list[Json]) -> None:
    for part in content if isinstance(content, list) else [{"type": "input_text", "text": content}]:
        match part["type"]:
            case "input_image":
                view.images.append(part["image_url"].partition(";base64,")[2] or part["image_url"])
            case "input_file":
                view.files.append(part.get("file_url") or part["file_data"].partition(";base64,")[2])
            case _:
                _say(view, role, part["text"])


def _ollama(view: Told) -> None:
    body = view.body
    for message in body["messages"]:
        _say(view, message["role"], message["content"])
        view.images += message.get("images", [])
        view.thoughts += [message["thinking"]] if message.get("thinking") else []
        for call in message.get("tool_calls", ()):
            view.calls.append((call["function"]["name"], call["function"]["arguments"]))
    _functions(view, [tool["function"] for tool in body.get("tools", ())])
    options = body.get("options", {})
    view.stop, view.limit = options.get("stop", []), options.get("num_predict")
    view.sampling = {key: options[key] for key in ("temperature", "top_p", "top_k") if key in options}
    view.form = body.get("format")


def _messages(view: Told) -> None:
    body = view.body
    system = body.get("system", "")
    view.system = system if isinstance(system, str) else "\n\n".join(block["text"] for block in system)
    for message in body["messages"]:
        content = message["content"]
        for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            _block(view, message["role"], block)
    for tool in body.get("tools", ()):
        view.tools[tool.get("name", tool.get("type"))] = tool.get("input_schema", {})
    choice = body.get("tool_choice", {"type": "auto"})
    view.choice = choice.get("name", choice["type"])
    view.single = choice.get("disable_parallel_tool_use", False)
    view.stop = body.get("stop_sequences", [])
    view.form = body.get("output_config", {}).get("format", {}).get("schema")


def _block(view: Told, role: str, block: Json) -> None:
    match block["type"]:
        case "text":
            _say(view, role if role != "system" else "user", block["text"])
        case "image":
            view.images.append(block["source"].get("data") or block["source"].get("url", ""))
        case "document" if block["source"].get("media_type") == "application/pdf":
            view.files.append(block["source"]["data"])
        case "thinking":
            view.thoughts.append(block["thinking"])
        case "tool_use":
            view.calls.append((block["name"], block["input"]))
        case "tool_result":
            content = block.get("content", "")
            for inner in content if isinstance(content, list) else [{"type": "text", "text": content}]:
                _block(view, "tool", inner)
        case _:
            pass
