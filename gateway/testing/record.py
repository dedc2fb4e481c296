"""The upstream's record of each request, as it travels over `GET /_requests`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec


class Received(msgspec.Struct):
    """One request. All times are seconds of the machine's monotonic clock; None: it did not happen."""

    number: int
    connection: int
    """Requests with the same number came over the same connection."""
    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Any
    """The parsed JSON; None if it is invalid."""
    at: float
    raw: str = ""
    """For a request to `/v1/messages`: the body as sent."""
    scripted: bool = True
    """False: no script had an answer, and it got a 500."""
    first_byte_at: float | None = None
    done_at: float | None = None
    """When the last byte of the answer was passed to the network."""
    gone_at: float | None = None
    """When the client disconnected before the end of the answer."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of Chat Completions and Ollama; for Responses and Messages, the equivalent."""
        if self.path.endswith("/v1/messages"):
            return [
                {"role": "system", "content": self.body.get("system", "")},
                *_of_turns(self.body["messages"]),
            ]
        return self.body["messages"] if "messages" in self.body else _messages(self.body)

    @property
    def tools(self) -> list[str]:
        """The names of the tools offered."""
        return [tool.get("function", tool).get("name", "") for tool in self.body.get("tools") or ()]

    def texts(self, role: str) -> list[str]:
        """The text of every message of this role, oldest first."""
        return [_text(message["content"]) for message in self.messages if message["role"] == role]

    @property
    def calls(self) -> list[tuple[str, str, Any]]:
        """Every tool call in the history: its id (empty without one), name, parsed arguments."""
        return [_call(call) for message in self.messages for call in message.get("tool_calls") or ()]

    @property
    def result_ids(self) -> list[str]:
        """The `tool_call_id` of every tool result, oldest first."""
        return [message.get("tool_call_id", "") for message in self.messages if message["role"] == "tool"]


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": body.get("instructions", "")}]
    for item in body["input"]:
        match item.get("type"):
            case "function_call":
                function = {"name": item["name"], "arguments": item["arguments"]}
                call = {"id": item["call_id"], "function": function}
                messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
            case "function_call_output":
                result = {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
                messages.append(result)
            case "reasoning":
                pass
            case _:
                messages.append(item)
    return messages


def _of_turns(turns: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The blocks of Messages, as separate messages where Chat Completions has one for them."""
    for turn in turns:
        if isinstance(turn["content"], str):
            yield turn
            continue
        blocks = cast("list[dict[str, Any]]", turn["content"])
        yield from (_chat_result(block) for block in blocks if block["type"] == "tool_result")
        calls = [_chat_call(block) for block in blocks if block["type"] == "tool_use"]
        said = [block for block in blocks if block["type"] not in ("tool_result", "tool_use")]
        if said or calls or not blocks:
            yield {"role": turn["role"], "content": said, "tool_calls": calls}


def _chat_result(block: dict[str, Any]) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _text(block.get("content"))}


def _chat_call(block: dict[str, Any]) -> dict[str, Any]:
    return {"id": block["id"], "function": {"name": block["name"], "arguments": block["input"]}}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in cast("list[dict[str, Any]]", content))
    return content or ""


def _call(call: dict[str, Any]) -> tuple[str, str, Any]:
    arguments = call["function"]["arguments"]
    parsed = msgspec.json.decode(arguments) if isinstance(arguments, str) else arguments
    return call.get("id", ""), call["function"]["name"], parsed


class UpstreamReport(msgspec.Struct):
    requests: list[Received] = []
    left: int = 0
    """Answers in the queue that were not used."""
