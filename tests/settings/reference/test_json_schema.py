"""config/gateway.schema.json is what the models say, and says of real files what `load` says of them."""

import json
import re
from pathlib import Path

import attrs
import jsonschema_rs
import pytest
import yaml

from gateway.settings import models as m
from gateway.settings.reference.fields import setting_fields
from gateway.settings.reference.json_schema import schema_text, settings_schema

REPOSITORY = Path(__file__).parents[3]
SCHEMA = REPOSITORY / "config" / "gateway.schema.json"
SHIPPED = [
    REPOSITORY / "config" / "gateway.yaml",
    *sorted((REPOSITORY / "config" / "examples").glob("*.yaml")),
]
GOOD = sorted((Path(__file__).parent / "configs" / "good").glob("*.yaml"))
LOCAL = {"kind": "ollama", "base_url": "http://127.0.0.1:11434"}


def complaints(tree: object) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(settings_schema()).iter_errors(tree)]


def test_file_is_current() -> None:
    assert SCHEMA.read_text() == schema_text(), "run: gateway schema --out config/gateway.schema.json"


@pytest.mark.parametrize("path", [*SHIPPED, *GOOD], ids=lambda path: path.name)
def test_good_files_are_valid(path: Path) -> None:
    assert complaints(yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_name_the_schema_in_their_first_line(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    assert (path.parent / found[1]).resolve() == SCHEMA


@pytest.mark.parametrize(
    "tree",
    [
        {"server": {"prt": 1}},
        {"server": {"port": 70000}},
        {"server": {"ping_every": 10}},
        {"server": {"log_level": "loud"}},
        {"providers": {"a": {"kind": "ollama"}}},
        {"providers": {"a": {**LOCAL, "timeouts": {"connct": "1s"}}}},
        {"models": {"*": "no-slash"}},
        {"models": {"*": {"provider": "local"}}},
        {"routes": [{"match": {"class": "auxiliary"}}]},
        {"routes": [{"match": {"class": "small"}, "to": "local/a"}]},
        {"routes": [{"match": {"images": "maybe"}, "to": "local/a"}]},
        {"routes": {"to": "local/a"}},
        {"aliases": {"claude-a": "local/a"}},
        {"rotues": []},
    ],
    ids=str,
)
def test_mistakes_are_seen(tree: dict[str, object]) -> None:
    assert complaints(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {
            "server": {
                "port": "${PORT}",
                "log_level": "${LEVEL:-info}",
                "keys": ["k", {"name": "a", "key": "b"}],
            }
        },
        {"include": "a.yaml"},
        {"include": ["a.yaml", "b.yaml"]},
        {"x-anchors": {"anything": [1, None]}},
        {"models": None},
        {
            "routes": [
                {"to": ["a/b", {"provider": "a", "model": "b", "weight": 2}], "match": {"model": ["a", "b"]}}
            ]
        },
        {"routes": [{"to": "a/b", "match": {"class": ["main", "subagent"], "tokens_over": 0}}]},
        {"models": {"*": {"provider": "a", "model": "b", "extra_body": {"any": {"thing": None}}}}},
    ],
    ids=str,
)
def test_all_ways_to_write_a_thing_are_valid(tree: dict[str, object]) -> None:
    assert complaints(tree) == []


def test_every_key_is_described() -> None:
    described = json.dumps(settings_schema())
    for cls in (m.Provider, m.Match, m.RouteRule, m.Alias, m.ModelTarget, m.Sampling):
        assert attrs.has(cls)
        for key in setting_fields(cls):
            assert key.what
            assert json.dumps(key.what)[1:-1] in described
