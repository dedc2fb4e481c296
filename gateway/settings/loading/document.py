"""YAML text -> a tree of plain values with the line and file of each.

- A duplicate key in a mapping is an error (pyyaml silently keeps the last one).
- Anchors, aliases and merge keys (`<<`) work; tags and values that contain themselves are errors.
- A syntax error becomes one error with its line, which names the usual causes.
- JSON is read too, even if it is indented with tabs.
- Keys are always text, even `on`, `4` or `1:30`, which YAML 1.1 would convert.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import define, field, frozen

from gateway.settings.errors import INVALID, InvalidMarker, KeyPath, SettingsMistake, dotted_path
from gateway.settings.loading.yaml_parser import compose, read_text, yaml_mistake

Tree = str | int | float | bool | None | InvalidMarker | list["Tree"] | dict[str, "Tree"]

_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("int", "float", "bool", "null")}
_TEXT_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "value", "merge", "binary")}
_LINES = 1_000_000
"""More than any file has: errors are sorted by file, then line."""


@frozen
class NodeSource:
    """The origin of nodes: a file, or a variable."""

    name: str
    number: int = 0
    """The file's number among several."""

    def mistake(self, line: int, path: KeyPath, message: str) -> SettingsMistake:
        return SettingsMistake(
            f"{self.name}:{line}", dotted_path(path), message, order=self.number * _LINES + line
        )


Owners = Mapping[int, NodeSource]
"""By the `id` of a key or item: the origin of it and its children, if that is not the main file."""


@frozen
class YamlDocument:
    source: NodeSource
    tree: Tree
    mistakes: tuple[SettingsMistake, ...]
    _root: yaml.Node = field(repr=False)
    _owners: Owners = field(repr=False, factory=dict[int, NodeSource])

    @classmethod
    def read(cls, path: Path) -> YamlDocument:
        """Raises InvalidSettings if the file cannot be read or is not YAML."""
        return cls.parse(str(path), read_text(path))

    @classmethod
    def parse(cls, name: str, text: str) -> YamlDocument:
        """Raises InvalidSettings if the text is not YAML, or empty."""
        root = compose(name, text)
        if root is None:
            raise yaml_mistake(
                name, "is empty: it needs at least one entry under `providers`; see config/examples"
            )
        return cls.from_node(NodeSource(name), root)

    @classmethod
    def from_node(cls, source: NodeSource, root: yaml.Node, owners: Owners | None = None) -> YamlDocument:
        growth = _Growth(source, owners or {})
        tree = growth.value(root, ())
        return cls(source, tree, tuple(growth.mistakes), root, owners or {})

    @property
    def name(self) -> str:
        return self.source.name

    def line(self, path: KeyPath) -> int:
        """The line of the key, or of its nearest parent that exists."""
        return self._found(path)[1]

    def place(self, path: KeyPath) -> str:
        """`config/gateway.yaml:12`."""
        source, line = self._found(path)
        return f"{source.name}:{line}"

    def folder(self, path: KeyPath) -> Path:
        """The folder of the file that contains the key."""
        return Path(self._found(path)[0].name).parent

    def mistake(self, path: KeyPath, message: str) -> SettingsMistake:
        source, line = self._found(path)
        return source.mistake(line, path, message)

    def _found(self, path: KeyPath) -> tuple[NodeSource, int]:
        node, source, line = self._root, self.source, self._root.start_mark.line
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            key, node = found
            source, line = self._owners.get(id(key), source), key.start_mark.line
        return source, line + 1


def plain_scalar(text: str) -> Tree:
    """The YAML value of a plain scalar: `8080` -> 8080, `yes` -> True, `x` -> "x"."""
    resolver: Any = yaml.SafeLoader("")
    return _typed(yaml.ScalarNode(resolver.resolve(yaml.ScalarNode, text, (True, False)), text))


def _typed(node: yaml.ScalarNode) -> Tree:
    name = _PLAIN_TAGS.get(node.tag)
    if name is None:
        return str(node.value)
    constructor = yaml.SafeLoader("")
    value: Tree = getattr(constructor, f"construct_yaml_{name}")(node)
    return value


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The key, or the item itself, and the value."""
    match node, step:
        case yaml.MappingNode(), str():
            for key, value in _entries(node):
                if key.value == step:
                    return key, value
        case yaml.SequenceNode(), int() if step < len(node.value):
            item: yaml.Node = node.value[step]
            return item, item
        case _:
            pass
    return None


def _is_merge(key: yaml.Node) -> bool:
    return key.tag == "tag:yaml.org,2002:merge"


def _entries(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Own entries first, then those from merge keys; the first occurrence of a key counts."""
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    yield from ((key, value) for key, value in pairs if not _is_merge(key))
    for key, value in pairs:
        if _is_merge(key):
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in sources:
                if isinstance(source, yaml.MappingNode) and source is not node:
                    yield from _entries(source)


@define
class _Growth:
    """Nodes -> tree. An invalid value becomes an error and `INVALID`."""

    source: NodeSource
    _owners: Owners
    mistakes: list[SettingsMistake] = field(factory=list[SettingsMistake])
    _above: list[yaml.Node] = field(factory=list[yaml.Node])

    def value(self, node: yaml.Node, path: KeyPath) -> Tree:
        if any(node is one for one in self._above):
            return self._broken(node, path, "contains itself")
        self._above.append(node)
        try:
            return self._by_shape(node, path)
        finally:
            self._above.pop()

    def _by_shape(self, node: yaml.Node, path: KeyPath) -> Tree:
        match node:
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                return self._mapping(node, path)
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                items: list[yaml.Node] = node.value
                return [self._owned(item, item, (*path, index)) for index, item in enumerate(items)]
            case yaml.ScalarNode() if node.tag in _PLAIN_TAGS or node.tag in _TEXT_TAGS:
                return self._scalar(node, path)
            case _:
                return self._broken(node, path, f"the tag `{node.tag}` means nothing here")

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Tree:
        try:
            return _typed(node)
        except (ValueError, KeyError):
            return self._broken(node, path, "does not fit its tag")

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> Tree:
        self._report_duplicates(node, path)
        tree: dict[str, Tree] = {}
        for key, value in _entries(node):
            if not isinstance(key, yaml.ScalarNode):
                self._broken(key, path, "a key must be text")
            elif key.value not in tree:
                tree[key.value] = self._owned(key, value, (*path, key.value))
        return tree

    def _owned(self, key: yaml.Node, value: yaml.Node, path: KeyPath) -> Tree:
        """The value, read as part of the file that contains its key."""
        around, self.source = self.source, self._owners.get(id(key), self.source)
        tree = self.value(value, path)
        self.source = around
        return tree

    def _report_duplicates(self, node: yaml.MappingNode, path: KeyPath) -> None:
        first: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and not _is_merge(key):
                earlier = first.setdefault(key.value, key)
                if earlier is not key:
                    self._report_duplicate(key, earlier, (*path, key.value))

    def _report_duplicate(self, key: yaml.Node, earlier: yaml.Node, path: KeyPath) -> None:
        here, there = (self._owners.get(id(node), self.source) for node in (key, earlier))
        place = f"line {earlier.start_mark.line + 1}{'' if here == there else f' of {there.name}'}"
        self.mistakes.append(
            here.mistake(key.start_mark.line + 1, path, f"stands twice; it is on {place} already")
        )

    def _broken(self, node: yaml.Node, path: KeyPath, message: str) -> Tree:
        self.mistakes.append(self.source.mistake(node.start_mark.line + 1, path, message))
        return INVALID
