"""The settings models -> docs/configuration.md: every key with its values, its default and an example.

    python -m gateway.settings.reference > docs/configuration.md

Descriptions are the strings under the fields in models.py, so the page cannot contradict the code; a test
keeps the file current.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import attrs

from gateway.settings import models as m
from gateway.settings import scripted_replies as r
from gateway.settings import sizes
from gateway.settings.loading import durations
from gateway.settings.loading import units as u
from gateway.settings.loading.env import VARIABLES
from gateway.settings.quirks import Quirks
from gateway.settings.reference.fields import SettingField, section_text, setting_fields
from gateway.settings.server import ClientKey, Server

_SECTIONS: Mapping[str, type[attrs.AttrsInstance]] = {
    "server": Server,
    "server.keys": ClientKey,
    "defaults": m.Defaults,
    "defaults.timeouts": m.Timeouts,
    "providers.NAME": m.Provider,
    "providers.NAME.quirks": Quirks,
    "providers.NAME.replies[]": r.ScriptedReply,
    "providers.NAME.replies[].when": r.ScriptedWhen,
    "providers.NAME.replies[].calls[]": r.ScriptedCall,
    "providers.NAME.replies[].refusal": r.ScriptedRefusal,
    "providers.NAME.replies[].usage": r.ScriptedUsage,
    "models.PATTERN": m.ModelTarget,
    "models.PATTERN.sampling": m.Sampling,
    "routes": m.RouteRule,
    "routes[].match": m.Match,
    "aliases.ID": m.Alias,
}

_INTRODUCTION = """\
# Configuration

<!-- Made from gateway/settings/models.py by `python -m gateway.settings.reference`. Edit that file. -->

