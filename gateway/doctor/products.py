"""Each product's description of itself -> `DetectedServer`; None if the answers are not its own.

`answers` maps a path to the parsed JSON of its answer, None without one. It may contain anything. Sources:
llama.cpp b11434 and Ollama (2026-08) as run and read, the others by their documentation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast, get_args

from attrs import evolve

from gateway.doctor import json_access as js
from gateway.doctor.client import ProbeClient
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.kinds import Preset

PATHS = ("/props", "/version", "/get_server_info", "/api/version", "/api/tags", "/api/ps", "/api/v0/models")
SHOWN = 24
"""How many models Ollama is asked to describe."""
_NOT_CHAT = ("embed", "whisper", "tts", "dall-e", "moderation", "transcribe", "rerank", "image-", "sora")

Answers = Mapping[str, object]


def _preset(name: str) -> Preset | None:
    """The preset, if there is one of that name."""
    return cast("Preset", name) if name in get_args(Preset) else None


def detect_llamacpp(line: ProbeClient, answers: Answers) -> DetectedServer | None:
    props = answers["/props"]
    if js.at(props, "default_generation_settings") is None and js.number(props, "total_slots") is None:
        return None
    window = js.first(js.number(props, "default_generation_settings", "n_ctx"), js.number(props, "n_ctx"))
    tools = js.flag(props, "chat_template_caps", "supports_tools")
    facts = DetectedModel(
        "default",
        window=window,
        tools=False if tools is False else None,
        vision=js.flag(props, "modalities", "vision"),
        loaded=True,
    )
    listed = [
        evolve(facts, name=name, largest=js.number(entry, "meta", "n_ctx_train"))
        for entry in js.items(answers["models"], "data")
        if (name := js.text(entry, "id"))
    ]
    return DetectedServer(
        product="llama.cpp",
        kind="openai",
        url=line.api,
        evidence="GET /props has the settings of llama-server",
        version=js.text(props, "build_info"),
        preset=_preset("llamacpp"),
        models=tuple(listed) or (facts,),
        slots=js.number(props, "total_slots"),
        templates_tools=tools,
    )


def detect_lmstudio(line: ProbeClient, answers: Answers) -> DetectedServer | None:
    listed = js.items(answers["/api/v0/models"], "data")
    own = [entry for entry in listed if js.text(entry, "state") or js.number(entry, "max_context_length")]
    if not own:
        return None
    models = tuple(_lmstudio_model(entry) for entry in own if js.text(entry, "id"))
    return DetectedServer(
        "LM Studio", "openai", line.api, "GET /api/v0/models lists models with a state", models=models
    )


def _lmstudio_model(entry: object) -> DetectedModel:
    loaded = js.text(entry, "state") == "loaded"
    largest = js.number(entry, "max_context_length")
    abilities = js.items(entry, "capabilities")
    return DetectedModel(
        js.text(entry, "id"),
        window=js.number(entry, "loaded_context_length") if loaded else None,
        largest=largest,
        tools=True if "tool_use" in abilities else None,
        vision=js.text(entry, "type") == "vlm" or "vision" in abilities,
        loaded=loaded,
        chat=js.text(entry, "type") in ("llm", "vlm", ""),
    )


def detect_sglang(line: ProbeClient, answers: Answers) -> DetectedServer | None:
    info = js.fields(answers["/get_server_info"])
    keys = ("tool_call_parser", "max_total_num_tokens", "mem_fraction_static", "served_model_name")
    if not any(key in info for key in keys):
        return None
    window = js.number(info, "context_length")
    models = tuple(_listed_model(entry) for entry in js.items(answers["models"], "data"))
    named = tuple(evolve(model, window=model.window or window) for model in models if model.name)
    return DetectedServer(
        product="SGLang",
        kind="openai",
        url=line.api,
        evidence="GET /get_server_info has SGLang's settings",
        version=js.text(info, "version"),
        preset=_preset("sglang"),
        models=named,
        templates_tools=None if "tool_call_parser" not in info else bool(js.text(info, "tool_call_parser")),
    )


def detect_vllm(line: ProbeClient, answers: Answers) -> DetectedServer | None:
    listed = js.items(answers["models"], "data")
    version = js.text(answers["/version"], "version")
    owned = any(js.text(entry, "owned_by") == "vllm" for entry in listed)
    if not owned and not (version and any(js.number(entry, "max_model_len") for entry in listed)):
        return None
    models = tuple(_listed_model(entry) for entry in listed if js.text(entry, "id"))
    evidence = "GET /v1/models says vllm" if owned else "GET /version, and max_model_len in /v1/models"
    return DetectedServer(
        "vLLM", "openai", line.api, evidence, version=version, preset=_preset("vllm"), models=models
    )


def detect_by_model_list(line: ProbeClient, answers: Answers) -> DetectedServer | None:
    """Any server with a list of models, in OpenAI's shape or bare."""
    answer = answers["models"]
    entries = js.items(answer, "data") or js.items(answer)
    models = tuple(_listed_model(entry) for entry in entries if js.text(entry, "id"))
    if not models and not isinstance(js.at(answer, "data"), list):
        return None
    return DetectedServer(
        "OpenAI-compatible", "openai", line.api, "GET /v1/models lists models", models=models
    )


