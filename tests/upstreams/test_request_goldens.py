"""What each upstream receives for each request in goldens/requests, written out.

`<name>.json` is a Messages request; `<name>.attached.json`, where there is one, what was fetched and read for
it, and `<name>.facts.json` what is known of the model besides; `<name>.<kind>.<preset>.json` holds the body
that kind and preset are sent after what the gateway does itself, and the notices.
`GATEWAY_REWRITE_GOLDENS=1` writes them anew: the diff is the review.
"""

import json
import os
from itertools import product
from pathlib import Path

import msgspec
import pytest

from gateway.anthropic.request.attachments import NO_ATTACHMENTS, Attachments
from gateway.anthropic.request.decoding import decode_request
from gateway.emulation.emulate import emulate
from gateway.errors import RequestRefused
from gateway.inbound import Inbound
from gateway.upstreams.anthropic.request import to_messages_request as to_anthropic
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.ollama.request import to_native_request as to_ollama
from gateway.upstreams.openai.request import to_chat_request as to_openai
from gateway.upstreams.presets import PRESETS
from gateway.upstreams.responses.request import to_responses_request as to_responses
from gateway.upstreams.upstream_request import NO_ADAPTATIONS

FOLDER = Path(__file__).parents[1] / "goldens" / "requests"
KINDS = {"openai": to_openai, "ollama": to_ollama, "responses": to_responses, "anthropic": to_anthropic}
UPSTREAMS = (
    "openai.plain",
    "openai.openai",
    "openai.vllm",
    "openai.llamacpp",
    "ollama.ollama",
    "responses.responses",
    "anthropic.anthropic",
)
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if "." not in path.stem)
ALSO = (
    ("cache_marks", "openai.openrouter"),
    ("call_signatures", "openai.gemini"),
    ("reasoning_details", "openai.openrouter"),
)
"""What only some servers take differently."""


def attached(name: str) -> Attachments:
    path = FOLDER / f"{name}.attached.json"
    if not path.exists():
        return NO_ATTACHMENTS
    return msgspec.json.decode(path.read_bytes(), type=Attachments)


def received(name: str, upstream: str) -> dict:
    kind, preset = upstream.split(".")
    body = (FOLDER / f"{name}.json").read_bytes()
    compact = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    inbound = Inbound("req_1", compact, {"x-claude-code-session-id": "session"}, decode_request(compact))
    known = {"context_window": 65_536, "max_output_tokens": 32_000, **more_facts(name)}
    info = ModelInfo("local", "qwen", PRESETS[preset], **known)
    try:
        emulation = emulate(inbound, info)
        built = KINDS[kind](emulation.inbound, info, NO_ADAPTATIONS, attached(name))
    except RequestRefused as refused:
        return {"refused": refused.message}
    said = (*emulation.notices, *built.notices)
    notices = [f"{notice.name}: {notice.detail}".removesuffix(": ") for notice in said]
    return {"notices": notices, "body": json.loads(built.body)}


def more_facts(name: str) -> dict:
    path = FOLDER / f"{name}.facts.json"
    return json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize(("name", "upstream"), [*product(NAMES, UPSTREAMS), *ALSO])
def test_upstream_receives_what_is_written_down(name: str, upstream: str):
    path = FOLDER / f"{name}.{upstream}.json"
    got = received(name, upstream)
    if os.environ.get("GATEWAY_REWRITE_GOLDENS"):
        path.write_text(json.dumps(got, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert got == json.loads(path.read_text(encoding="utf-8"))
