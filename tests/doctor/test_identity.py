"""Each product is known by its own answers; everything else is nothing, and never a crash."""

from __future__ import annotations

import json
import os

import pytest

from gateway.doctor.identity import UnknownServer
from gateway.doctor.server import DetectedServer

LLAMACPP = {
    "/props": {
        "default_generation_settings": {"n_ctx": 65536},
        "total_slots": 4,
        "modalities": {"vision": True, "audio": False},
        "chat_template_caps": {"supports_tools": False},
        "build_info": "b11434-abc",
    },
    "/v1/models": {"data": [{"id": "qwen.gguf", "meta": {"n_ctx_train": 262144}}]},
}
VLLM = {
    "/version": {"version": "0.32.0"},
    "/v1/models": {"data": [{"id": "Qwen/Qwen3", "owned_by": "vllm", "max_model_len": 131072}]},
}
SGLANG = {
    "/get_server_info": {"version": "0.6", "tool_call_parser": None, "context_length": None},
    "/v1/models": {"data": [{"id": "glm", "owned_by": "sglang", "max_model_len": 32768}]},
}
LMSTUDIO = {
    "/api/v0/models": {
        "data": [
            {"id": "small", "type": "llm", "state": "not-loaded", "max_context_length": 8192},
            {"id": "seeing", "type": "vlm", "state": "loaded", "max_context_length": 131072,
             "loaded_context_length": 4096, "capabilities": ["tool_use"]},
            {"id": "vectors", "type": "embeddings", "state": "loaded", "max_context_length": 512},
        ]
    },
    "/v1/models": {"data": [{"id": "small"}, {"id": "seeing"}]},
    # It answers 200 to every path.
    "*": {"error": "Unexpected endpoint or method."},
}  # fmt: skip
OPENROUTER = {
    "/v1/models": {
        "data": [
            {"id": "a/b", "context_length": 262144, "top_provider": {"max_completion_tokens": 65536},
             "architecture": {"input_modalities": ["text", "image"]},
             "supported_parameters": ["tools", "reasoning"]},
            {"id": "text-embedding-3"},
        ]
    }
}  # fmt: skip


def ollama(shown=None, loaded=()):
    return {
        "/api/version": {"version": "0.14.0"},
        "/api/tags": {"models": [{"name": "qwen3:8b"}, {"name": "llama:latest"}]},
        "/api/ps": {"models": [{"name": name, "context_length": 16384} for name in loaded]},
        "/api/show": shown
        or (
            lambda asked: {
                "capabilities": ["completion", "tools"] if asked["model"] == "qwen3:8b" else ["embedding"],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
            }
        ),
        "/v1/models": {"data": [{"id": "qwen3:8b"}]},
    }


async def test_llamacpp_is_known_by_its_props(canned, look):
    server = await look(canned(LLAMACPP))
    assert (server.product, server.preset, server.slots) == ("llama.cpp", "llamacpp", 4)
    (model,) = server.models
    assert (model.name, model.window, model.largest, model.vision) == ("qwen.gguf", 65536, 262144, True)
    assert server.templates_tools is False
    assert model.tools is False


async def test_vllm_is_known_by_its_list_of_models(canned, look):
    server = await look(canned(VLLM) + "/v1/chat/completions")
    assert (server.product, server.version, server.preset) == ("vLLM", "0.32.0", "vllm")
    assert server.url.endswith("/v1")
    assert server.models[0].window == 131072


async def test_sglang_is_known_by_its_server_info(canned, look):
    server = await look(canned(SGLANG))
    assert (server.product, server.templates_tools) == ("SGLang", False)
    assert server.models[0].window == 32768


async def test_lmstudio_is_known_by_the_state_of_its_models(canned, look):
    server = await look(canned(LMSTUDIO))
    assert server.product == "LM Studio"
    assert [model.name for model in server.chats] == ["seeing", "small"]
    seeing, small = server.chats
    assert (seeing.window, seeing.largest, seeing.vision, seeing.tools) == (4096, 131072, True, True)
    assert (small.window, small.largest) == (None, 8192)


async def test_ollama_is_known_by_version_and_tags(canned, look):
    server = await look(canned(ollama(loaded=["llama:latest"])) + "/v1")
    assert (server.product, server.kind, server.version) == ("Ollama", "ollama", "0.14.0")
    assert not server.url.endswith("/v1")
    qwen = server.model("qwen3:8b")
    assert (qwen.largest, qwen.tools, qwen.vision, qwen.window) == (40960, True, False, None)
    assert server.model("llama").window == 16384, "the tag `latest` may be left out"
    assert [model.name for model in server.chats] == ["qwen3:8b"], "embeddings do not chat"


async def test_any_other_list_of_models_will_do(canned, look):
    server = await look(canned(OPENROUTER))
    assert (server.product, server.kind, server.preset) == ("OpenAI-compatible", "openai", None)
    (model,) = server.chats
    assert (model.window, model.output) == (262144, 65536)
    assert (model.tools, model.vision, model.reasoning) == (True, True, True)


async def test_a_gateway_is_no_model_server(look, gateway):
    found = await look(gateway.url)
    assert isinstance(found, UnknownServer)
    assert "gateway" in found.reason


async def test_nobody_there(look, unused_tcp_port):
    assert await look(f"http://127.0.0.1:{unused_tcp_port}") == UnknownServer("nothing listens there")


async def test_a_key_that_is_asked_for(canned, look):
    found = await look(canned({"/v1/models": (401, {"error": {"message": "Bad key sk-hunter2-abcdef"}})}))
    assert found.key_refused
    assert "hunter2" not in found.reason


async def test_the_key_is_struck_out_of_what_comes_back(canned, look):
    found = await look(canned({"/v1/models": (401, {"error": {"message": "no: plainwords"}})}), "plainwords")
    assert "plainwords" not in found.reason
    assert found.reason.endswith("no: ***")


GARBAGE = [
    b"",
    b"\x00\xff\xfe garbage \r\n\r\n" * 50,
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nnot gzip",
    b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nshort",
    b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    b"HTTP/1.1 999 What\r\n\r\n<html><title>Router</title></html>",
    b"SSH-2.0-OpenSSH_9.2\r\n",
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_no_server_and_no_crash(raw, look, data):
    found = await look(raw(data))
    assert isinstance(found, UnknownServer)
    assert found.reason
    assert "\n" not in found.reason


ODD = [None, 0, "x", [], {"a": None}, [[{}]], {"data": 3}, {"data": [3, None, "x", {"id": 4}]},
       {"data": [{"id": ["x"], "meta": 3, "max_model_len": "long"}]}, {"models": [7]}, 1e400]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=[json.dumps(one) for one in ODD])
@pytest.mark.parametrize("base", [LLAMACPP, VLLM, SGLANG, LMSTUDIO, ollama()], ids="llsmo")
async def test_json_of_any_shape_is_survived(canned, look, base, odd):
    for path in base:
        found = await look(canned({**base, path: odd}))
        assert isinstance(found, DetectedServer | UnknownServer)


async def test_names_that_nobody_gives_a_model_are_left_out(canned, look):
    names = ["good", "file:/etc/passwd", "two\nlines", "x" * 300, "\x1b[31mred"]
    server = await look(canned({"/v1/models": {"data": [{"id": name} for name in names]}}))
    assert [model.name for model in server.models] == ["good"]


async def test_an_endless_answer_is_left(raw, look):
    body = os.urandom(1024).hex().encode() * 9000
    found = await look(raw(b"HTTP/1.1 200 OK\r\n\r\n" + body))
    assert isinstance(found, UnknownServer)
