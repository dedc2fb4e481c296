"""File, environment and command line -> `Settings`, or all errors at once.

- The file: `--config`, else GATEWAY_CONFIG, else config/gateway.yaml, else gateway.yaml, else none: then the
  environment alone must define a provider.
- Precedence: command line, then environment, then file, then default.
- Each value's origin is kept in `LoadedConfig.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
from attrs import evolve, frozen

from gateway.errors import ConfigError
from gateway.settings.checks.consistency import check_consistency
from gateway.settings.errors import InvalidSettings, KeyPath, dotted_path
from gateway.settings.loading import include
from gateway.settings.loading.env import defines_provider, overlay, take_default
from gateway.settings.loading.file_tracking import recording_files
from gateway.settings.loading.interpolation import Interpolation, missing_stand_in
from gateway.settings.loading.layers import LayeredConfig
from gateway.settings.loading.structure import (
    ClassValidationError,
    split_target,
    structure_mistakes,
    structure_settings,
)
from gateway.settings.models import ModelTarget, Settings

PLACES = ("config/gateway.yaml", "gateway.yaml")
"""Default paths of the file, relative to the working directory."""

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
class LoadedConfig:
    settings: Settings
    sources: Mapping[str, str]
    """Key path -> `config/gateway.yaml:12`, `environment PORT`, `--port` or `default`."""
    path: Path | None = None
    """The file that was read."""
    files: tuple[Path, ...] = ()
    """All files of the settings: that file, its includes and references, and those that the environment
    names."""


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    host: str | None = None,
    port: int | None = None,
    allow_unauthenticated: bool = False,
    folder: Path | None = None,
    secrets: bool = True,
) -> LoadedConfig:
    """Load the settings. Raises ConfigError with all errors.

    `folder`: where the file is searched, by default the working directory. Without `secrets`, for commands
    that connect to no upstream, missing secrets are allowed.
    """
    found = find_config(path, environ, folder)
    if found is None and not defines_provider(environ):
        raise ConfigError(NOTHING)
    with recording_files() as files:
        try:
            draft = _drafted(found, environ)
            _complete(draft, environ, {"host": host, "port": port}, secrets=secrets)
            settings = _check_and_structure(draft, allow_unauthenticated=allow_unauthenticated)
        except InvalidSettings as refused:
            refused.files = tuple(files)
            raise
    return LoadedConfig(settings, dict(_sources(draft, settings)), found, tuple(files))


def find_config(path: Path | None, environ: Mapping[str, str], folder: Path | None = None) -> Path | None:
    """The file to read. A file that was named must exist: reading it reports if it does not."""
    if path is not None:
        return path
    if environ.get("GATEWAY_CONFIG"):
        return Path(environ["GATEWAY_CONFIG"])
    places = [Path(place) if folder is None else folder / place for place in PLACES]
    return next((place for place in places if place.is_file()), None)


def _drafted(path: Path | None, environ: Mapping[str, str]) -> LayeredConfig:
    if path is None:
        return LayeredConfig({})
    document = include.read_with_includes(path)
    mistakes = list(document.mistakes)
    if not isinstance(document.tree, dict):
        raise InvalidSettings([*mistakes, document.mistake((), "expected keys such as `providers:`")])
    return LayeredConfig(document.tree, document, mistakes)


def _complete(
    draft: LayeredConfig,
    environ: Mapping[str, str],
    options: Mapping[str, str | int | None],
    *,
    secrets: bool,
) -> None:
    """Apply the environment and the command line over the file, and resolve references."""
    overlay(draft, environ)
    for key, value in options.items():
        if value is not None:
            draft.put(("server", key), value, f"--{key}")
    _resolve(draft, environ, secrets=secrets)
    take_default(draft, environ)


def _resolve(draft: LayeredConfig, environ: Mapping[str, str], *, secrets: bool) -> None:
    references = Interpolation(environ, draft.folder, draft.report)
    if not secrets:
        references = evolve(references, stand_in=missing_stand_in)
    resolved = references.resolved(draft.tree)
    if isinstance(resolved, dict):
        draft.tree = resolved


def _check_and_structure(draft: LayeredConfig, *, allow_unauthenticated: bool) -> Settings:
    """The structured settings. Raises all errors of all steps."""
    settings = Settings()
    found = list(check_consistency(draft, allow_unauthenticated=allow_unauthenticated))
    try:
        settings = structure_settings(draft.tree)
    except ClassValidationError as error:
        found += structure_mistakes(error)
    for path, message in found:
        draft.report(path, message)
    if draft.mistakes:
        raise InvalidSettings(draft.mistakes)
    name = settings.defaults.model
    return evolve(settings, default_target=ModelTarget(*split_target(name)) if name else None)


def _sources(draft: LayeredConfig, settings: Settings) -> Iterator[tuple[str, str]]:
    paths: list[KeyPath] = [*_keys(settings.server, ("server",)), *_keys(settings.defaults, ("defaults",))]
    for name, provider in settings.providers.items():
        paths += _keys(provider, ("providers", name))
    paths += [("models", rule.pattern) for rule in settings.models]
    paths += [("routes", number) for number in range(len(settings.routes))]
    paths += [("aliases", id_) for id_ in settings.aliases]
    for path in paths:
        yield dotted_path(path), draft.origin(path)


def _keys(section: attrs.AttrsInstance, path: KeyPath) -> Iterator[KeyPath]:
    """Every key of a section, and of the sections inside it."""
    for one in attrs.fields(type(section)):
        inner = (*path, one.name)
        yield from _keys(getattr(section, one.name), inner) if one.name == "timeouts" else (inner,)
