"""The workflows of .github run what the documentation says, with no more permissions than they need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))


@pytest.fixture
def workflow():
    """`on` is text: YAML 1.1 would make it a boolean."""
    return lambda name: yaml.load((FOLDER / name).read_text(), Loader=yaml.BaseLoader)


def runs(job) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(path):
    used = re.findall(r"uses: ([^.].*)", path.read_text())
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_given_job_by_job(path, workflow):
    parsed = workflow(path.name)
    assert parsed["permissions"] == {}
    jobs = parsed["jobs"].values()
    assert all(job["permissions"] and ("timeout-minutes" in job or "uses" in job) for job in jobs)


def test_ci_runs_the_gate(workflow):
    assert ".ci/run" in runs(workflow("ci.yml")["jobs"]["test"])


def test_publishing_starts_at_a_tag_of_a_release_and_uses_no_secret(workflow):
    parsed = workflow("publish.yml")
    assert parsed["on"] == {"push": {"tags": ["v*"]}}
    assert parsed["jobs"]["test"]["uses"] == "./.github/workflows/ci.yml"
    assert parsed["jobs"]["publish"]["needs"] == ["test", "build"]
    assert parsed["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (FOLDER / "publish.yml").read_text()
    assert 'f"v{self.version}"' in (ROOT / "tools" / "release.py").read_text()