The file is named by `--config`, else by `GATEWAY_CONFIG`, else it is `config/gateway.yaml` or `gateway.yaml`
in the working directory. With none of them, the [environment](#environment) alone is enough. What wins:
command line, environment, file, default. `gateway check` reads it all as `serve` would, reports every mistake
with its line, and shows where each value came from.

- **Durations** are a number and a unit: `500ms`, `30s`, `5m`, `1h`. **Sizes** likewise: `64KB`, `32MB`,
  `1GB`; a KB has 1024 bytes.
- **References**: in any text, `${NAME}` is the environment's variable, and a mistake if that is not set;
  `${NAME:-default}` also works where it is not set or empty. A value `file:/path` is the content of that file
  without the white space around it; a relative path starts at the folder of the configuration. `$${` is a
  literal `${`. Inside `[...]` and `{...}` a reference needs quotes.
- **Secrets** appear in no log, error or listing.
- **Several files**: `include:` names a file or a list of files, relative to the one that says it; they are
  read as if they stood at the top of it. Nothing overrides anything: what two files both say is a mistake.
- **Anchors**: YAML's anchors, aliases and merge keys (`<<`) work inside one file. Top-level keys that begin
  with `x-` are a place for anchors and mean nothing else.
- **Editors** complete and check the file if its first line names the schema, which `gateway schema` prints:
  `# yaml-language-server: $schema=gateway.schema.json`.
- An unknown key, a key that stands twice, or a value of the wrong type is a mistake, never ignored.
"""

_MODELS = """\
Each key is a model's name as a client asks for it, or a shell pattern (`*`, `?`, `[...]`); the first that
matches wins, so `"*"` comes last. `[1m]` at the end of a requested name is ignored. The value is
`provider/model`, the provider's name here and then the upstream's own name, or a mapping:
"""

_AFTER = """\
The name `provider/model` of a configured target always means that target, unless a pattern with a `/` takes
it first. A name that no entry matches goes to the model it spells as `provider/model`, else to
`defaults.model`, else it is answered with 404. Quote names that begin with `*`. What an entry says of a model
(`context_window`, `max_output_tokens`, `vision`, `reasoning`) holds for every way to it, unless that way says
otherwise; everything else holds for the one entry.
"""

_KEYS = """\
Each item of `keys` is a key as text, or a mapping:
"""

_ROUTES = """\
A list of rules that stand before all of `models`; the first that matches takes the request.
[Routing](routing.md) explains them, with examples.
"""

_WORDS_OF: Mapping[str, str] = {"models": _MODELS, "server.keys": _KEYS, "routes": _ROUTES}


def reference_page() -> str:
    """docs/configuration.md as Markdown."""
    return "\n".join([_INTRODUCTION, *_sections(), _environment()])


def _sections() -> Iterator[str]:
    for name, cls in _SECTIONS.items():
        heading = "models" if name == "models.PATTERN" else name
        yield f"## `{heading}`\n\n{_WORDS_OF.get(heading) or section_text(cls) + chr(10)}\n{_table(cls)}"
        if heading == "models":
            yield _AFTER


def _table(cls: type[attrs.AttrsInstance]) -> str:
    rows = ["| key | what | holds | default | example |", "|---|---|---|---|---|"]
    for key in setting_fields(cls):
        default = _default(key.field, key.kind)
        cells = [f"`{key.name}`", key.what, _holds(key.kind), default, key.example or _another(key)]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _another(key: SettingField) -> str:
    """For keys with few values, one that is not the default."""
    if key.kind is bool:
        return "`false`" if key.field.default else "`true`"
    words = get_args(key.kind)
    return next((f"`{word}`" for word in words if word != key.field.default), "")


def _default(one: attrs.Attribute[object], kind: Any) -> str:
    match one.default:
        case attrs.NOTHING:
            return "must be said"
        case bool() as truth:
            return f"`{str(truth).lower()}`"
        case float() as seconds:
            return f"`{durations.format_duration(seconds)}`"
        case "":
            return "none"
        case int() | str() as plain:
            return f"`{plain}`"
        case _:
            return "see below" if kind is m.Timeouts else "none"


def _holds(kind: Any) -> str:
    """A description of a key's values."""
    if type(None) in get_args(kind):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if get_origin(kind) is Annotated:
        return _holds_annotated(*get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list: each {_holds(get_args(kind)[0])}"
    return _WORDS.get(kind, "a mapping")


_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "a whole number",
    bool: "`true` or `false`",
    u.Secret: "text",
    ClientKey: "text, or a mapping",
    m.ModelTarget: "`provider/model`, or a mapping",
}
_UNITS = {
    "duration": "a duration",
    "size": "a size",
    "host": "an address",
    "host name": "a host name",
    "URL": "a URL",
    "proxy": "a URL",
    "file": "a path",
    "appended file": "a path",
    "target": "`provider/model`",
    "tokens": "tokens",
    "number": "a number",
    "pattern": "a name or pattern",
    "arguments": "a mapping, or text",
    "JSON object": "a mapping",
}


def _holds_annotated(base: Any, *marks: object) -> str:
    if any(isinstance(mark, u.OneOrMore) for mark in marks):
        return f"{_holds(get_args(base)[0])}; or a list"
    counted = "".join(f": {mark.noun}" for mark in marks if isinstance(mark, u.CountOf))
    units = [_UNITS[mark.name] for mark in marks if isinstance(mark, u.Unit)]
    bounds = [
        f", {_bound(mark.least, marks)} to {_bound(mark.most, marks)}"
        for mark in marks
        if isinstance(mark, u.Bounds) and mark.most
    ]
    return (units[0] if units else f"{_WORDS[base]}{counted}") + "".join(bounds)


def _bound(number: float, marks: Sequence[object]) -> str:
    return sizes.format_size(number) if u.Unit("size") in marks else f"{number:.0f}"


def _environment() -> str:
    rows = "\n".join(f"| `{name}` | {what} |" for name, what in VARIABLES.items())
    words = "An empty variable is one that is not set."
    return f"## Environment\n\n{words}\n\n| variable | sets |\n|---|---|\n{rows}\n"
