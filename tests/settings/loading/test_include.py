"""Several files are read as one, and each mistake stands under the name of its file."""

from pathlib import Path

import pytest

from gateway.settings.errors import InvalidSettings
from gateway.settings.loading.load import load_config

PROVIDERS = 'providers: {local: {kind: ollama, base_url: "http://127.0.0.1:11434"}}\n'


@pytest.fixture
def files(tmp_path: Path):
    """`files(main="...", **{"sub/part": "..."})`: the files on disk; the path of main.yaml."""

    def write(main: str, **parts: str) -> Path:
        for name, text in {"main": main, **parts}.items():
            path = tmp_path / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "main.yaml"

    return write


def test_what_is_included_stands_first(files) -> None:
    path = files(
        "include: [a.yaml, b.yaml]\nmodels: {last: local/l}\nroutes: [{to: local/r3}]\n",
        a=PROVIDERS + "models: {first: local/f}\nroutes: [{match: {images: true}, to: local/r1}]\n",
        b="models: {second: local/s}\nroutes: [{match: {pdf: true}, to: local/r2}]\n",
    )
    settings = load_config(path, {}).settings
    assert [rule.pattern for rule in settings.models] == ["first", "second", "last"]
    assert [rule.to[0].model for rule in settings.routes] == ["r1", "r2", "r3"]


def test_files_are_found_from_the_file_that_names_them(files, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "secret").write_text("hunter2\n")
    path = files(
        "include: sub/part.yaml\nmodels: {a: local/a}\n",
        **{
            "sub/part": "include: deeper/more.yaml\nproviders: {far: {kind: openai, "
            'base_url: "http://h", api_key: "file:secret"}}\n',
            "sub/deeper/more": PROVIDERS,
        },
    )
    loaded = load_config(path, {})
    key = loaded.settings.providers["far"].api_key
    assert set(loaded.settings.providers) == {"local", "far"}
    assert key is not None
    assert key.reveal() == "hunter2"


def test_every_file_is_known_to_whoever_watches_them(files, tmp_path: Path) -> None:
    loaded = load_config(files("include: sub/part.yaml\n", **{"sub/part": PROVIDERS}), {})
    assert set(loaded.files) == {tmp_path / "main.yaml", tmp_path / "sub" / "part.yaml"}


def test_a_missing_file_is_watched_too(files, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_config(files("include: part.yaml\n" + PROVIDERS), {})
    assert tmp_path / "part.yaml" in refused.value.files


def test_values_say_which_file_they_came_from(files, tmp_path: Path) -> None:
    loaded = load_config(files("include: part.yaml\nmodels: {a: local/a}\n", part="\n" + PROVIDERS), {})
    assert loaded.sources["providers.local.kind"] == f"{tmp_path / 'part.yaml'}:2"
    assert loaded.sources["models.a"] == f"{tmp_path / 'main.yaml'}:2"


def test_items_of_a_list_from_several_files_keep_their_lines(files, tmp_path: Path) -> None:
    path = files(
        PROVIDERS + "include: part.yaml\nroutes:\n  - to: nowhere/main\n",
        part="routes:\n  - to: local/a\n  - to: nowhere/part\n",
    )
    with pytest.raises(InvalidSettings) as refused:
        load_config(path, {})
    assert [(one.where, one.path) for one in refused.value.mistakes] == [
        (f"{tmp_path / 'main.yaml'}:4", "routes[2].to"),
        (f"{tmp_path / 'part.yaml'}:3", "routes[1].to"),
    ]


def test_anchors_may_be_parked_under_x_keys_of_each_file(files) -> None:
    path = files(
        "include: part.yaml\nx-a: &a {provider: local, context_window: 5}\nmodels: {a: {<<: *a, model: a}}\n",
        part=PROVIDERS + "x-a: &a {provider: local, context_window: 6}\nmodels: {b: {<<: *a, model: b}}\n",
    )
    windows = [rule.target.context_window for rule in load_config(path, {}).settings.models]
    assert windows == [6, 5]


def test_what_is_parked_need_not_be_right(files) -> None:
    assert load_config(files("x-later: {secret: '${UNSET}', prt: 1}\n" + PROVIDERS), {}).settings.providers


def test_merge_keys_work_inside_routes(files) -> None:
    text = PROVIDERS + (
        "x-target: &target {provider: local, context_window: 5}\n"
        "routes:\n  - to: [{<<: *target, model: a}, {<<: *target, model: b}]\n"
    )
    (rule,) = load_config(files(text), {}).settings.routes
    assert [(one.model, one.context_window) for one in rule.to] == [("a", 5), ("b", 5)]


def test_an_include_that_is_empty_adds_nothing(files) -> None:
    assert load_config(files("include: part.yaml\n" + PROVIDERS, part="# later\n"), {}).settings.providers
    assert load_config(files("include:\n" + PROVIDERS), {}).settings.providers