def _listed_model(entry: object) -> DetectedModel:
    """With the fields that OpenRouter, Groq, Together, Mistral and vLLM add to the name."""
    name = js.text(entry, "id")
    windows = ("max_model_len", "context_length", "context_window", "max_context_length")
    inputs = js.items(entry, "architecture", "input_modalities")
    able = js.items(entry, "supported_parameters")
    return DetectedModel(
        name,
        window=js.first(*(js.number(entry, key) for key in windows)),
        output=js.first(
            js.number(entry, "top_provider", "max_completion_tokens"),
            js.number(entry, "max_completion_tokens"),
        ),
        tools="tools" in able if able else js.flag(entry, "capabilities", "function_calling"),
        vision="image" in inputs if inputs else js.flag(entry, "capabilities", "vision"),
        reasoning="reasoning" in able if able else None,
        chat=not any(word in name.lower() for word in _NOT_CHAT),
    )


async def detect_ollama(line: ProbeClient, answers: Answers) -> DetectedServer:
    loaded = {js.text(entry, "name"): entry for entry in js.items(answers["/api/ps"], "models")}
    names = [name for entry in js.items(answers["/api/tags"], "models") if (name := js.text(entry, "name"))]
    # Loaded models are described first: they are the ones in use.
    names.sort(key=lambda name: name not in loaded)
    shown = await asyncio.gather(
        *(line.post(f"{line.root}/api/show", {"model": name}) for name in names[:SHOWN])
    )
    facts = dict(zip(names, (one.json for one in shown), strict=False))
    return DetectedServer(
        product="Ollama",
        kind="ollama",
        url=line.root,
        evidence="GET /api/version and /api/tags",
        version=js.text(answers["/api/version"], "version"),
        models=tuple(_ollama_model(name, facts.get(name), loaded.get(name)) for name in names),
    )


def _ollama_model(name: str, shown: object, loaded: object) -> DetectedModel:
    able = js.items(shown, "capabilities")
    info = js.fields(shown, "model_info")
    architecture = js.text(info, "general.architecture")
    lengths = [key for key in info if key.endswith(".context_length")]
    return DetectedModel(
        name,
        window=js.number(loaded, "context_length"),
        largest=js.first(
            js.number(info, f"{architecture}.context_length"),
            *(js.number(info, key) for key in lengths),
        ),
        tools="tools" in able if able else None,
        vision="vision" in able if able else None,
        reasoning="thinking" in able if able else None,
        loaded=loaded is not None,
        chat="completion" in able if able else True,
    )
