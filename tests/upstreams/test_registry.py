"""Each kind of provider has its adapter in the folder of its name."""

from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.errors import ConfigError
from gateway.settings.kinds import KINDS, ProviderKind
from gateway.settings.models import Provider
from gateway.upstreams.registry import make_adapter

MEMBERS = "open prompt count probe close"
WHOLE = f"class Mine:\n    {' = '.join(MEMBERS.split())} = None\n"


@pytest.mark.parametrize("kind", get_args(ProviderKind))
def test_kind_has_an_adapter_in_its_folder(kind: ProviderKind):
    url = "http://127.0.0.1:9" if KINDS[kind].has_server else ""
    adapter = make_adapter("up", Provider(kind, url))
    assert all(hasattr(adapter, member) for member in MEMBERS.split())


def made(monkeypatch: pytest.MonkeyPatch, folder: Path, kind: str, source: str) -> Any:
    """The adapter of a kind whose module has this source."""
    import gateway.upstreams

    (folder / kind).mkdir()
    (folder / kind / "adapter.py").write_text(source)
    monkeypatch.setattr(gateway.upstreams, "__path__", [*gateway.upstreams.__path__, str(folder)])
    unknown: Any = kind
    return make_adapter("up", Provider(unknown, "http://127.0.0.1:9"))


def test_kind_without_a_folder_is_an_error_of_the_configuration():
    unknown: Any = "telepathy"
    with pytest.raises(ConfigError) as error:
        make_adapter("up", Provider(unknown, "http://127.0.0.1:9"))
    assert error.value.message == (
        "kind `telepathy` has no adapter: gateway/upstreams/telepathy/adapter.py is missing"
    )


def test_adapter_of_a_new_kind_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    source = WHOLE + "def adapter(name, provider, more=None):\n    return Mine()\n"
    assert type(made(monkeypatch, tmp_path, "whole", source)).__name__ == "Mine"


@pytest.mark.parametrize(
    ("kind", "source", "problem"),
    [
        (
            "k1",
            "import module_that_is_not_here\n",
            "cannot be imported: No module named 'module_that_is",
        ),
        ("k2", "from gateway.parts import Nothing\n", "cannot be imported: cannot import name 'Nothing'"),
        ("k3", "def adapter(:\n", "cannot be imported: invalid syntax (adapter.py, line 1)"),
        ("k4", "x = undefined\n", "cannot be imported: name 'undefined' is not defined"),
        ("k5", "", "has no function `adapter(name, provider)`"),
        ("k6", "adapter = 1\n", "has no function `adapter(name, provider)`"),
        ("k7", "def adapter(name): ...\n", "has no function `adapter(name, provider)`"),
        ("k8", "def adapter(name, provider): ...\n", "returns a NoneType without `open`"),
        (
            "k9",
            WHOLE.replace(" = close", "") + "def adapter(name, provider):\n    return Mine()\n",
            "returns a Mine without `close`",
        ),
    ],
)
def test_incomplete_adapter_is_an_error_that_names_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, source: str, problem: str
):
    with pytest.raises(ConfigError) as error:
        made(monkeypatch, tmp_path, kind, source)
    assert error.value.message.startswith(f"kind `{kind}`: gateway/upstreams/{kind}/adapter.py {problem}")
