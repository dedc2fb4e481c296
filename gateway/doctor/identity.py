"""Identifies the server at an address: a handful of GETs, sent at once -> `DetectedServer`.

    GET /api/version, /api/tags, /api/ps, POST /api/show     Ollama
    GET /props                                               llama.cpp
    GET /api/v0/models                                       LM Studio
    GET /get_server_info                                     SGLang
    GET /version                                             vLLM
    GET /v1/models                                           all of them but Ollama, and any other

Rules:
- An answer at a path is not enough, since LM Studio answers 200 to every path: its keys decide.
- The first product of the list whose keys are found counts; otherwise any server with a list of models.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from attrs import evolve, frozen

from gateway.doctor import json_access as js
from gateway.doctor import products
from gateway.doctor.client import ProbeClient, ProbeResponse
from gateway.doctor.server import DetectedServer

PATIENCE = 4.0
"""Seconds for each of these answers; a server that loads a model may be slow even here."""
LONGEST_NAME = 200


@frozen
class UnknownServer:
    """No usable server, and why."""

    reason: str
    reachable: bool = False
    key_refused: bool = False


async def identify(line: ProbeClient, patience: float = PATIENCE) -> DetectedServer | UnknownServer:
    responses = await _fetch_all(line, patience)
    if all(one.status == 0 for one in responses.values()):
        return UnknownServer(responses["models"].fault)
    if b"Messages API gateway" in responses["/"].body:
        return UnknownServer("this is a gateway like this one, not a model server", reachable=True)
    found = await _detect(line, responses)
    return _sane(found) if found else _refused(responses["models"])


def _sane(server: DetectedServer) -> DetectedServer:
    """Drops implausible model names: they would be written to a configuration."""
    named = (model for model in server.models if model.name.isprintable() and len(model.name) <= LONGEST_NAME)
    return evolve(server, models=tuple(model for model in named if not model.name.startswith("file:")))


async def _fetch_all(line: ProbeClient, patience: float) -> Mapping[str, ProbeResponse]:
    urls = {path: line.root + path for path in ("/", *products.PATHS)} | {"models": f"{line.api}/models"}
    responses = await asyncio.gather(*(line.get(url, patience) for url in urls.values()))
    return dict(zip(urls, responses, strict=True))


async def _detect(line: ProbeClient, responses: Mapping[str, ProbeResponse]) -> DetectedServer | None:
    answers = {path: one.json for path, one in responses.items()}
    if js.text(answers, "/api/version", "version") and isinstance(
        js.at(answers, "/api/tags", "models"), list
    ):
        return await products.detect_ollama(line, answers)
    looks = (
        products.detect_llamacpp,
        products.detect_lmstudio,
        products.detect_sglang,
        products.detect_vllm,
        products.detect_by_model_list,
    )
    return next((server for look in looks if (server := look(line, answers))), None)


def _refused(models: ProbeResponse) -> UnknownServer:
    if models.status in (401, 403):
        return UnknownServer(f"it asks for a key: {models.words}", reachable=True, key_refused=True)
    return UnknownServer(
        f"no list of models and nothing else that a model server has (GET /v1/models: {_describe(models)})",
        reachable=True,
    )


def _describe(response: ProbeResponse) -> str:
    if response.ok:
        return "answered with something else"
    return f"{response.status} {response.words}"[:120] if response.status else response.words
