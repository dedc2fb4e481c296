"""Environment variables that override the file.

- PORT, HOST, LOG_LEVEL and DEFAULT_MODEL override the file's keys.
- MODEL_MAP_JSON, then MODEL_MAP_FILE, precede the file's `models`.
- PROVIDER and the PROVIDER_* variables define a provider named `env`, which becomes the default: it
  takes the file's default model, and every model that a variable names without a provider.
- A model without a provider goes to `env`, else to the only provider there is.
- An empty variable counts as not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from gateway.settings.errors import (
    INVALID,
    InterpolatedText,
    InvalidSettings,
    SettingsMistake,
    choices_text,
    value_excerpt,
)
from gateway.settings.kinds import spec_of
from gateway.settings.loading.document import Tree, YamlDocument
from gateway.settings.loading.layers import LayeredConfig

VARIABLES: Mapping[str, str] = {
    "GATEWAY_CONFIG": "the file to read, where `--config` names none",
    "PORT": "`server.port`",
    "HOST": "`server.host`",
    "LOG_LEVEL": "`server.log_level`",
    "PROVIDER": "`openai` or `ollama`: defines a provider named `env`, which becomes the default: the file's "
    "default model goes to it too",
    "PROVIDER_BASE_URL": "its `base_url`; left out: `https://api.openai.com/v1` or `http://127.0.0.1:11434`",
    "PROVIDER_API_KEY": "its `api_key`",
    "PROVIDER_TIMEOUT_MS": "its `timeouts.first_byte`, in milliseconds",
    "DEFAULT_MODEL": "`defaults.model`; a name without a provider goes to `env`, else to the only provider",
    "MODEL_MAP_JSON": "entries that match before those of `models`, as JSON: "
    '`{"claude-haiku-*": "qwen3:4b", "*": "qwen3-coder:30b"}`',
    "MODEL_MAP_FILE": "a file with the same, as JSON or YAML; its entries come after those of MODEL_MAP_JSON",
    "GATEWAY_SCRIPTED_REQUESTS": "`requests` of every provider of kind `scripted` that says none",
}
"""The effect of each variable, for docs/configuration.md."""

_SERVER = {"HOST": "host", "PORT": "port", "LOG_LEVEL": "log_level"}
_PROVIDER = ("PROVIDER", "PROVIDER_BASE_URL", "PROVIDER_API_KEY", "PROVIDER_TIMEOUT_MS")


def overlay(draft: LayeredConfig, environ: Mapping[str, str]) -> None:
    variables = {name: environ[name] for name in VARIABLES if environ.get(name)}
    for name, key in _SERVER.items():
        if name in variables:
            value = variables[name].lower() if name == "LOG_LEVEL" else variables[name]
            draft.put(("server", key), InterpolatedText(value, written=value), _label(name))
    _define_provider(draft, variables)
    if "GATEWAY_SCRIPTED_REQUESTS" in variables:
        _note_requests(draft, variables["GATEWAY_SCRIPTED_REQUESTS"])
    names = _Names.of(draft)
    _map_models(draft, names, variables)
    if "DEFAULT_MODEL" in variables:
        draft.label(("defaults", "model"), _label("DEFAULT_MODEL"))
        value = names.qualified(draft, ("defaults", "model"), variables["DEFAULT_MODEL"])
        draft.put(("defaults", "model"), value, _label("DEFAULT_MODEL"))


def take_default(draft: LayeredConfig, environ: Mapping[str, str]) -> None:
    """The file's default model goes to the environment's provider, unless DEFAULT_MODEL is set."""
    defaults = draft.tree.get("defaults")
    model = defaults.get("model") if isinstance(defaults, dict) else None
    if environ.get("PROVIDER") and not environ.get("DEFAULT_MODEL") and isinstance(model, str):
        provider, _, name = model.partition("/")
        if name and provider != "env":
            draft.put(("defaults", "model"), f"env/{name}", _label("PROVIDER"))


def defines_provider(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in _PROVIDER)


def _label(name: str) -> str:
    return f"environment {name}"


def _define_provider(draft: LayeredConfig, variables: Mapping[str, str]) -> None:
    if not defines_provider(variables):
        return
    if "PROVIDER" not in variables:
        name = next(name for name in _PROVIDER if name in variables)
        message = "needs PROVIDER as well, set to `openai` or `ollama`"
        draft.mistakes.append(SettingsMistake(_label(name), "", message))
        return
    kind = variables["PROVIDER"].lower()
    spec = spec_of(kind)
    draft.put(("providers", "env"), {}, _label("PROVIDER"))
    draft.put(("providers", "env", "kind"), InterpolatedText(kind, written=kind), _label("PROVIDER"))
    url = variables.get("PROVIDER_BASE_URL")
    origin = _label("PROVIDER_BASE_URL") if url else f"default for {kind}"
    draft.put(("providers", "env", "base_url"), url or (spec and spec.default_url) or INVALID, origin)
    if "PROVIDER_API_KEY" in variables:
        draft.put(("providers", "env", "api_key"), variables["PROVIDER_API_KEY"], _label("PROVIDER_API_KEY"))
    if "PROVIDER_TIMEOUT_MS" in variables:
        _set_timeout(draft, variables["PROVIDER_TIMEOUT_MS"])


def _set_timeout(draft: LayeredConfig, text: str) -> None:
    path, origin = ("providers", "env", "timeouts", "first_byte"), _label("PROVIDER_TIMEOUT_MS")
    draft.label(path, origin)
    if text.isdecimal() and int(text) > 0:
        draft.put(path, f"{int(text)}ms", origin)
    else:
        draft.report(
            path, f"expected milliseconds as a whole number, such as `600000`, got {value_excerpt(text)}"
        )


def _note_requests(draft: LayeredConfig, path: str) -> None:
    providers = draft.tree.get("providers")
    for name, provider in providers.items() if isinstance(providers, dict) else ():
        if isinstance(provider, dict) and provider.get("kind") == "scripted" and "requests" not in provider:
            label = _label("GATEWAY_SCRIPTED_REQUESTS")
            draft.put(("providers", name, "requests"), InterpolatedText(path, written=path), label)


def _map_models(draft: LayeredConfig, names: _Names, variables: Mapping[str, str]) -> None:
    rules: dict[str, Tree] = {}
    for document in _maps(draft, variables):
        draft.mistakes.extend(document.mistakes)
        if not isinstance(document.tree, dict):
            message = 'expected an object such as `{"claude-*": "some-model"}`'
            draft.mistakes.append(SettingsMistake(document.name, "", message))
            continue
        for pattern, target in document.tree.items():
            if pattern not in rules:
                draft.label(("models", pattern), _place(document, pattern))
                rules[pattern] = names.qualified(draft, ("models", pattern), target)
    below = draft.section("models")
    if rules and below is not None:
        draft.tree["models"] = {**rules, **{name: below[name] for name in below if name not in rules}}


def _place(document: YamlDocument, pattern: str) -> str:
    is_file = not document.name.startswith("environment ")
    return f"{document.name}:{document.line((pattern,))}" if is_file else document.name


def _maps(draft: LayeredConfig, variables: Mapping[str, str]) -> list[YamlDocument]:
    found: list[YamlDocument] = []
    for name in ("MODEL_MAP_JSON", "MODEL_MAP_FILE"):
        try:
            match name, variables.get(name):
                case _, None:
                    pass
                case "MODEL_MAP_JSON", text:
                    found.append(YamlDocument.parse(_label(name), text))
                case _, path:
                    found.append(YamlDocument.read(Path(path)))
        except InvalidSettings as refused:
            draft.mistakes.extend(refused.mistakes)
    return found


@frozen
class _Names:
    """The configured providers, and which of them takes a model without a provider."""

    known: tuple[str, ...]
    fallback: str | None

    @classmethod
    def of(cls, draft: LayeredConfig) -> _Names:
        providers = draft.tree.get("providers")
        known = tuple(providers) if isinstance(providers, dict) else ()
        if "env" in known:
            return cls(known, "env")
        return cls(known, known[0] if len(known) == 1 else None)

    def qualified(self, draft: LayeredConfig, path: tuple[str, ...], target: Tree) -> Tree:
        """The target with a provider before the model, added if it has none."""
        match target:
            case str() if target.partition("/")[0] not in self.known:
                if self.fallback is None:
                    draft.report(path, self._expected(target))
                    return INVALID
                return f"{self.fallback}/{target}"
            case dict() if self.fallback and "provider" not in target:
                return {"provider": self.fallback, **target}
            case _:
                return target

    def _expected(self, target: str) -> str:
        known = (
            f", with {choices_text(self.known)} as the provider"
            if self.known
            else ", and no provider is defined"
        )
        return f"expected `provider/model`{known}, got {value_excerpt(target)}"
