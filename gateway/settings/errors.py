"""Errors of a configuration, in terms its author can act on.

- An error states its position (file and line, variable, or option), the key path, and what was expected.
- A value is shown only through `value_excerpt`; a secret never is.
- All errors are raised together in one `InvalidSettings`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from attrs import field, frozen

from gateway.errors import ConfigError

KeyPath = tuple[str | int, ...]


class InvalidValue(ValueError):
    """A value is not valid for its key. The message is the part after the key path."""


class InterpolatedText(str):
    """Text from a reference or a variable, not typed by the YAML: it is converted to the type of its key.

    `written` replaces it in messages: the reference as written, never its value.
    """

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str, written: str) -> InterpolatedText:
        given = super().__new__(cls, text)
        given.written = written
        return given


@frozen
class InvalidMarker:
    """Replaces a value whose error is reported already."""


INVALID = InvalidMarker()


@frozen
class SettingsMistake:
    where: str
    """`config/gateway.yaml:12`, `environment PORT`, `--port`."""
    path: str
    """`providers.local.kind`; empty for the whole file."""
    message: str
    order: int = field(default=0, eq=False)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class InvalidSettings(ConfigError):
    """The configuration cannot be used; `mistakes` has all its errors."""

    files: tuple[Path, ...] = ()
    """The files read, or found missing, so far: a change of one of them may fix the configuration."""

    def __init__(self, mistakes: Iterable[SettingsMistake]) -> None:
        self.mistakes = tuple(sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.order))
        count = len(self.mistakes)
        title = f"The configuration has {count} mistake{'s' if count > 1 else ''}:"
        super().__init__("\n".join([title, *(f"  {mistake}" for mistake in self.mistakes)]))


def dotted_path(path: KeyPath) -> str:
    """`("server", "keys", 0)` -> `server.keys[0]`."""
    text = ""
    for step in path:
        match step:
            case int():
                text += f"[{step}]"
            case str():
                text += f".{step}" if text else step
    return text


def quoted(word: str) -> str:
    """A name, or the reference as written."""
    return f"`{word.written if isinstance(word, InterpolatedText) else word}`"


def choices_text(words: Sequence[str]) -> str:
    """`a`, `b` or `c`."""
    each = [quoted(word) for word in words]
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} or {each[-1]}"


def suggestion(word: str, choices: Collection[str]) -> str:
    """`; did you mean ...?` for the nearest choice, or nothing; never for the value of a reference."""
    found = None if isinstance(word, InterpolatedText) else nearest(word, choices)
    return f"; did you mean `{found}`?" if found else ""


def nearest(word: str, choices: Collection[str]) -> str | None:
    by_fold = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(word.lower(), by_fold, n=1, cutoff=0.6)
    if close:
        return by_fold[close[0]]
    within = [choice for fold, choice in by_fold.items() if len(word) > 2 and word.lower() in fold]
    return within[0] if len(within) == 1 else None


_KEY_LIKE = re.compile(r"sk-|ghp_|hf_|xox|bearer |[A-Za-z0-9_\-]{40,}", re.IGNORECASE)


def value_excerpt(value: object) -> str:
    """A value for a message: short, and without anything that may be a key."""
    match value:
        case None:
            return "nothing"
        case str():
            return _shown_text(value)
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case _:
            return "a mapping" if isinstance(value, dict) else "a list"


def _shown_text(text: str) -> str:
    if isinstance(text, InterpolatedText):
        return f"`{text.written}`"
    if _KEY_LIKE.search(text):
        return "something else"
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`" if text else "empty text"
