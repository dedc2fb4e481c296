"""The strings under the fields of the settings' classes: descriptions of the keys."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

import attrs
from attrs import frozen

from gateway.settings import models, quirks, scripted_replies, server
from gateway.settings.loading.structure_errors import key_of


@frozen
class SettingField:
    """One key of a section. `example` is empty if the description has none."""

    name: str
    kind: Any
    field: attrs.Attribute[object]
    what: str
    example: str

    @property
    def required(self) -> bool:
        return self.field.default is attrs.NOTHING


def setting_fields(cls: type[attrs.AttrsInstance]) -> Iterator[SettingField]:
    """Every key that the YAML may have for this class."""
    hints = get_type_hints(cls, include_extras=True)
    for one in attrs.fields(cls):
        if one.name != "default_target":
            text = _strings().get((cls.__name__, one.name), "")
            what, _, example = text.partition("Example:")
            yield SettingField(
                key_of(one.name),
                hints[one.name],
                one,
                what.strip() + (_kinds(one.name) if cls is quirks.Quirks else ""),
                example.strip().removesuffix("."),
            )


def _kinds(switch: str) -> str:
    """The kinds of provider that read a switch; empty if it may affect any kind."""
    kinds = [f"`{kind}`" for kind in quirks.READ_BY.get(switch, ())]
    return f" Only for kind{'s' * (len(kinds) > 1)} {' and '.join(kinds)}." if kinds else ""


def section_text(cls: type[attrs.AttrsInstance]) -> str:
    return _strings()[cls.__name__, ""]


def field_text(key: SettingField) -> str:
    """Its description, with its example."""
    return key.what + (f" Example: {key.example}" if key.example else "")


@cache
def _strings() -> Mapping[tuple[str, str], str]:
    """(class, field) -> the string under it; (class, "") -> the class's docstring."""
    found: dict[tuple[str, str], str] = {}
    for module in (models, quirks, scripted_replies, server):
        for cls in ast.parse(inspect.getsource(module)).body:
            if isinstance(cls, ast.ClassDef):
                found[cls.name, ""] = _joined(ast.get_docstring(cls) or "")
                found |= {(cls.name, name): text for name, text in _under_fields(cls)}
    return found


def _under_fields(cls: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in zip(cls.body, cls.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, _joined(text)
            case _:
                pass


def _joined(text: str) -> str:
    return " ".join(text.split())
