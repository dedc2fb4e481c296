"""One value of the tree -> one value of a setting, or `InvalidValue` with what was expected.

No coercion: a number is not text, and text is not a number. `InterpolatedText` takes the type of its key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from gateway.settings import sizes
from gateway.settings.errors import (
    InterpolatedText,
    InvalidValue,
    choices_text,
    quoted,
    suggestion,
    value_excerpt,
)
from gateway.settings.hosts import has_port, is_host
from gateway.settings.json_values import json_object, tool_arguments
from gateway.settings.kinds import Preset, ProviderKind
from gateway.settings.loading import durations
from gateway.settings.loading import units as u
from gateway.settings.loading.document import plain_scalar
from gateway.settings.loading.file_tracking import record_file
from gateway.settings.loading.urls import checked_proxy, checked_url

Read = Callable[[Any], Any]


def text(value: Any) -> str:
    if not isinstance(value, str):
        quotes = "; put it in quotes" if isinstance(value, int | float) else ""
        raise InvalidValue(f"expected text, got {value_excerpt(value)}{quotes}")
    if not value.strip():
        raise InvalidValue("expected text, got none")
    return str(value)


def whole_number(value: Any) -> int:
    typed = plain_scalar(value) if isinstance(value, InterpolatedText) else value
    if isinstance(typed, bool) or not isinstance(typed, int):
        raise InvalidValue(f"expected a whole number, got {value_excerpt(value)}{_quoted(value)}")
    return typed


def number(value: Any) -> float:
    typed = plain_scalar(value) if isinstance(value, InterpolatedText) else value
    if isinstance(typed, bool) or not isinstance(typed, int | float):
        raise InvalidValue(f"expected a number, got {value_excerpt(value)}{_quoted(value)}")
    return float(typed)


def boolean(value: Any) -> bool:
    typed = plain_scalar(value) if isinstance(value, InterpolatedText) else value
    if not isinstance(typed, bool):
        raise InvalidValue(f"expected `true` or `false`, got {value_excerpt(value)}{_quoted(value)}")
    return typed


def _quoted(value: Any) -> str:
    """A quoted value that must be written without quotes."""
    is_text = isinstance(value, str) and not isinstance(value, InterpolatedText)
    return " as text; remove the quotes" if is_text and not isinstance(plain_scalar(value), str) else ""


def duration(value: Any) -> float:
    seconds = durations.parse_duration(value) if isinstance(value, str) else None
    if seconds is None:
        unit = f"; did you mean `{value}s`?" if isinstance(value, int) and value not in (True, False) else ""
        raise InvalidValue(
            f"expected a duration such as `500ms`, `30s`, `5m` or `1h`, got {value_excerpt(value)}{unit}"
        )
    return seconds


def size(value: Any) -> sizes.Size:
    found = sizes.parse_size(value) if isinstance(value, str) else None
    if found is None:
        unit = f"; did you mean `{value}MB`?" if isinstance(value, int) and value not in (True, False) else ""
        raise InvalidValue(f"expected a size such as `64KB` or `32MB`, got {value_excerpt(value)}{unit}")
    return found


def secret(value: Any) -> u.Secret:
    """Never shows the value, whatever it is."""
    if not isinstance(value, str):
        raise InvalidValue("expected text; put the key in quotes")
    if not value.strip():
        raise InvalidValue("is empty; remove it, or give the key")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidValue("holds a blank, a line break or a letter that a header cannot carry")
    if _VARIABLE.fullmatch(value):
        raise InvalidValue("is the name of a variable; in braces, as in `${NAME}`, its value is taken")
    return u.Secret(str(value))


_VARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]*")


def host(value: Any) -> str:
    word = _bare(value, "an address to listen on, such as `127.0.0.1`")
    if not is_host(word):
        raise InvalidValue(
            f"expected an address to listen on, such as `127.0.0.1`, got {value_excerpt(value)}"
        )
    return word


def host_name(value: Any) -> str:
    """A name by which clients reach the gateway, without scheme, port and path; `*` means any."""
    word = _bare(value, "a host name, such as `gateway.example`").strip().lower()
    if word != "*" and (not is_host(word) or has_port(word)):
        raise InvalidValue(
            f"expected a host name such as `gateway.example`, without scheme, port and path, "
            f"got {value_excerpt(value)}"
        )
    return word.strip("[]").removesuffix(".")


def url(value: Any) -> str:
    return checked_url(_bare(value, "a URL such as `http://127.0.0.1:8000`"))


def proxy(value: Any) -> str:
    return checked_proxy(_bare(value, "a URL such as `http://proxy.example:3128`"))


def file(value: Any) -> str:
    path = Path(_bare(value, "the path of a file")).expanduser()
    record_file(path)
    if not path.is_file():
        raise InvalidValue(f"the file {_as_written(value, path)} does not exist")
    return str(path)


def appended(value: Any) -> str:
    """A file that is created, or appended to."""
    path = Path(_bare(value, "the path of a file")).expanduser()
    if not path.parent.is_dir():
        raise InvalidValue(f"the folder of {_as_written(value, path)} does not exist")
    if path.is_dir():
        raise InvalidValue(f"{_as_written(value, path)} is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidValue(f"{_as_written(value, path)} cannot be written")
    return str(path)


def _as_written(value: object, path: Path) -> str:
    """Does not show the value of a reference."""
    return quoted(value) if isinstance(value, InterpolatedText) else str(path)


def target(value: Any) -> str:
    """`provider/model`."""
    name = _bare(value, "`provider/model`").strip()
    provider, _, model = name.partition("/")
    if not provider or not model:
        raise InvalidValue(f"expected `provider/model`, got {value_excerpt(value)}")
    return name


def name(value: Any) -> str:
    """A provider's name: the part before the first slash of `provider/model`."""
    word = text(value)
    if "/" in word or any(letter.isspace() for letter in word):
        raise InvalidValue("a provider's name must hold neither `/` nor blanks")
    return word


