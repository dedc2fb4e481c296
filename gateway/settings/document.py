"""YAML text -> a tree of plain values that still knows on which line each stands.

- A key that stands twice in a mapping is a mistake (pyyaml keeps the last without a word).
- Anchors, aliases and merge keys (`<<`) work; tags and values that contain themselves are mistakes.
- A syntax error becomes one mistake with its line, in words that name the usual causes.
- JSON is read too, also where it is indented with tabs.
- Keys are always text, whatever YAML 1.1 would make of `on`, `4` or `1:30`.
- libyaml's parser is used where it is there (six times as fast); what it refuses is read again by Python's,
  for the words of its errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml
from attrs import define, field, frozen

from gateway.settings.mistakes import BROKEN, Broken, InvalidSettings, KeyPath, Mistake, dotted
from gateway.settings.reading import note

Tree = str | int | float | bool | None | Broken | list["Tree"] | dict[str, "Tree"]

_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("int", "float", "bool", "null")}
_TEXT_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "value", "merge", "binary")}


@frozen
class Document:
    name: str
    tree: Tree
    mistakes: tuple[Mistake, ...]
    _root: yaml.Node = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Document:
        """InvalidSettings if the file cannot be read or is no YAML."""
        note(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _refused(str(path), f"cannot be read: {error.strerror}") from None
        try:
            return cls.parse(str(path), data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise _refused(f"{path}:{line}", "is not UTF-8 text", line) from None

    @classmethod
    def parse(cls, name: str, text: str) -> Document:
        """InvalidSettings if the text is no YAML, or empty."""
        is_json = text.lstrip().startswith("{")
        root = _composed(name, text.replace("\t", " ") if is_json else text)
        growth = _Growth(name)
        tree = growth.value(root, ())
        return cls(name, tree, tuple(growth.mistakes), root)

    def line(self, path: KeyPath) -> int:
        """Where the key stands, or the nearest thing around it that exists."""
        node, line = self._root, self._root.start_mark.line
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return line + 1

    def mistake(self, path: KeyPath, message: str) -> Mistake:
        line = self.line(path)
        return Mistake(f"{self.name}:{line}", dotted(path), message, order=line)


def scalar(text: str) -> Tree:
    """What YAML makes of a plain scalar: `8080` -> 8080, `yes` -> True, `x` -> "x"."""
    resolver: Any = yaml.SafeLoader("")
    return _typed(yaml.ScalarNode(resolver.resolve(yaml.ScalarNode, text, (True, False)), text))


def _typed(node: yaml.ScalarNode) -> Tree:
    name = _PLAIN_TAGS.get(node.tag)
    if name is None:
        return str(node.value)
    constructor = yaml.SafeLoader("")
    value: Tree = getattr(constructor, f"construct_yaml_{name}")(node)
    return value


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    match node, step:
        case yaml.MappingNode(), str():
            for key, value in _entries(node):
                if key.value == step:
                    return key.start_mark.line, value
        case yaml.SequenceNode(), int() if step < len(node.value):
            item: yaml.Node = node.value[step]
            return item.start_mark.line, item
        case _:
            pass
    return None


def _is_merge(key: yaml.Node) -> bool:
    return key.tag == "tag:yaml.org,2002:merge"


def _entries(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Own entries first, then those that merge keys bring; a key found earlier wins."""
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
    """Nodes -> tree. What cannot be used becomes a mistake and `BROKEN`."""

    name: str
    mistakes: list[Mistake] = field(factory=list[Mistake])
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
                return [self.value(item, (*path, index)) for index, item in enumerate(items)]
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
                tree[key.value] = self.value(value, (*path, key.value))
        return tree

    def _report_duplicates(self, node: yaml.MappingNode, path: KeyPath) -> None:
        first: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and not _is_merge(key):
                earlier = first.setdefault(key.value, key)
                if earlier is not key:
                    line = earlier.start_mark.line + 1
                    self._broken(key, (*path, key.value), f"stands twice; it is on line {line} already")

    def _broken(self, node: yaml.Node, path: KeyPath, message: str) -> Tree:
        line = node.start_mark.line + 1
        self.mistakes.append(Mistake(f"{self.name}:{line}", dotted(path), message, order=line))
        return BROKEN


def _quick_loader() -> Any:
    """libyaml under Python's composer: its own overflows the stack where a file nests deeply."""
    parser = getattr(yaml, "CSafeLoader", None)
    if parser is None:
        return yaml.SafeLoader
    composer = cast("Any", yaml).composer.Composer

    def begin(loader: Any, text: str) -> None:
        parser.__init__(loader, text)
        composer.__init__(loader)

    return type("QuickLoader", (composer, parser), {"__init__": begin})


_QUICK_LOADER = _quick_loader()


def _compose(text: str) -> yaml.Node | None:
    compose = cast("Any", yaml).compose
    try:
        return compose(text, Loader=_QUICK_LOADER)
    except yaml.YAMLError:
        return compose(text, Loader=yaml.SafeLoader)


def _composed(name: str, text: str) -> yaml.Node:
    try:
        root = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _refused(f"{name}:{line}", f"not YAML: {_syntax(error, text, line)}", line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(f"{name}:{line}", "not YAML: a control character stands here", line) from None
    except RecursionError:
        raise _refused(name, "is nested too deeply") from None
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        raise _refused(name, "is empty: it needs at least one entry under `providers`; see config/examples")
    return root


def _syntax(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """Our words for what people really do; the parser's where we know no better."""
    lines = text.splitlines()
    near = lines[line - 1] if line <= len(lines) else ""
    problem = (error.problem or "cannot be read").strip()
    begun = error.context_mark.line + 1 if error.context_mark else line
    if "\\t" in problem or "\t" in near[: len(near) - len(near.lstrip())]:
        return "a tab stands here; indent with blanks"
    if near.lstrip().startswith(("*", "- *")) or "alias" in problem:
        return 'a pattern that begins with `*` needs quotes: `"*"`'
    if "${" in near and ("{" in problem or "}" in problem):
        return 'inside `[...]` and `{...}` a reference needs quotes: `"${NAME}"`'
    if "single document" in (error.context or ""):
        return "a second document begins here; keep one, without `---` between"
    if "mapping values are not allowed" in problem:
        return "text that holds `: ` needs quotes"
    if "expected ',' or" in problem:
        return f"what `[` or `{{` opened on line {begun} is not closed, or a comma is missing"
    if "<block end>" in problem:
        return f"this line does not belong to what began on line {begun}; check the indentation"
    return f"{error.context}: {problem}" if error.context else problem


def _refused(where: str, message: str, line: int = 0) -> InvalidSettings:
    return InvalidSettings([Mistake(where, "", message, order=line)])
