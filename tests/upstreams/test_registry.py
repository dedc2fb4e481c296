"""Each kind of provider has its adapter in the folder of its name."""

from typing import Any, get_args

import pytest

from gateway.errors import ConfigError
from gateway.settings.kinds import ProviderKind
from gateway.upstreams.registry import adapter_factory


@pytest.mark.parametrize("kind", get_args(ProviderKind))
def test_kind_has_an_adapter_in_its_folder(kind: ProviderKind):
    assert adapter_factory(kind).__module__ == f"gateway.upstreams.{kind}.adapter"


def test_kind_without_a_folder_is_an_error_of_the_configuration():
    unknown: Any = "telepathy"
    with pytest.raises(ConfigError) as error:
        adapter_factory(unknown)
    assert error.value.message == (
        "kind `telepathy` has no adapter: gateway/upstreams/telepathy/adapter.py is missing"
    )


def test_module_that_an_adapter_lacks_is_not_hidden(tmp_path, monkeypatch: pytest.MonkeyPatch):
    import gateway.upstreams

    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "adapter.py").write_text("import module_that_is_not_installed\n")
    monkeypatch.setattr(gateway.upstreams, "__path__", [*gateway.upstreams.__path__, str(tmp_path)])
    broken: Any = "broken"
    with pytest.raises(ModuleNotFoundError, match="module_that_is_not_installed"):
        adapter_factory(broken)