def pattern(value: Any) -> str:
    """A model's name, a shell pattern, or a regular expression."""
    written = text(value)
    expression = expression_of(written)
    if expression is not None:
        try:
            re.compile(expression)
        except re.error as error:
            raise InvalidValue(f"is no regular expression: {error}") from None
    return written


def expression_of(pattern: str) -> str | None:
    """The regular expression in `/.../` or `regex:...`; None for names and shell patterns."""
    if pattern.startswith("regex:"):
        return pattern.removeprefix("regex:")
    return pattern[1:-1] if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/") else None


def alias(value: Any) -> str:
    """An id that clients may request."""
    wild = expression_of(text(value)) is not None or any(letter in str(value) for letter in "*?[")
    if wild or not _TOKENS.fullmatch(text(value)):
        raise InvalidValue(
            "expected a model's id, which is no pattern and holds no blank, such as `claude-qwen3-coder`"
        )
    return str(value)


_TOKENS = re.compile(r"[!-~]+")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def header_name(value: Any) -> str:
    if not _TOKEN.fullmatch(text(value)):
        raise InvalidValue("is no header name")
    return str(value)


def header(value: Any) -> str:
    """Never shows the value: a header may contain a key."""
    if not isinstance(value, str):
        raise InvalidValue("expected text; put the value in quotes")
    if not value.isascii() or not value.isprintable():
        raise InvalidValue("holds a line break or a letter that a header cannot carry")
    return str(value)


def choice(words: Sequence[str]) -> Read:
    def read(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return str(value)
        hint = _kind_of(value, words) if isinstance(value, str) else ""
        raise InvalidValue(f"expected {choices_text(words)}, got {value_excerpt(value)}{hint}")

    return read


def _kind_of(value: str, words: Sequence[str]) -> str:
    """A server's name given as its kind: most speak OpenAI's Chat Completions, and have a preset."""
    if words == get_args(ProviderKind) and value.lower() in get_args(Preset):
        return f"; write `kind: openai` and `preset: {value.lower()}`"
    return suggestion(getattr(value, "written", value), words)


def annotated(base: type, marks: Sequence[object]) -> Read:
    """The reader for `Annotated[base, *marks]`."""
    units = [mark.name for mark in marks if isinstance(mark, u.Unit)]
    read = BY_UNIT[units[0]] if units else PLAIN[base]
    bounds = [mark for mark in marks if isinstance(mark, u.Bounds)]
    return _within(read, bounds[0], units) if bounds else read


def _bare(value: Any, expected: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidValue(f"expected {expected}, got {value_excerpt(value)}")
    return str(value)


def _within(read: Read, bounds: u.Bounds, units: Sequence[str]) -> Read:
    write = next((_WRITTEN[unit] for unit in units if unit in _WRITTEN), _plain)

    def checked_read(value: Any) -> Any:
        number = read(value)
        if bounds.least <= number and (bounds.most is None or number <= bounds.most):
            return number
        most = f" and at most {write(bounds.most)}" if bounds.most is not None else ""
        raise InvalidValue(f"expected at least {write(bounds.least)}{most}, got {value_excerpt(value)}")

    return checked_read


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


_WRITTEN: Mapping[str, Callable[[float], str]] = {
    "duration": durations.format_duration,
    "size": sizes.format_size,
}

BY_UNIT: Mapping[str, Read] = {
    "duration": duration,
    "size": size,
    "host": host,
    "host name": host_name,
    "URL": url,
    "proxy": proxy,
    "file": file,
    "appended file": appended,
    "target": target,
    "tokens": whole_number,
    "name": name,
    "header name": header_name,
    "header": header,
    "pattern": pattern,
    "alias": alias,
    "number": number,
    "JSON object": json_object,
    "arguments": tool_arguments,
}
"""By the name of a `Unit`."""

PLAIN: Mapping[type, Read] = {str: text, int: whole_number, bool: boolean, u.Secret: secret}
"""By the plain type of a field."""
