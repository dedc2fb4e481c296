"""The gate: a skip is told with its reason, and is a failure where everything is required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
TESTS = """
import pytest
def test_runs(): pass
@pytest.mark.skip(reason="the moon is not full")
def test_skipped(): pass
"""
XFAIL = """
import pytest
@pytest.mark.xfail(reason="known")
def test_expected_to_fail(): assert False
"""


@pytest.mark.parametrize(
    ("source", "required", "workers", "code"),
    [(TESTS, "", "0", 0), (TESTS, "1", "2", 1), (XFAIL, "1", "0", 1)],
    ids=["skip, not required", "skip, required", "expected failure, required"],
)
def test_a_skip_fails_the_run_only_where_all_is_required(tmp_path, source, required, workers, code):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_it.py").write_text(source)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rsx", "-n", workers, tmp_path],
        env={**os.environ, "GATEWAY_REQUIRE_ALL": required},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("the moon is not full" in done.stdout) == (source == TESTS)


@pytest.mark.parametrize("name", ["GATEWAY_REWRITE_GOLDENS", "GATEWAY_REWRITE_EXPECTATIONS"])
@pytest.mark.parametrize(("required", "code"), [("", pytest.ExitCode.OK), ("1", pytest.ExitCode.USAGE_ERROR)])
def test_nothing_is_rewritten_where_all_is_required(tmp_path, name, required, code):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_it.py").write_text("def test_runs(): pass")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", tmp_path],
        env={**os.environ, "GATEWAY_REQUIRE_ALL": required, name: "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert (name in done.stderr) == (required == "1")
