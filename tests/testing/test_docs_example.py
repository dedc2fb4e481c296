"""docs/testing.md: what it shows runs as a test of an application's own would."""

import re
from pathlib import Path

import pytest

from gateway.settings.loading.load import load_config
from gateway.settings.scripted_replies import ScriptedReply, ScriptedWhen

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(YAML,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_examples_run_offline(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("\n\n".join(PYTHON))
    outcome = pytester.runpytest_subprocess("--strict-markers", "-p", "no:cacheprovider")
    outcome.assert_outcomes(passed=len(PYTHON))


def test_the_first_example_asks_for_three_lines() -> None:
    body = PYTHON[0].partition("@pytest.mark")[2].partition("\n\n")[0]
    assert len(body.splitlines()) == 3


def test_the_shown_configuration_loads(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(YAML)
    (provider,) = load_config(path, {}).settings.providers.values()
    assert len(provider.replies) == 4


@pytest.mark.parametrize("cls", [ScriptedReply, ScriptedWhen], ids=lambda cls: cls.__name__)
def test_every_key_is_named(cls: type) -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE)) | set(re.findall(r"(\w+): true", PAGE))
    assert {name.rstrip("_") for name in cls.__annotations__} <= named
