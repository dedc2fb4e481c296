"""An `error` field that holds nothing is no error, whatever the server's protocol and its idea of nothing."""

from __future__ import annotations

import json

import pytest

from gateway.parts import Finish, StreamError, TextDelta
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.reader import NativeReader
from gateway.upstreams.openai.reader import ChatReader
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.response.reader import ResponseReader
from gateway.upstreams.responses.reader import ResponsesReader
from gateway.upstreams.upstream_request import ResponseOptions

READERS = {"openai": ChatReader, "ollama": NativeReader, "responses": ResponsesReader}


def answer(kind: str, error: object) -> bytes:
    said = {
        "openai": {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]},
        "ollama": {"message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": "stop"},
        "responses": {
            "status": "completed",
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
                }
            ],
        },
    }[kind]
    return json.dumps({**said, "error": error}).encode()


def read(kind: str, error: object):
    reader = ResponseReader(READERS[kind](ModelInfo("up", "m", PRESETS["plain"]), ResponseOptions(), ""))
    return [*reader.feed(answer(kind, error)), *reader.close()]


@pytest.mark.parametrize("nothing", [None, False, "", {}, []], ids=repr)
@pytest.mark.parametrize("kind", READERS)
def test_an_empty_error_is_none(kind: str, nothing: object):
    parts = read(kind, nothing)
    assert TextDelta("Hi") in parts
    assert [part for part in parts if isinstance(part, Finish)]
    assert not [part for part in parts if isinstance(part, StreamError)]


@pytest.mark.parametrize("error", ["broken", {"message": "broken"}], ids=repr)
@pytest.mark.parametrize("kind", READERS)
def test_an_error_that_says_something_is_one(kind: str, error: object):
    assert [part for part in read(kind, error) if isinstance(part, StreamError)]
