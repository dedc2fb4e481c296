"""Malformed JSON text -> JSON.

    tidied     {"a": [1,],}  ->  {"a": [1]}    and line ends in strings escaped: certainly correct
    repaired   {a: 'x'}      ->  {"a": "x"}    most likely correct

Rules:
- Text that ends inside an object, a list or a string is truncated: the rest is unknown and is not invented.
- A Markdown fence around the text is ignored.
"""

from __future__ import annotations

import json
import re
from typing import Any

REPAIRABLE = 256 * 1024
"""Bytes. Longer texts are not repaired: the cost grows faster than their length."""
_FENCE = re.compile(r"\A```[A-Za-z]*[ \t]*\n(.*?)\n?[ \t]*```\Z", re.DOTALL)
_STRING = r'"(?:[^"\\]++|\\.?)*+("?)'
"""A string, terminated or not."""
_TRAILING = re.compile(rf"{_STRING}|,(?=\s*+[}}\]])", re.DOTALL)
_RAW = re.compile(r"\\.|[\x00-\x1f]", re.DOTALL)
_BRACKETS = re.compile(rf"{_STRING}|[{{}}\[\]]", re.DOTALL)
_SINGLE = re.compile(_BRACKETS.pattern.replace('"', "'"), re.DOTALL)


def tidy_json(text: str) -> str:
    """The text without fence and trailing commas, and with control characters escaped inside strings."""
    return _TRAILING.sub(_tidy, without_fence(text))


def repair_json_text(text: str) -> Any:
    """The value that malformed JSON most likely means; None if that is unclear."""
    text = without_fence(text)
    if text[:1] not in ("{", "[", '"') or len(text) > REPAIRABLE or is_cut_off(text):
        return None
    import json_repair  # noqa: PLC0415

    try:
        value: Any = json_repair.loads(text)
    except (ValueError, RecursionError):
        return None
    return None if value in ("", {}, []) else value


def without_fence(text: str) -> str:
    fenced = _FENCE.match(text)
    return fenced[1].strip() if fenced else text


def is_cut_off(text: str) -> bool:
    """Whether the text ends inside an object, a list or a string; Python's quotes count too."""
    quotes = [at for at in (text.find('"'), text.find("'")) if at >= 0]
    single = bool(quotes) and text[min(quotes)] == "'"
    depth = 0
    for token in (_SINGLE if single else _BRACKETS).finditer(text):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
        elif not token[1]:
            return True
    return depth > 0


def _tidy(token: re.Match[str]) -> str:
    return "" if token[0] == "," else _RAW.sub(_escaped, token[0])


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("\\") else json.dumps(found[0])[1:-1]
