"""Any YAML value at any key is loaded or reported; nothing else is raised."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigError
from gateway.settings.loading.load import load_config

VALUES: list[Any] = [None, True, 0, -1.5, "", "x", [], ["x"], [[]], {}, {"x": 1}]
WHOLE = {
    "server": {
        "host": "127.0.0.1",
        "port": 8080,
        "keys": ["k", {"key": "l", "name": "n"}],
        "hosts": ["a.example"],
    },
    "defaults": {"model": "up/m", "timeouts": {"idle": "5s"}},
    "providers": {
        "up": {
            "kind": "openai",
            "base_url": "http://127.0.0.1:9",
            "preset": "vllm",
            "api_key": "s",
            "headers": {"a": "b"},
            "quirks": {"prefill": "continue", "top_k": True},
            "timeouts": {"total": "1h"},
            "retries": 1,
            "record": "replies.jsonl",
        },
        "native": {"kind": "ollama", "base_url": "http://127.0.0.1:11434"},
        "play": {
            "kind": "scripted",
            "replies": [{"text": "x", "when": {"last_user": "y"}, "usage": {"prompt": 1}}],
        },
    },
    "aliases": {"id": {"to": ["up/m", {"provider": "up", "model": "n"}], "display_name": "d"}},
    "routes": [
        {
            "match": {"model": "m*", "class": "auxiliary", "tokens_over": 5, "client": "n"},
            "to": "up/m",
            "name": "r",
        }
    ],
    "models": {
        "*": "up/m",
        "n": {
            "provider": "up",
            "model": "n",
            "context_window": 9,
            "sampling": {"temperature": 1},
            "extra_body": {"x": 1},
            "quirks": {"prefill": "refuse"},
        },
    },
}


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield from paths(value, (*path, key))


def replaced(path: tuple[Any, ...], value: Any) -> Any:
    tree = {"root": copy.deepcopy(WHOLE)}
    below: Any = tree
    *parents, last = ("root", *path)
    for key in parents:
        below = below[key]
    below[last] = value
    return tree["root"]


def load(folder: Path, tree: Any) -> None:
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(tree))
    load_config(file, {})


def test_the_whole_configuration_is_valid(tmp_path: Path):
    load(tmp_path, WHOLE)


@pytest.mark.parametrize("path", list(paths(WHOLE)), ids=lambda path: ".".join(map(str, path)) or "all")
def test_any_value_is_loaded_or_reported(tmp_path: Path, path: tuple[Any, ...]):
    for value in VALUES:
        try:
            load(tmp_path, replaced(path, value))
        except ConfigError as error:
            message = str(error)
        else:
            continue
        assert "gateway.yaml" in message
