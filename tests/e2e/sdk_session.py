"""What a program does with the official SDK: `python sdk_session.py`, steps on stdin, `[step, url]` a line.

It runs in a process of its own, so that any version of the SDK can be put in front of it by PYTHONPATH, and
prints what each step saw as one JSON object a line. Each step has a client of its own.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

import anthropic
import pydantic

MODEL = "claude-x"
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
WEATHER: Any = {
    "name": "weather",
    "description": "the weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def create(client: anthropic.Anthropic) -> Any:
    message = client.messages.create(model=MODEL, max_tokens=100, messages=HELLO, system="be brief")
    return {**message.model_dump(mode="json"), "request_id": message._request_id}


def stream(client: anthropic.Anthropic) -> Any:
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as events:
        pieces = list(events.text_stream)
        return {"pieces": pieces, "final": events.get_final_message().model_dump(mode="json")}


def accumulate(client: anthropic.Anthropic) -> Any:
    """Reasoning, text and parallel tool calls, put together by the SDK's own accumulator."""
    arguments: Any = {"model": MODEL, "max_tokens": 20_000, "messages": HELLO, "tools": [WEATHER]}
    arguments["thinking"] = {"type": "enabled", "budget_tokens": 10_000}
    with client.messages.stream(**arguments) as events:
        names = [event.type for event in events]
        return {"names": names, "final": events.get_final_message().model_dump(mode="json")}


def beta(client: anthropic.Anthropic) -> Any:
    message = client.beta.messages.create(model=MODEL, max_tokens=100, messages=HELLO, betas=["no-such-beta"])
    with client.beta.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as events:
        final = events.get_final_message()
    counted = client.beta.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens
    listed = [model.id for model in client.beta.models.list()]
    retrieved = [client.beta.models.retrieve(model).id for model in listed]
    messages = [message.model_dump(mode="json"), final.model_dump(mode="json")]
    return {"messages": messages, "counted": counted, "listed": listed, "retrieved": retrieved}


class Answer(pydantic.BaseModel):
    answer: int


def parse(client: anthropic.Anthropic) -> Any:
    """Plain and streamed. `messages.parse` is in the newest SDK only, `beta.messages.parse` in both."""
    callers = [client.beta.messages]
    if hasattr(client.messages, "parse"):
        callers.append(client.messages)
    arguments: Any = {"model": MODEL, "max_tokens": 100, "messages": HELLO, "output_format": Answer}
    parsed = [caller.parse(**arguments) for caller in callers]
    for caller in callers:
        with caller.stream(**arguments) as events:
            parsed.append(events.get_final_message())
    return [message.parsed_output.answer for message in parsed]


def tools(client: anthropic.Anthropic) -> Any:
    """Call, result, answer."""
    asked = client.messages.create(model=MODEL, max_tokens=100, messages=HELLO, tools=[WEATHER])
    calls = [block for block in asked.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"} for call in calls]
    turns: Any = [
        *HELLO,
        {"role": "assistant", "content": asked.content},
        {"role": "user", "content": results},
    ]
    final = client.messages.create(model=MODEL, max_tokens=100, messages=turns, tools=[WEATHER])
    return {"asked": asked.model_dump(mode="json"), "final": final.model_dump(mode="json")}


def count(client: anthropic.Anthropic) -> Any:
    short = client.messages.count_tokens(model=MODEL, messages=HELLO)
    long: Any = [{"role": "user", "content": "hello world, how are you? " * 100}]
    return [
        short.input_tokens,
        client.messages.count_tokens(model=MODEL, messages=long, system="s", tools=[WEATHER]).input_tokens,
    ]


def models(client: anthropic.Anthropic) -> Any:
    listed = list(client.models.list(limit=1000))
    return [
        [model.model_dump(mode="json") for model in listed],
        [client.models.retrieve(model.id).id for model in listed],
    ]


def failures(client: anthropic.Anthropic) -> Any:
    """Ask until the upstream's script, which ends in an answer, has no failure left."""
    seen: list[Any] = []
    while True:
        try:
            client.messages.create(model=MODEL, max_tokens=100, messages=HELLO)
        except anthropic.APIStatusError as error:
            seen.append(_failure(error))
        else:
            return seen


def failed_stream(client: anthropic.Anthropic) -> Any:
    try:
        stream(client)
    except anthropic.APIStatusError as error:
        return _failure(error)
    return None


def unknown(client: anthropic.Anthropic) -> Any:
    try:
        client.messages.batches.list()
    except anthropic.APIStatusError as error:
        return _failure(error)
    return None


def _failure(error: anthropic.APIStatusError) -> Any:
    body: Any = error.body
    return {
        "class": type(error).__name__,
        "status": error.status_code,
        "type": body["error"]["type"],
        "message": body["error"]["message"],
        "request_id": error.request_id,
    }


def runner(client: anthropic.Anthropic) -> Any:
    """The SDK runs the tool itself; the newest ones first try to keep the conversation on the server."""
    ran: list[str] = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather in a city."""
        ran.append(city)
        return "sunny"

    loop = client.beta.messages.tool_runner(model=MODEL, max_tokens=100, messages=HELLO, tools=[weather])
    return {"ran": ran, "final": loop.until_done().model_dump(mode="json")}


def main() -> None:
    for line in sys.stdin:
        step, url = json.loads(line)
        try:
            with anthropic.Anthropic(base_url=url, api_key="dummy", max_retries=0) as client:
                told = {"version": anthropic.__version__, "saw": globals()[step](client)}
        except Exception:  # noqa: BLE001  the test shows it
            told = {"failed": traceback.format_exc()}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
