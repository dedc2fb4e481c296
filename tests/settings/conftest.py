"""Writing small configurations for a test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.settings.loading.load import LoadedConfig, load_config

PROVIDERS = 'providers: {local: {kind: ollama, base_url: "http://127.0.0.1:11434"}}\n'


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., LoadedConfig]:
    """`loaded(text, NAME="value", ...)`: the text as a file, read with exactly these variables."""

    def read(text: str, **environ: str) -> LoadedConfig:
        path = tmp_path / "gateway.yaml"
        path.write_text(text)
        return load_config(path, environ)

    return read
