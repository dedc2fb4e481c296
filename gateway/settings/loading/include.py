"""A file and its includes -> one document, as if they were one file.

- `include:` names a file or a list of files, relative to the including file, which may include others.
- Sections are merged: included content comes first, in the order of the list, so that the including file's
  last entries, such as a catch-all, come last.
- Nothing overrides anything: a key in two files is an error. So are a file that includes itself, and one that
  is included twice.
- Top-level keys that begin with `x-` are only for anchors; each file may have its own. An anchor is only
  valid in its own file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml
from attrs import Factory, define, evolve

from gateway.settings.checks.scripted import SCRIPT, has_replies, read_script, script_files, with_replies
from gateway.settings.checks.scripted import script_mistake as wrong_script
from gateway.settings.errors import InvalidSettings, SettingsMistake
from gateway.settings.loading.document import NodeSource, YamlDocument
from gateway.settings.loading.yaml_parser import compose, read_text

KEY = "include"
PARKING = "x-"

Pair = tuple[yaml.Node, yaml.Node]


def read_with_includes(path: Path) -> YamlDocument:
    """Raises InvalidSettings if the file itself cannot be read or is not YAML; other errors are in
    `mistakes`."""
    inclusion = _Inclusion()
    text = read_text(path)
    root = compose(str(path), text)
    if not isinstance(root, yaml.MappingNode):
        return YamlDocument.parse(str(path), text)
    source = inclusion.source(path)
    whole = inclusion.merged(root, source, (path.resolve(),))
    document = YamlDocument.from_node(source, whole, inclusion.owners)
    return evolve(document, mistakes=(*inclusion.mistakes, *document.mistakes))


@define
class _Inclusion:
    """The state of reading a file and its includes."""

    owners: dict[int, NodeSource] = Factory(dict[int, NodeSource])
    mistakes: list[SettingsMistake] = Factory(list[SettingsMistake])
    files: list[Path] = Factory(list[Path])
    _scripted: set[int] = Factory(set[int])
    """Providers whose script was read: with an anchor, one may occur several times."""

    def source(self, path: Path) -> NodeSource:
        self.files.append(path)
        return NodeSource(str(path), len(self.files) - 1)

    def merged(self, root: yaml.MappingNode, source: NodeSource, chain: tuple[Path, ...]) -> yaml.MappingNode:
        """The file's own root, after its includes. `chain`: the files being read, outermost first."""
        own: list[Pair] = []
        files: list[list[Pair]] = []
        for key, value in root.value:
            if key.value == KEY:
                files += self._included(value, source, chain)
            elif not str(key.value).startswith(PARKING):
                own.append((key, value))
        self._claim(own, source)
        self._read_scripts(own, source)
        return yaml.MappingNode(root.tag, _together([*files, own]), root.start_mark, root.end_mark)

    def _claim(self, pairs: list[Pair], source: NodeSource) -> None:
        """Record that root keys, and the keys or items of the sections below them, came from this file."""
        for key, section in pairs:
            self.owners[id(key)] = source
            for one in _members(section):
                self.owners[id(one)] = source

    def _read_scripts(self, pairs: list[Pair], source: NodeSource) -> None:
        """Read the scripts of scripted providers into their `replies`."""
        for name, provider, key, file in script_files(pairs):
            try:
                if id(provider) not in self._scripted:
                    self._read_script(provider, key, Path(source.name).parent / Path(file).expanduser())
            except InvalidSettings as refused:
                for mistake in refused.mistakes:
                    here = ("providers", name, SCRIPT)
                    at_key = source.mistake(key.start_mark.line + 1, here, mistake.message)
                    self.mistakes.append(mistake if mistake.where else at_key)

    def _read_script(self, provider: yaml.MappingNode, key: yaml.Node, path: Path) -> None:
        self._scripted.add(id(provider))
        if has_replies(provider):
            raise wrong_script("cannot be combined with `replies`; keep one of them")
        replies = read_script(path)
        source = self.source(path)
        self.owners |= {id(item): source for item in replies.value}
        with_replies(provider, key, replies)

    def _included(self, node: yaml.Node, source: NodeSource, chain: tuple[Path, ...]) -> Iterator[list[Pair]]:
        if _is_empty(node):
            return
        names: list[yaml.Node] = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for name in names:
            text = name.value if isinstance(name, yaml.ScalarNode) else ""
            try:
                if not text or "${" in text:
                    raise _wrong("expected the path of a file, or a list of them, without `${...}`")
                yield self._file(Path(source.name).parent / Path(text).expanduser(), chain)
            except InvalidSettings as refused:
                for mistake in refused.mistakes:
                    here = source.mistake(name.start_mark.line + 1, (KEY,), mistake.message)
                    self.mistakes.append(here if not mistake.where or not mistake.order else mistake)

    def _file(self, path: Path, chain: tuple[Path, ...]) -> list[Pair]:
        found = path.resolve()
        if found in chain:
            names = [one.name for one in (*chain[chain.index(found) :], found)]
            raise _wrong(f"includes itself: {' -> '.join(names)}")
        if any(found == one.resolve() for one in self.files):
            raise _wrong(f"{path} is included already")
        try:
            text = read_text(path)
        except InvalidSettings as refused:
            (mistake,) = refused.mistakes
            raise refused if mistake.order else _wrong(f"{path} {mistake.message}") from None
        source = self.source(path)
        root = compose(source.name, text)
        if root is None:
            return []
        if not isinstance(root, yaml.MappingNode):
            raise InvalidSettings([source.mistake(1, (), "expected keys such as `providers:`")])
        return self.merged(root, source, (*chain, found)).value


def _wrong(message: str) -> InvalidSettings:
    """An error of the `include` itself; the caller adds its position."""
    return InvalidSettings([SettingsMistake("", KEY, message)])


def _members(section: yaml.Node) -> list[yaml.Node]:
    match section:
        case yaml.MappingNode():
            return [key for key, _ in section.value]
        case yaml.SequenceNode():
            return section.value
        case _:
            return []


def _together(files: list[list[Pair]]) -> list[Pair]:
    """Sections of one name, from several files, merged; keys that cannot be merged stay duplicated."""
    whole: dict[str, Pair] = {}
    twice: list[Pair] = []
    for pairs in files:
        before = dict(whole)
        for key, value in pairs:
            earlier = before.pop(str(key.value), None)
            both = _joined(earlier[1], value) if earlier else value
            if both is None or (earlier is None and str(key.value) in whole):
                twice.append((key, value))
            else:
                whole[str(key.value)] = (earlier[0] if earlier else key, both)
    return [*whole.values(), *twice]


def _joined(first: yaml.Node, second: yaml.Node) -> yaml.Node | None:
    """None if both have a value that is not a section."""
    if _is_empty(first):
        return second
    if _is_empty(second):
        return first
    if type(first) is type(second) and isinstance(first, yaml.MappingNode | yaml.SequenceNode):
        kind = type(first)
        return kind(first.tag, [*first.value, *second.value], first.start_mark, second.end_mark)
    return None


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
