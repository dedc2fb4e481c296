"""Resolves `${NAME}`, `${NAME:-default}` and `file:/path` in the text of a tree.

- `$${` is a literal `${`.
- `file:` applies to the whole value: the file's text without the white space around it. A relative path
  starts at the folder of the file that contains it. References in the path are resolved first.
- The value of a reference is never shown: `InterpolatedText.written` keeps the reference as written.
- A command that connects to no upstream needs no secrets: `missing_stand_in` replaces missing ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import frozen

from gateway.settings.errors import INVALID, InterpolatedText, InvalidValue, KeyPath, suggestion
from gateway.settings.loading.document import Tree
from gateway.settings.loading.file_tracking import record_file

_REFERENCE = re.compile(r"\$?\$\{([^{}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"key|token|secret|passw|credential|bearer|(?:^|_)(?:pat|auth)(?:_|$)")
"""Parts of a variable's name, in lower case, that mark it as a secret."""
_NOBODY = re.compile(r"api|access|auth|bearer|pat|api_?keys?|keys?|tokens?|secrets?|passw\w*|credentials?")
"""Words of such a name that do not identify its owner."""

Report = Callable[[KeyPath, str], None]
StandIn = Callable[[KeyPath], "str | None"]
_STAND_IN = "not-set-here."


def missing_stand_in(path: KeyPath) -> str | None:
    """The placeholder for a missing secret or a missing provider's address; None for any other key."""
    match path:
        case ("providers", _, "base_url" | "proxy"):
            return f"http://{_STAND_IN}invalid"
        case ("providers", _, "api_key") | ("providers", _, "headers", _) | ("server", "admin_key"):
            return f"{_STAND_IN}{path[-1]}"
        case ("server", "keys", int(), *_) if path[-1] != "name":
            return f"{_STAND_IN}{path[2]}"
        case _:
            return None


def is_stand_in(text: str) -> bool:
    return text.startswith(_STAND_IN)


@frozen
class Interpolation:
    environ: Mapping[str, str]
    folder: Callable[[KeyPath], Path]
    report: Report
    stand_in: StandIn = lambda _: None

    def resolved(self, tree: Tree, path: KeyPath = ()) -> Tree:
        """The same tree; an unresolvable reference becomes a report and `INVALID`."""
        match tree:
            case InterpolatedText():
                return tree
            case dict():
                return {key: self.resolved(value, (*path, key)) for key, value in tree.items()}
            case list():
                return [self.resolved(value, (*path, index)) for index, value in enumerate(tree)]
            case str() if "${" in tree or tree.startswith("file:"):
                return self._text(tree, path)
            case _:
                return tree

    def _text(self, text: str, path: KeyPath) -> Tree:
        try:
            filled = _REFERENCE.sub(self._one, text)
            if filled.startswith("file:"):
                filled = _content(self.folder(path), filled, text)
            return InterpolatedText(filled, written=text)
        except InvalidValue as wrong:
            if (instead := self.stand_in(path)) is not None:
                return InterpolatedText(instead, written=text)
            self.report(path, str(wrong))
            return INVALID

    def _one(self, found: re.Match[str]) -> str:
        whole, inside = found[0], found[1]
        if whole.startswith("$$"):
            return whole[1:]
        name, separator, default = inside.partition(":-")
        if not whole.endswith("}") or not _NAME.fullmatch(name):
            raise InvalidValue(f"`{whole}` is no reference; expected `${{NAME}}` or `${{NAME:-default}}`")
        value = self.environ.get(name)
        if value or (value is not None and not separator):
            return value
        if separator:
            return default
        raise InvalidValue(
            f"the variable {name} is not set; set it, or write `${{{name}:-default}}`"
            + suggestion(
                name, [known for known in self.environ if known != name and _may_be_meant(known, name)]
            )
        )


def _may_be_meant(known: str, name: str) -> bool:
    """A key of one service is never suggested for another one's: following the hint would send it there."""
    owner, secret = _owner(name)
    other, also = _owner(known)
    return owner == other if secret or also else True


def _owner(name: str) -> tuple[frozenset[str], bool]:
    """`DEEPSEEK_API_KEY` -> `deepseek`, and that it names a secret."""
    words = [word for word in name.lower().split("_") if word]
    owner = frozenset(word for word in words if not _NOBODY.fullmatch(word))
    return owner, _SECRET.search(name.lower()) is not None


def _content(folder: Path, text: str, written: str) -> str:
    path = folder / Path(text.removeprefix("file:")).expanduser()
    named = path if text == written else f"`{written}`"
    record_file(path)
    try:
        content = path.read_text("utf-8").strip()
    except OSError as error:
        raise InvalidValue(f"the file {named} cannot be read: {error.strerror}") from None
    except ValueError:
        raise InvalidValue(f"the file {named} is not UTF-8 text") from None
    if not content:
        raise InvalidValue(f"the file {named} is empty")
    return content
