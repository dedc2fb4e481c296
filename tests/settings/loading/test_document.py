"""YAML becomes a tree that knows its lines."""

from pathlib import Path

import pytest
import yaml

from gateway.settings.errors import INVALID, InvalidSettings
from gateway.settings.loading import yaml_parser
from gateway.settings.loading.document import YamlDocument, plain_scalar

ROOT = Path(__file__).parents[3]

TEXT = """\
server:
  port: 1
  keys:
    - a
    - b
base: &base
  x: 1
merged:
  <<: *base
  y: 2
flow: {a: 1, b: [2, 3]}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("server",), 1),
        (("server", "port"), 2),
        (("server", "keys", 1), 5),
        (("merged", "y"), 10),
        (("merged", "x"), 7),
        (("flow", "b", 1), 11),
        (("server", "nothing", "here"), 1),
        (("nothing",), 1),
    ],
)
def test_every_key_and_item_has_its_line(path, line: int) -> None:
    assert YamlDocument.parse("f", TEXT).line(path) == line


def test_merge_keys_bring_what_is_not_said() -> None:
    document = YamlDocument.parse("f", "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n")
    assert document.tree == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}
    assert not document.mistakes


def test_keys_are_text_whatever_yaml_would_make_of_them() -> None:
    assert YamlDocument.parse("f", "on: 1\n4: 2\n1:30: 3\n~: 4\n").tree == {
        "on": 1,
        "4": 2,
        "1:30": 3,
        "~": 4,
    }


def test_the_first_of_two_equal_keys_is_kept_and_the_second_reported() -> None:
    document = YamlDocument.parse("f", "a: 1\nb: 2\na: 3\n")
    assert document.tree == {"a": 1, "b": 2}
    assert [(one.where, one.path) for one in document.mistakes] == [("f:3", "a")]


def test_a_value_that_contains_itself_is_broken_not_endless() -> None:
    document = YamlDocument.parse("f", "a: &a\n  b: *a\n")
    assert document.tree == {"a": {"b": INVALID}}
    assert document.line(("a", "b", "b", "b")) == 2


def test_dates_and_other_words_of_yaml_stay_text() -> None:
    assert YamlDocument.parse("f", "a: 2026-01-01\nb: '8080'\n").tree == {"a": "2026-01-01", "b": "8080"}


def test_byte_order_mark_is_no_part_of_the_text(tmp_path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert YamlDocument.read(path).tree == {"a": 1}


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("a: 1\nb: ü\n".encode("latin-1"))
    with pytest.raises(InvalidSettings, match=r"f\.yaml:2: is not UTF-8"):
        YamlDocument.read(path)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="too deeply"):
        YamlDocument.parse("f", "[" * 5000 + "]" * 5000)


@pytest.mark.parametrize(
    ("text", "value"), [("8080", 8080), ("true", True), ("no", False), ("", None), ("x", "x"), ("1.5", 1.5)]
)
def test_plain_scalars_are_typed_as_yaml_does(text: str, value: object) -> None:
    assert plain_scalar(text) == value


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_libyaml_reads_the_same_lines_and_values(path, monkeypatch) -> None:
    text = path.read_text()
    quick = YamlDocument.parse("f", text)
    monkeypatch.setattr(yaml_parser, "_QUICK_LOADER", yaml.SafeLoader)
    plain = YamlDocument.parse("f", text)
    assert quick.tree == plain.tree
    assert isinstance(quick.tree, dict)
    paths = [(key,) for key in quick.tree] + [("providers", "local"), ("models", "*")]
    assert [quick.line(path) for path in paths] == [plain.line(path) for path in paths]
