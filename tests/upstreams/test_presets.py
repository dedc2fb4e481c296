"""Every server that is known by name: how it is recognised, and what one conversation becomes for it.

`GATEWAY_REWRITE_GOLDENS=1` writes the pages anew; the diff is the review.
"""

import json
import os
from pathlib import Path
from typing import get_args

import pytest
from attrs import evolve, fields

from gateway.anthropic.request.decoding import decode_request
from gateway.inbound import Inbound
from gateway.schemas.lowering import Level
from gateway.settings.models import Preset, Provider
from gateway.settings.quirks import Overrides, Quirks, SchemaLevel
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama import request as ollama
from gateway.upstreams.openai import request as openai
from gateway.upstreams.openai.usage import chat_usage
from gateway.upstreams.presets import PRESETS, quirks_of, recognise
from gateway.upstreams.responses import request as responses

GOLDENS = Path(__file__).parents[1] / "goldens" / "presets"
ASKED = {
    "model": "alias",
    "max_tokens": 1000,
    "stream": True,
    "temperature": 0.5,
    "top_k": 20,
    "system": "Be brief.",
    "stop_sequences": ["END"],
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high"},
    "metadata": {"user_id": "u-1"},
    "tools": [
        {
            "name": "Read",
            "description": "Reads a file.",
            "input_schema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {"path": {"type": "string", "minLength": 1}, "mode": {"const": "r"}},
                "required": ["path"],
                "additionalProperties": False,
            },
        }
    ],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "messages": [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "call_abc", "name": "Read", "input": {"path": "a"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_abc", "content": "text"}]},
        {"role": "system", "content": "a note"},
    ],
}
BUILDS = {
    "ollama": ollama.to_native_request,
    "responses": responses.to_responses_request,
    "azure-responses": responses.to_responses_request,
}
TRANSLATED = sorted(name for name, quirks in PRESETS.items() if not quirks.native)


@pytest.mark.parametrize("name", TRANSLATED)
def test_what_each_server_receives_is_written_down(name):
    body = json.dumps(ASKED).encode()
    inbound = Inbound("req_1", body, {}, decode_request(body))
    build = BUILDS.get(name, openai.to_chat_request)
    built = build(inbound, ModelInfo("p", "upstream-model", PRESETS[name], reasoning=True))
    page = {"sent": json.loads(built.body), "notices": [notice.name for notice in built.notices]}
    golden = GOLDENS / f"{name}.json"
    if os.environ.get("GATEWAY_REWRITE_GOLDENS"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(page, indent=1, ensure_ascii=False) + "\n")
    assert page == json.loads(golden.read_text())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://team.openai.azure.com/openai/v1", "azure"),
        ("https://team.services.ai.azure.com/openai/v1", "azure"),
        ("https://team.cognitiveservices.azure.com/openai/v1", "azure"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
        ("http://127.0.0.1:1234/v1", "lmstudio"),
        ("http://127.0.0.1:11434/v1", "ollama"),
        ("http://127.0.0.1:8000/v1", "plain"),
        ("https://api.openai.com.evil.test/v1", "plain"),
    ],
)
def test_a_server_is_recognised_by_its_address(url, name):
    assert recognise("openai", url) == name


def test_responses_on_azure_has_azures_key_header():
    url = "https://team.openai.azure.com/openai/v1"
    provider = Provider("responses", url)
    assert recognise("responses", url) == "azure-responses"
    assert quirks_of(provider).key_header == "api-key"
    assert recognise("responses", "https://api.openai.com/v1") == "responses"


def test_a_provider_has_its_presets_switches_but_for_its_own():
    provider = Provider("openai", "http://h/v1", preset="vllm", quirks=Overrides({"top_k": False}))
    assert quirks_of(provider) == evolve(PRESETS["vllm"], top_k=False)


def test_the_settings_know_every_preset_and_level():
    assert set(get_args(Preset)) == set(PRESETS)
    assert set(get_args(SchemaLevel)) == set(get_args(Level))


def test_families_are_not_shared():
    families = [quirks.family for quirks in PRESETS.values()]
    assert len(families) == len(set(families))


def test_every_switch_differs_somewhere_or_is_for_the_user_to_set():
    for_the_user = {"sampling", "think_open", "empty_content", "tool_name_limit", "strict_images", "end_mark"}
    for_the_user |= {"repair_tool_args", "forced_while_thinking", "pdf_urls"}
    for_the_user |= {"fast_tier", "keep_alive", "context_shift"}
    same = {
        one.name
        for one in fields(Quirks)
        if len({getattr(quirks, one.name) for quirks in PRESETS.values()}) == 1
    }
    assert same <= for_the_user, (
        f"{sorted(same - for_the_user)}: no preset sets it: set it in gateway/upstreams/presets.py, "
        "or add it to for_the_user"
    )


def test_reasoning_that_is_counted_apart_is_added():
    raw = b'{"prompt_tokens":5,"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":4}}'
    assert chat_usage(raw).output == 3
    assert chat_usage(raw, reasoning_apart=True).output == 7


def test_single_switches_override_the_preset():
    assert evolve(PRESETS["vllm"], top_k=False).top_k is False
