"""The settings models -> docs/configuration.md: every key with what it holds, its default and an example.

    python -m gateway.settings.reference > docs/configuration.md

Descriptions are the strings under the fields in models.py, so the page cannot say anything else than the
code; a test keeps the file current.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import attrs

from gateway.settings import durations, server
from gateway.settings import models as m
from gateway.settings import units as u
from gateway.settings.env import VARIABLES
from gateway.settings.structure import key_names

_SECTIONS: Mapping[str, type[attrs.AttrsInstance]] = {
    "server": m.Server,
    "defaults": m.Defaults,
    "defaults.timeouts": m.Timeouts,
    "providers.NAME": m.Provider,
    "models.PATTERN": m.ModelTarget,
}

_INTRODUCTION = """\
# Configuration

<!-- Made from gateway/settings/models.py by `python -m gateway.settings.reference`. Edit that file. -->

The file is named by `--config`, else by `GATEWAY_CONFIG`, else it is `config/gateway.yaml` or `gateway.yaml`
in the working directory. With none of them, the [environment](#environment) alone is enough. What wins:
command line, environment, file, default. `gateway check` reads it all as `serve` would, reports every mistake
with its line, and shows where each value came from.

- **Durations** are a number and a unit: `500ms`, `30s`, `5m`, `1h`.
- **References**: in any text, `${NAME}` is the environment's variable, and a mistake if that is not set;
  `${NAME:-default}` also works where it is not set or empty. A value `file:/path` is the content of that file
  without the white space around it; a relative path starts at the folder of the configuration. `$${` is a
  literal `${`. Inside `[...]` and `{...}` a reference needs quotes.
- **Secrets** appear in no log, error or listing.
- An unknown key, a key that stands twice, or a value of the wrong type is a mistake, never ignored.
"""

_MODELS = """\
Each key is a model's name as a client asks for it, or a shell pattern (`*`, `?`, `[...]`); the first that
matches wins, so `"*"` comes last. `[1m]` at the end of a requested name is ignored. The value is
`provider/model`, the provider's name here and then the upstream's own name, or a mapping:
"""

_AFTER = """\
The name `provider/model` of a configured target always means that target, unless a pattern that holds a `/`
says otherwise. A name that no entry matches goes to the model it spells as `provider/model`, else to
`defaults.model`, else it is answered with 404. Quote names that begin with `*`.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_sections(), _environment()])


def _sections() -> Iterator[str]:
    described = _descriptions()
    for name, cls in _SECTIONS.items():
        heading = "models" if name.startswith("models") else name
        words = _MODELS if heading == "models" else described[cls.__name__, ""] + "\n"
        yield f"## `{heading}`\n\n{words}\n{_table(cls, described)}"
        if heading == "models":
            yield _AFTER


def _table(cls: type[attrs.AttrsInstance], described: Mapping[tuple[str, str], str]) -> str:
    rows = ["| key | what | holds | default | example |", "|---|---|---|---|---|"]
    hints = get_type_hints(cls, include_extras=True)
    fields = attrs.fields_dict(cls)
    for key in key_names(cls):
        what, _, example = described[cls.__name__, key].partition("Example:")
        default = _default(fields[key], hints[key])
        cells = [f"`{key}`", what.strip(), _holds(hints[key]), default, _example(example, default)]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _example(text: str, default: str) -> str:
    return text.strip().removesuffix(".") or default


def _default(one: attrs.Attribute[object], kind: Any) -> str:
    match one.default:
        case attrs.NOTHING:
            return "must be said"
        case bool() as truth:
            return f"`{str(truth).lower()}`"
        case float() as seconds:
            return f"`{durations.written(seconds)}`"
        case int() | str() as plain:
            return f"`{plain}`"
        case _:
            return "see below" if kind is m.Timeouts else "none"


def _holds(kind: Any) -> str:
    """What a key may hold, in words."""
    if type(None) in get_args(kind):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if get_origin(kind) is Annotated:
        return _holds_annotated(*get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of texts"
    return _WORDS.get(kind, "a mapping")


_WORDS: Mapping[Any, str] = {str: "text", int: "a whole number", bool: "`true` or `false`", u.Secret: "text"}
_UNITS = {
    "duration": "a duration",
    "URL": "a URL",
    "proxy": "a URL",
    "file": "a path",
    "target": "`provider/model`",
    "tokens": "tokens",
}


def _holds_annotated(base: Any, *marks: object) -> str:
    units = [_UNITS[mark.name] for mark in marks if isinstance(mark, u.Unit)]
    bounds = [
        f", {mark.least:g} to {mark.most:.0f}" for mark in marks if isinstance(mark, u.Within) and mark.most
    ]
    return (units[0] if units else _WORDS[base]) + "".join(bounds)


def _descriptions() -> dict[tuple[str, str], str]:
    """(class, field) -> the string under it; (class, "") -> the class's own."""
    found: dict[tuple[str, str], str] = {}
    for cls in [one for module in (m, server) for one in ast.parse(inspect.getsource(module)).body]:
        if isinstance(cls, ast.ClassDef):
            found[cls.name, ""] = _joined(ast.get_docstring(cls) or "")
            for field, after in zip(cls.body, cls.body[1:], strict=False):
                match field, after:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                        value=ast.Constant(value=str(text))
                    ):
                        found[cls.name, name] = _joined(text)
                    case _:
                        pass
    return found


def _joined(text: str) -> str:
    return " ".join(text.split())


def _environment() -> str:
    rows = "\n".join(f"| `{name}` | {what} |" for name, what in VARIABLES.items())
    words = "An empty variable is one that is not set."
    return f"## Environment\n\n{words}\n\n| variable | sets |\n|---|---|\n{rows}\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
