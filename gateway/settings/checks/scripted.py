"""Providers of kind `scripted`: their `script` files, and the required keys of each kind of provider.

- `script: FILE` becomes `replies:`, as if the list were in the configuration; its errors name the file.
- A provider of any other kind needs an address, and has no replies.

Required keys are checked in the tree, like in `consistency`, so that their errors are reported together with
all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from gateway.settings.errors import InvalidSettings, KeyPath, SettingsMistake
from gateway.settings.kinds import KINDS, KindSpec, spec_of
from gateway.settings.loading.document import Tree
from gateway.settings.loading.yaml_parser import compose, read_text

REPLIES = "replies"
SCRIPT = "script"
_KEYS = (REPLIES, SCRIPT, "requests")

Found = Iterator[tuple[KeyPath, str]]
Pair = tuple[yaml.Node, yaml.Node]


def script_files(root: list[Pair]) -> Iterator[tuple[str, yaml.MappingNode, yaml.Node, str]]:
    """Each `script` of a file's own providers: the provider's name and node, the key, the file named."""
    for section, providers in root:
        if section.value != "providers" or not isinstance(providers, yaml.MappingNode):
            continue
        for name, provider in providers.value:
            for key, value in provider.value if isinstance(provider, yaml.MappingNode) else ():
                if key.value == SCRIPT and isinstance(value, yaml.ScalarNode) and value.value:
                    yield str(name.value), provider, key, str(value.value)


def read_script(path: Path) -> yaml.SequenceNode:
    """Raises InvalidSettings if it cannot be read or has no list; without a position if there is no file."""
    try:
        root = compose(str(path), read_text(path))
    except InvalidSettings as refused:
        (mistake,) = refused.mistakes
        raise refused if mistake.order else script_mistake(f"{path} {mistake.message}") from None
    if not isinstance(root, yaml.SequenceNode):
        raise script_mistake(f"{path} must hold a list of replies, such as `- text: Hello!`")
    return root


def script_mistake(message: str) -> InvalidSettings:
    """An error of the `script` key; the caller adds its position."""
    return InvalidSettings([SettingsMistake("", SCRIPT, message)])


def with_replies(provider: yaml.MappingNode, key: yaml.Node, replies: yaml.SequenceNode) -> None:
    """Put the list into the provider, at the line of its `script`."""
    name = yaml.ScalarNode("tag:yaml.org,2002:str", REPLIES, key.start_mark, key.end_mark)
    provider.value.append((name, replies))


def has_replies(provider: yaml.MappingNode) -> bool:
    return any(key.value == REPLIES for key, _ in provider.value)


def check_required_keys(tree: dict[str, Tree]) -> Found:
    """Missing keys of a provider, and keys that have no meaning for its kind."""
    providers = tree.get("providers")
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        fields = {} if provider is None else provider
        if isinstance(fields, dict):
            spec = spec_of(fields.get("kind")) or KindSpec()
            yield from (_real if spec.has_server else _scripted)(("providers", name), fields)
            if "record" in fields and not spec.recordable:
                yield (("providers", name, "record"), _unrecorded())


def _unrecorded() -> str:
    kinds = ", ".join(kind for kind, spec in KINDS.items() if spec.recordable)
    return f"only answers that are translated are recorded: kinds {kinds}"


def _scripted(path: KeyPath, provider: dict[str, Tree]) -> Found:
    if REPLIES not in provider and SCRIPT not in provider:
        yield path, "kind `scripted` needs `replies`, or a `script` that holds them"
    if "base_url" in provider:
        yield (*path, "base_url"), "kind `scripted` has no server: remove this, or say the server's `kind`"


def _real(path: KeyPath, provider: dict[str, Tree]) -> Found:
    if "base_url" not in provider:
        yield path, "`base_url` is missing; expected a URL such as `http://127.0.0.1:8000`"
    for key in _KEYS:
        if key in provider:
            yield (*path, key), "only a provider of kind `scripted` has this"
