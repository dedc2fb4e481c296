"""File, environment and command line -> `Settings`, or every mistake at once.

- The file: `--config`, else GATEWAY_CONFIG, else config/gateway.yaml, else gateway.yaml, else none: then the
  environment alone must define a provider.
- What wins: command line, then environment, then file, then default.
- Each value's origin is kept in `Loaded.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
from attrs import evolve, frozen

from gateway.errors import ConfigError
from gateway.settings.checks.consistency import inconsistencies
from gateway.settings.errors import InvalidSettings, KeyPath, dotted
from gateway.settings.loading import include
from gateway.settings.loading.env import defines_provider, overlay, take_default
from gateway.settings.loading.file_tracking import noting
from gateway.settings.loading.interpolation import References, absent
from gateway.settings.loading.layers import Draft
from gateway.settings.loading.structure import ClassValidationError, flaws, split_target, structured
from gateway.settings.models import ModelTarget, Settings

PLACES = ("config/gateway.yaml", "gateway.yaml")
"""Where the file is looked for, from the working directory."""

NOTHING = """There is no configuration: no config/gateway.yaml or gateway.yaml here, and PROVIDER is not set.
Do one of these:
  gateway init                     look for model servers and keys on this machine, and write one
  gateway demo                     try it now, with a small model that is installed for you
  export PROVIDER=ollama DEFAULT_MODEL=qwen3-coder:30b
                                   use the Ollama on this machine
  export PROVIDER=openai PROVIDER_BASE_URL=http://127.0.0.1:8000/v1 DEFAULT_MODEL=name-of-the-model
                                   use a server with an OpenAI-compatible API
  write config/gateway.yaml:
      providers:
        local: {kind: ollama, base_url: "http://127.0.0.1:11434"}
      models:
        "*": local/qwen3-coder:30b"""


@frozen
class Loaded:
    settings: Settings
    sources: Mapping[str, str]
    """Key path -> `config/gateway.yaml:12`, `environment PORT`, `--port` or `default`."""
    path: Path | None = None
    """The file that was read."""
    files: tuple[Path, ...] = ()
    """Everything the settings were made of: that file, what it includes or refers to, and what the
    environment names."""


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    host: str | None = None,
    port: int | None = None,
    allow_unauthenticated: bool = False,
    folder: Path | None = None,
    secrets: bool = True,
) -> Loaded:
    """ConfigError lists every mistake. `folder` is where the file is looked for: the working directory.
    Without `secrets`, for commands that connect to no upstream, those that are not set are no mistakes."""
    found = find(path, environ, folder)
    if found is None and not defines_provider(environ):
        raise ConfigError(NOTHING)
    with noting() as files:
        try:
            draft = _drafted(found, environ)
            _complete(draft, environ, {"host": host, "port": port}, secrets=secrets)
            settings = _settled(draft, allow_unauthenticated=allow_unauthenticated)
        except InvalidSettings as refused:
            refused.files = tuple(files)
            raise
    return Loaded(settings, dict(_sources(draft, settings)), found, tuple(files))


def find(path: Path | None, environ: Mapping[str, str], folder: Path | None = None) -> Path | None:
    """The file to read. One that is named must exist: reading it says so."""
    if path is not None:
        return path
    if environ.get("GATEWAY_CONFIG"):
        return Path(environ["GATEWAY_CONFIG"])
    places = [Path(place) if folder is None else folder / place for place in PLACES]
    return next((place for place in places if place.is_file()), None)


def _drafted(path: Path | None, environ: Mapping[str, str]) -> Draft:
    if path is None:
        return Draft({})
    document = include.read(path)
    mistakes = list(document.mistakes)
    if not isinstance(document.tree, dict):
        raise InvalidSettings([*mistakes, document.mistake((), "expected keys such as `providers:`")])
    return Draft(document.tree, document, mistakes)


def _complete(
    draft: Draft, environ: Mapping[str, str], options: Mapping[str, str | int | None], *, secrets: bool
) -> None:
    """Lay the environment and the command line over the file, and follow references."""
    overlay(draft, environ)
    for key, value in options.items():
        if value is not None:
            draft.put(("server", key), value, f"--{key}")
    _resolve(draft, environ, secrets=secrets)
    take_default(draft, environ)


def _resolve(draft: Draft, environ: Mapping[str, str], *, secrets: bool) -> None:
    references = References(environ, draft.folder, draft.report)
    if not secrets:
        references = evolve(references, stand_in=absent)
    resolved = references.resolved(draft.tree)
    if isinstance(resolved, dict):
        draft.tree = resolved


def _settled(draft: Draft, *, allow_unauthenticated: bool) -> Settings:
    """The structured settings, or every mistake of every step."""
    settings = Settings()
    found = list(inconsistencies(draft, allow_unauthenticated=allow_unauthenticated))
    try:
        settings = structured(draft.tree)
    except ClassValidationError as error:
        found += flaws(error)
    for path, message in found:
        draft.report(path, message)
    if draft.mistakes:
        raise InvalidSettings(draft.mistakes)
    name = settings.defaults.model
    return evolve(settings, default_target=ModelTarget(*split_target(name)) if name else None)


def _sources(draft: Draft, settings: Settings) -> Iterator[tuple[str, str]]:
    paths: list[KeyPath] = [*_keys(settings.server, ("server",)), *_keys(settings.defaults, ("defaults",))]
    for name, provider in settings.providers.items():
        paths += _keys(provider, ("providers", name))
    paths += [("models", rule.pattern) for rule in settings.models]
    paths += [("routes", number) for number in range(len(settings.routes))]
    paths += [("aliases", id_) for id_ in settings.aliases]
    for path in paths:
        yield dotted(path), draft.origin(path)


def _keys(section: attrs.AttrsInstance, path: KeyPath) -> Iterator[KeyPath]:
    """Every key of a section, and of the sections inside it."""
    for one in attrs.fields(type(section)):
        inner = (*path, one.name)
        yield from _keys(getattr(section, one.name), inner) if one.name == "timeouts" else (inner,)
