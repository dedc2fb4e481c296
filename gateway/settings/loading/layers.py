"""The configuration while it is assembled: file, then environment, then command line.

It records the origin of each value, so that an error in a variable names the variable, and `check` can show
the origin of everything.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from attrs import define, field

from gateway.settings.errors import INVALID, KeyPath, SettingsMistake, dotted_path
from gateway.settings.loading.document import Tree, YamlDocument

DEFAULT = "default"


@define
class LayeredConfig:
    tree: dict[str, Tree]
    document: YamlDocument | None = None
    mistakes: list[SettingsMistake] = field(factory=list[SettingsMistake])
    _labels: dict[KeyPath, str] = field(factory=dict[KeyPath, str])
    """The origin of a value from outside the file."""

    def section(self, *path: str) -> dict[str, Tree] | None:
        """The mapping at this path, created if it is missing; None if there is a value of another type."""
        here: dict[str, Tree] = self.tree
        for step in path:
            if here.get(step) is None:
                here[step] = {}
            inner = here[step]
            if not isinstance(inner, dict):
                return None
            here = inner
        return here

    def put(self, path: tuple[str, ...], value: Tree, origin: str) -> None:
        """Set a value, overriding the file. `value` may be a whole mapping."""
        section = self.section(*path[:-1])
        if section is not None:
            section[path[-1]] = value
            self.label(path, origin)

    def label(self, path: KeyPath, origin: str) -> None:
        self._labels[path] = origin

    def origin(self, path: KeyPath) -> str:
        """`config/gateway.yaml:12`, `environment PORT`, `--port` or `default`."""
        if not self._says(path):
            return DEFAULT
        label = self._nearest_label(path)
        if label is not None or self.document is None:
            return label or DEFAULT
        return self.document.place(path)

    def folder(self, path: KeyPath) -> Path:
        """The folder that a relative path in this value starts from."""
        return self.document.folder(path) if self.document else Path()

    def report(self, path: KeyPath, message: str) -> None:
        label = self._nearest_label(path)
        if label is not None:
            self.mistakes.append(SettingsMistake(label, dotted_path(path), message))
        elif self.document is not None:
            self.mistakes.append(self.document.mistake(path, message))
        else:
            self.mistakes.append(SettingsMistake("environment", dotted_path(path), message))

    def _nearest_label(self, path: KeyPath) -> str | None:
        for length in range(len(path), 0, -1):
            if path[:length] in self._labels:
                return self._labels[path[:length]]
        return None

    def _says(self, path: KeyPath) -> bool:
        here: Tree = cast("Tree", self.tree)
        for step in path:
            match here, step:
                case dict(), str() if step in here:
                    here = here[step]
                case list(), int() if step < len(here):
                    here = here[step]
                case _:
                    return False
        return here is not INVALID
