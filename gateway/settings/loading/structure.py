"""A tree of plain values -> `Settings`, by cattrs with strict hooks.

- Nothing is coerced: `base_url: 3` is an error. Only `InterpolatedText` (references, variables) is converted
  to the type of its key; if it is empty and the key is optional, the key counts as absent.
- All errors are found: cattrs collects them per class and per item, `structure_mistakes` flattens them to
  (key path, message).
- An empty section (`models:` with everything below it commented out) is an empty mapping.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import ClassValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from gateway.settings import models as m
from gateway.settings.errors import InterpolatedText, InvalidMarker, InvalidValue, value_excerpt
from gateway.settings.kinds import KINDS
from gateway.settings.loading import converters
from gateway.settings.loading import units as u
from gateway.settings.loading.document import Tree
from gateway.settings.loading.structure_errors import AlreadyReported, key_names, key_of, structure_mistakes
from gateway.settings.quirks import Overrides, Quirks
from gateway.settings.server import ClientKey

Hook = Callable[[Any, Any], Any]
T = TypeVar("T")


def structure_settings(tree: Tree) -> m.Settings:
    """Settings without the derived `default_target`. Raises ClassValidationError with all errors."""
    return _converter().structure(tree, m.Settings)


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)
    by_shape: list[tuple[Callable[[Any], bool], Callable[[Any], Hook]]] = [
        (_is_class, lambda cls: _class_hook(converter, cls)),
        (_is_mapping, lambda kind: _mapping_hook(converter, *get_args(kind))),
        (_is_tuple, lambda kind: _list_hook(converter, get_args(kind)[0])),
        (_is_optional, lambda kind: _optional_hook(converter, kind)),
        (_is_literal, lambda kind: _sound(converters.choice(get_args(kind)))),
        (_is_annotated, lambda kind: _sound(converters.annotated(get_args(kind)[0], get_args(kind)[1:]))),
        (_is_one_or_more, lambda kind: _one_or_more_hook(converter, get_args(get_args(kind)[0])[0])),
    ]
    for test, factory in by_shape:
        converter.register_structure_hook_factory(test, factory)
    for plain, hook in converters.PLAIN.items():
        converter.register_structure_hook(plain, _sound(hook))
    converter.register_structure_hook(Overrides, _overrides_hook(converter))
    converter.register_structure_hook(m.ModelTarget, _target_hook(converter))
    converter.register_structure_hook(ClientKey, _key_hook(converter))
    return converter


def _is_class(kind: Any) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and kind not in (u.Secret, m.ModelRule)


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_annotated(kind: Any) -> bool:
    return get_origin(kind) is Annotated


def _is_one_or_more(kind: Any) -> bool:
    return _is_annotated(kind) and any(isinstance(mark, u.OneOrMore) for mark in get_args(kind))


def _sound(hook: Callable[[Any], Any]) -> Hook:
    """A hook for one value, which is not called for a value whose error is reported already."""

    def structure(value: Any, _: Any) -> Any:
        if isinstance(value, InvalidMarker):
            raise AlreadyReported
        return hook(value)

    return structure


def _each(pairs: Iterable[tuple[str | int, Any]], structure: Callable[[str | int, Any], T]) -> list[T]:
    """All items, or all their errors."""
    done: list[T] = []
    errors: list[Exception] = []
    for key, value in pairs:
        try:
            done.append(structure(key, value))
        except Exception as error:  # noqa: BLE001 - collected, and raised together below
            error.add_note(IterableValidationNote(str(key), key, object))
            errors.append(error)
    if errors:
        raise ExceptionGroup("items", errors)
    return done


def _section(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidValue(f"expected a mapping (`key: value`, indented below), got {value_excerpt(value)}")
    return cast("dict[str, Any]", value)


def _class_hook(converter: Converter, cls: type[Any]) -> Hook:
    if cls is m.Settings:
        return _settings_hook(converter)
    plain = _from_mapping(converter, cls)
    finish = _FINISH.get(cls, lambda made: made)
    return _sound(lambda value: finish(plain(_section(value))))


def _from_mapping(converter: Converter, cls: type[T], **fields: Any) -> Callable[[Mapping[str, Any]], T]:
    renamed = {
        one.name: override(rename=key_of(one.name))
        for one in attrs.fields(cls)
        if key_of(one.name) != one.name
    }
    made: Any = make_dict_structure_fn(cls, converter, **renamed, **fields)
    return lambda value: made(value, cls)


def _with_base_url(provider: m.Provider) -> m.Provider:
    spec = KINDS.get(provider.kind)
    if spec is None:
        raise ValueError(f"kind `{provider.kind}` has no row in KINDS (gateway/settings/kinds.py)")
    return attrs.evolve(provider, base_url=spec.normalize_url(provider.base_url))


_FINISH: Mapping[type[Any], Callable[[Any], Any]] = {m.Provider: _with_base_url}


def _settings_hook(converter: Converter) -> Hook:
    plain = _from_mapping(
        converter,
        m.Settings,
        default_target=override(omit=True),
        models=override(struct_hook=_sound(lambda value: _rules(converter, value))),
    )
    return _sound(lambda value: plain(_section(value)))


def _rules(converter: Converter, value: Any) -> tuple[m.ModelRule, ...]:
    def rule(pattern: str | int, target: Any) -> m.ModelRule:
        if not str(pattern).strip():
            raise InvalidValue("expected a model name or pattern before the colon")
        return m.ModelRule(converters.pattern(str(pattern)), converter.structure(target, m.ModelTarget))

    return tuple(_each(_section(value).items(), rule))


def _target_hook(converter: Converter) -> Hook:
    plain = _from_mapping(converter, m.ModelTarget)

    def structure(value: Any) -> m.ModelTarget:
        match value:
            case str():
                return m.ModelTarget(*split_target(converters.target(value)))
            case dict():
                return plain(cast("dict[str, Any]", value))
            case _:
                got = value_excerpt(value)
                raise InvalidValue(f"expected `provider/model` or `{{provider: ..., model: ...}}`, got {got}")

    return _sound(structure)


def _key_hook(converter: Converter) -> Hook:
    """A key as text, or with a name."""
    plain = _from_mapping(converter, ClientKey)

    def structure(value: Any) -> ClientKey:
        if isinstance(value, dict):
            return plain(cast("dict[str, Any]", value))
        return ClientKey(converters.secret(value))

    return _sound(structure)


def _overrides_hook(converter: Converter) -> Hook:
    """Only the switches that are set."""
    whole = _from_mapping(converter, Quirks)

    def structure(value: Any) -> Overrides:
        section = _section(value)
        read = whole(section)
        return Overrides({name: getattr(read, name) for name in section})

    return _sound(structure)


def split_target(text: str) -> tuple[str, str]:
    """`vllm/Qwen/Qwen2.5` -> `vllm`, `Qwen/Qwen2.5`."""
    provider, _, model = text.partition("/")
    return provider, model


def _mapping_hook(converter: Converter, key_kind: Any, kind: Any) -> Hook:
    def pair(key: str | int, value: Any) -> tuple[Any, Any]:
        return converter.structure(key, key_kind), converter.structure(value, kind)

    return _sound(lambda value: dict(_each(_section(value).items(), pair)))


def _list_hook(converter: Converter, item: Any) -> Hook:
    def structure(value: Any) -> tuple[Any, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise InvalidValue("expected a list, such as `[one, two]`")
        items = cast("list[Any]", value)
        entries = [
            (index, one)
            for index, one in enumerate(items)
            if one != "" or not isinstance(one, InterpolatedText)
        ]
        return tuple(_each(entries, lambda _, one: converter.structure(one, item)))

    return _sound(structure)


def _one_or_more_hook(converter: Converter, item: Any) -> Hook:
    several = _list_hook(converter, item)

    def structure(value: Any, kind: Any) -> tuple[Any, ...]:
        if value is None or isinstance(value, list | InvalidMarker):
            return several(value, kind)
        return (converter.structure(value, item),)

    return structure


def _optional_hook(converter: Converter, kind: Any) -> Hook:
    inner = next(one for one in get_args(kind) if one is not type(None))

    def structure(value: Any, _: Any) -> Any:
        not_said = value is None or (isinstance(value, InterpolatedText) and value == "")
        return None if not_said else converter.structure(value, inner)

    return structure


__all__ = [
    "AlreadyReported",
    "ClassValidationError",
    "key_names",
    "split_target",
    "structure_mistakes",
    "structure_settings",
]
