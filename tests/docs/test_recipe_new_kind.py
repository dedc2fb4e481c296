"""The recipe of CONTRIBUTING.md for a new upstream kind, followed in a copy of the code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from gateway.testing.process import GatewayProcess

ROOT = Path(__file__).parents[2]
RECIPE = re.search(r"### An upstream kind\n.*?(?=\n### )", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "gateway", tmp_path / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def follow(copy: Path) -> None:
    """Writes the recipe's file and its two rows."""
    assert RECIPE
    adapter = re.search(r"```python\n(.*?)```", RECIPE[0], re.DOTALL)
    assert adapter
    folder = copy / "gateway" / "upstreams" / "mine"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Mine."""\n')
    (folder / "adapter.py").write_text(adapter[1])
    kinds = copy / "gateway" / "settings" / "kinds.py"
    text = kinds.read_text()
    row = '    "mine": KindSpec(switches_of="openai"),\n'
    for pattern, new in (
        (r"(?<=^ProviderKind = Literal\[)", '"mine", '),
        (r"(?<=^KINDS: Mapping\[ProviderKind, KindSpec\] = \{\n)", row),
    ):
        text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
        assert count == 1, pattern
    kinds.write_text(text)


def gateway(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(
        command, cwd=copy, env=environ, check=False, capture_output=True, text=True, timeout=60
    )


def test_new_kind_is_accepted_listed_checked_and_asked(copy: Path, monkeypatch: pytest.MonkeyPatch):
    follow(copy)
    config = copy / "gateway.yaml"
    config.write_text(
        'providers: {up: {kind: mine, base_url: "http://127.0.0.1:9/", quirks: {user_field: user}}}\n'
        'models: {"*": up/model}\n'
    )
    checked = gateway(copy, "check", "--config", str(config))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "does nothing" not in checked.stdout + checked.stderr
    assert '"mine"' in gateway(copy, "schema").stdout
    page = subprocess.run(
        [sys.executable, "-m", "gateway.settings.reference"],
        cwd=copy,
        check=False,
        capture_output=True,
        text=True,
    )
    assert "`mine`" in page.stdout
    monkeypatch.chdir(copy)
    process = GatewayProcess.start(config, copy / "log", environ={**os.environ, "PYTHONPATH": str(copy)})
    try:
        body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        answer = httpx.post(f"{process.url}/v1/messages", json=body)
    finally:
        process.stop()
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "kind `mine` builds no request yet"
    assert "Traceback" not in (copy / "log").read_text()


def test_new_kind_keeps_the_import_contracts(copy: Path):
    follow(copy)
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def remove_row(copy: Path) -> None:
    kinds = copy / "gateway" / "settings" / "kinds.py"
    kinds.write_text(re.sub(r'    "mine": KindSpec.*\n', "", kinds.read_text()))


def remove_folder(copy: Path) -> None:
    shutil.rmtree(copy / "gateway" / "upstreams" / "mine")


@pytest.mark.parametrize(
    ("remove", "missing"),
    [
        (remove_row, "kind `mine` has no row in KINDS (gateway/settings/kinds.py)"),
        (remove_folder, "gateway/upstreams/mine/adapter.py"),
    ],
)
def test_incomplete_kind_says_what_is_missing(copy: Path, remove: Callable[[Path], None], missing: str):
    follow(copy)
    remove(copy)
    config = copy / "gateway.yaml"
    config.write_text('providers: {up: {kind: mine, base_url: "http://127.0.0.1:9"}}\nmodels: {"*": up/m}\n')
    checked = gateway(copy, "check", "--config", str(config))
    assert checked.returncode != 0
    assert missing in checked.stdout + checked.stderr
    assert "Traceback" not in checked.stdout + checked.stderr
