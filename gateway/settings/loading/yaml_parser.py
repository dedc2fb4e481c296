"""YAML text -> nodes with their lines, or one error that names the likely cause.

libyaml's parser is used if it is installed (six times as fast); text that it refuses is read again by
Python's, for its error messages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import yaml

from gateway.settings.errors import InvalidSettings, SettingsMistake, nearest
from gateway.settings.loading.file_tracking import record_file


def read_text(path: Path) -> str:
    """Raises InvalidSettings if the file cannot be read or is not UTF-8."""
    record_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise yaml_mistake(str(path), f"cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise yaml_mistake(f"{path}:{line}", "is not UTF-8 text", line) from None


def _quick_loader() -> Any:
    """libyaml's parser with Python's composer: libyaml's own overflows the stack if a file nests deeply."""
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


def compose(name: str, text: str) -> yaml.Node | None:
    """None if there are only comments. Raises InvalidSettings if the text is not YAML."""
    is_json = text.lstrip().startswith("{")
    try:
        root = _compose(text.replace("\t", " ") if is_json else text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise yaml_mistake(f"{name}:{line}", f"not YAML: {_syntax(error, text, line)}", line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise yaml_mistake(f"{name}:{line}", "not YAML: a control character stands here", line) from None
    except RecursionError:
        raise yaml_mistake(name, "is nested too deeply") from None
    return None if isinstance(root, yaml.ScalarNode) and not root.value else root


def _syntax(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """A message for the usual errors; the parser's for others."""
    lines = text.splitlines()
    near = lines[line - 1] if line <= len(lines) else ""
    problem = (error.problem or "cannot be read").strip()
    start_line = error.context_mark.line + 1 if error.context_mark else line
    if "\\t" in problem or "\t" in near[: len(near) - len(near.lstrip())]:
        return "a tab stands here; indent with blanks"
    if near.lstrip().startswith(("*", "- *")) or "alias" in problem:
        return _star(problem, near, text)
    if "${" in near and ("{" in problem or "}" in problem):
        return 'inside `[...]` and `{...}` a reference needs quotes: `"${NAME}"`'
    if "single document" in (error.context or ""):
        return "a second document begins here; keep one, without `---` between"
    if "mapping values are not allowed" in problem:
        return "text that holds `: ` needs quotes"
    if "expected ',' or" in problem:
        return f"what `[` or `{{` opened on line {start_line} is not closed, or a comma is missing"
    if "<block end>" in problem:
        return f"this line does not belong to what began on line {start_line}; check the indentation"
    return f"{error.context}: {problem}" if error.context else problem


_MISSING = re.compile(r"undefined alias '?([^\s']+)")
_ANCHORS = re.compile(r"(?:^|[\s\[{,])&([\w-]+)", re.MULTILINE)


def _star(problem: str, line: str, text: str) -> str:
    """A pattern without quotes, such as `*-mini` or any key, or a missing anchor."""
    missing = _MISSING.search(problem)
    name = missing[1] if missing else ""
    if not name[:1].isalnum() or line.lstrip().removeprefix("- ").startswith(f"*{name}:"):
        return 'a pattern that begins with `*` needs quotes: `"*"`'
    hint = nearest(name, set(_ANCHORS.findall(text)))
    meant = f"did you mean `*{hint}`?" if hint else f'a pattern needs quotes: `"*{name}"`'
    return f"no anchor `&{name}` stands above in this file, and anchors hold in one file only; {meant}"


def yaml_mistake(where: str, message: str, line: int = 0) -> InvalidSettings:
    return InvalidSettings([SettingsMistake(where, "", message, order=line)])
