"""The findings -> a gateway.yaml with comments, which `gateway check` accepts.

Rules:
- Keys are written as `${NAME}`, never as values.
- Text from a server is quoted, so that it stays text: it can neither break the YAML nor refer to files or
  variables (`test_name_of_a_model_stays_text`).
- Only observed values are written: an unknown window is left out, with a comment that says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from attrs import frozen

from gateway.doctor.client import is_near
from gateway.doctor.examination import advised_window
from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.windows import MIN_WINDOW, too_small

PORT = 8080
_LISTED = 12
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*(?::[A-Za-z0-9][A-Za-z0-9._-]*)?")
_NOT_TEXT = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_NAMES = {
    "llama.cpp": "llamacpp",
    "vLLM": "vllm",
    "SGLang": "sglang",
    "LM Studio": "lmstudio",
    "Ollama": "ollama",
}


@frozen
class ProviderEntry:
    """One provider to write. `model` is the target of `*`, if the provider is the first."""

    server: DetectedServer
    model: DetectedModel | None
    key_variable: str = ""
    comment: str = ""


def render_config(
    entries: Sequence[ProviderEntry], title: Iterable[str], is_free: Callable[[int], bool] = lambda _: True
) -> str:
    """`title` is the comment at the top, line by line. `is_free`: whether a port is free."""
    names = provider_names(entries)
    lines = [*(f"# {_comment(line)}".rstrip() for line in title)]
    if (port := gateway_port(entries, is_free)) != PORT:
        lines += ["", "server:", f"  port: {port}    # {PORT} is {_whose(entries)}"]
    lines += ["", "providers:"]
    for name, entry in zip(names, entries, strict=True):
        lines += _provider(name, entry)
    lines += ["", "models:    # the first that matches wins"]
    for name, entry in zip(names, entries, strict=True):
        lines += _models(name, entry, first=entry is entries[0])
    lines += _rest(names[0], entries[0])
    return "\n".join(lines) + "\n"


def gateway_port(entries: Iterable[ProviderEntry], is_free: Callable[[int], bool] = lambda _: True) -> int:
    """8080, unless a model server on this machine or another program uses it."""
    taken, ports = _near_ports(entries), range(PORT, PORT + 100)
    return next((port for port in ports if port not in taken and is_free(port)), PORT)


def _near_ports(entries: Iterable[ProviderEntry]) -> set[int | None]:
    return {urlsplit(entry.server.url).port for entry in entries if is_near(entry.server.url)}


def _whose(entries: Iterable[ProviderEntry]) -> str:
    return "the model server's" if PORT in _near_ports(entries) else "taken by another program"


def provider_names(entries: Sequence[ProviderEntry]) -> list[str]:
    names: list[str] = []
    for entry in entries:
        name = _NAMES.get(entry.server.product) or _label(entry.server.url)
        same = sum(one == name or one.startswith(f"{name}-") for one in names)
        names.append(f"{name}-{same + 1}" if same else name)
    return names


def _label(url: str) -> str:
    """`openrouter` for `https://openrouter.ai/api/v1`."""
    labels = (urlsplit(url).hostname or "").split(".")
    name = labels[-2] if len(labels) > 1 and not labels[-1].isdigit() else ""
    return name if name.replace("-", "").isalnum() and name.isascii() else "local"


def _provider(name: str, entry: ProviderEntry) -> Iterator[str]:
    server = entry.server
    yield f"  {name}:" + (f"    # {_comment(entry.comment)}" if entry.comment else "")
    yield f"    kind: {server.kind}"
    if server.preset:
        yield f"    preset: {server.preset}"
    yield f"    base_url: {yaml_scalar(server.url)}"
    if entry.key_variable:
        yield f"    api_key: ${{{entry.key_variable}}}"
    if is_near(server.url):
        yield "    timeouts: {first_byte: 30m}    # loading a model and reading a long prompt take their time"


def _models(name: str, entry: ProviderEntry, *, first: bool) -> Iterator[str]:
    """All except the target of `*`: `_rest` writes that last."""
    others = [model for model in entry.server.chats if entry.model is None or model.name != entry.model.name]
    if entry.model is not None and not first:
        yield f"  {_key(name, entry.model)}: {_target(name, entry, entry.model)}"
    for model in others[:_LISTED]:
        yield f"  # {_key(name, model)}: {_target(name, entry, model)}"
    if len(others) > _LISTED:
        yield f"  # ... and {len(others) - _LISTED} more, which `gateway doctor --json` lists"


def _rest(name: str, entry: ProviderEntry) -> Iterator[str]:
    if entry.model is not None:
        yield from _remarks(entry)
        yield f'  "*": {_target(name, entry, entry.model)}'


def _key(name: str, model: DetectedModel) -> str:
    return yaml_scalar(f"{name}/{model.name}")


def _target(name: str, entry: ProviderEntry, model: DetectedModel) -> str:
    pairs = [("provider", name), ("model", yaml_scalar(model.name))]
    window = window_to_write(entry.server, model)
    pairs += [("context_window", str(window))] if window else []
    pairs += [("max_output_tokens", str(model.output))] if model.output else []
    pairs += [("vision", "false")] if model.vision is False else []
    pairs += [("reasoning", "true" if model.reasoning else "false")] if model.reasoning is not None else []
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


def window_to_write(server: DetectedServer, model: DetectedModel) -> int | None:
    return advised_window(model) if server.kind == "ollama" else model.window


def _remarks(entry: ProviderEntry) -> Iterator[str]:
    assert entry.model is not None
    window = window_to_write(entry.server, entry.model)
    if window is None:
        yield "  # Set context_window: the server does not report this model's window."
    elif window < MIN_WINDOW:
        yield f"  # {too_small(window)}."
    if entry.server.kind == "ollama" and entry.model.largest and window and window < entry.model.largest:
        yield f"  # The model was made for up to {entry.model.largest} tokens: more takes more memory."


def yaml_scalar(text: str) -> str:
    """The text as a YAML scalar that stays text, whatever its content."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT and not text.startswith("file:"):
        return text
    return json.dumps(text.replace("${", "$${"), ensure_ascii=not text.isprintable())


def _comment(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
