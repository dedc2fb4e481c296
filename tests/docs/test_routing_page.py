"""What docs/routing.md shows is a configuration that loads, and says what each part of `match` is."""

from __future__ import annotations

import attrs
import pytest

from gateway.cli.check import CheckReport
from gateway.settings.loading.load import load_config
from gateway.settings.loading.structure_errors import key_of
from gateway.settings.models import Match

KEYS = {"OPENAI_API_KEY": "sk-1", "OPENROUTER_API_KEY": "sk-2"}
PROVIDERS = 'providers: {local: {kind: ollama, base_url: "http://127.0.0.1:11434"}}\n'


@pytest.mark.parametrize("number", range(4))
def test_every_example_loads_and_all_of_it_can_be_reached(page, tmp_path, number):
    texts = page("docs/routing.md").blocks("yaml")
    assert len(texts) == 4
    (tmp_path / "routes").mkdir()
    (tmp_path / "providers.yaml").write_text(PROVIDERS)
    (tmp_path / "routes" / "team.yaml").write_text("models: {claude-haiku-*: local/small}\n")
    path = tmp_path / "gateway.yaml"
    path.write_text(texts[number])
    assert CheckReport.of(load_config(path, KEYS)).mistakes == ()


def test_every_key_of_match_is_in_the_table(page):
    rows = page("docs/routing.md").rows("| key |")
    named = {word.strip("` ") for row in rows for word in row[0].split(",")}
    assert named == {key_of(one.name) for one in attrs.fields(Match)}
