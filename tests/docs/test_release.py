"""tools/release.py makes a release in a clone, and a dry run changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import gateway

ROOT = Path(__file__).parents[2]
NEXT = "99.0.0"
WHO = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "A Maintainer"), ("EMAIL", "maintainer@example.com"))
}
COPIED = (
    "pyproject.toml",
    "requirements.txt",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    ".gitignore",
    "tools",
    "gateway",
)


def git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=clone, check=True, capture_output=True, text=True, env=os.environ | WHO
    )
    return done.stdout


def release(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/release.py", *arguments],
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | WHO,
    )


@pytest.fixture
def clone(tmp_path):
    """A repository with the files that a release reads, as they are in the work tree."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    changelog = tmp_path / "CHANGELOG.md"
    entry = "## [Unreleased]\n\n### Added\n\n- An entry of this test.\n"
    changelog.write_text(
        re.sub(r"## \[Unreleased\]\n.*?(?=\n## \[)", entry, changelog.read_text(), flags=re.DOTALL)
    )
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Everything")
    return tmp_path


def test_project_and_package_have_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == gateway.__version__


def test_a_dry_run_prints_each_step_and_changes_nothing(clone):
    before = git(clone, "rev-parse", "HEAD")
    done = release(clone, NEXT, "--dry-run")
    assert done.returncode == 0, done.stderr
    steps = re.findall(r"^would (\w+)", done.stdout, re.MULTILINE)
    assert steps == ["set", "move", "build", "write", "commit", "tag"]
    assert git(clone, "status", "--porcelain", "--ignored") == ""
    assert git(clone, "rev-parse", "HEAD") == before
    assert git(clone, "tag", "--list") == ""


def test_a_release_has_version_changelog_packages_sbom_commit_and_tag(clone):
    done = release(clone, NEXT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tomllib.loads((clone / "pyproject.toml").read_text())["project"]["version"] == NEXT
    assert f'\n__version__ = "{NEXT}"\n' in (clone / "gateway" / "__init__.py").read_text()
    changelog = (clone / "CHANGELOG.md").read_text()
    heading = (
        rf"## \[Unreleased\]\n\n## \[{NEXT}\] - \d{{4}}-\d\d-\d\d\n\n### Added\n\n- An entry of this test\.\n"
    )
    assert re.search(heading, changelog)
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "log", "-1", "--format=%s", f"v{NEXT}").strip() == f"Release {NEXT}"
    assert git(clone, "cat-file", "-t", f"v{NEXT}").strip() == "tag"
    check_packages(clone / "dist")
    check_sbom(clone / "dist" / f"messages_gateway-{NEXT}.cdx.json")


def check_packages(dist: Path) -> None:
    (wheel,), (sdist,) = dist.glob(f"*-{NEXT}-*.whl"), dist.glob(f"*-{NEXT}.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert "gateway/tokens/vocabulary/o200k_base.tiktoken.gz" in names
        assert {name.split("/")[0] for name in names} == {"gateway", f"messages_gateway-{NEXT}.dist-info"}
    with tarfile.open(sdist) as archive:
        assert f"messages_gateway-{NEXT}/pyproject.toml" in archive.getnames()


def check_sbom(path: Path) -> None:
    sbom = json.loads(path.read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == "messages-gateway"
    assert sbom["metadata"]["component"]["version"] == NEXT
    pinned = set(
        re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert {(one["name"], one["version"]) for one in sbom["components"]} == pinned


@pytest.mark.parametrize(
    ("version", "why"),
    [("0.0.1", "is not newer than"), ("1.0", "is not of the form 1.2.3"), ("1.0.0rc1", "is not of the form")],
)
def test_a_version_that_cannot_follow_is_refused(clone, version, why):
    done = release(clone, version)
    assert done.returncode != 0
    assert why in done.stderr


@pytest.mark.parametrize("name", ["README.md", "untracked.txt"])
def test_a_work_tree_with_changes_is_refused(clone, name):
    (clone / name).write_text("changed")
    done = release(clone, NEXT)
    assert "the work tree has changes" in done.stderr
    assert done.returncode == 1


def test_an_empty_changelog_is_refused(clone):
    changelog = clone / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("- An entry of this test.\n", ""))
    git(clone, "commit", "--quiet", "--all", "--message", "Empty the changelog")
    assert 'no entry under "Unreleased"' in release(clone, NEXT).stderr


def test_a_failed_build_leaves_nothing_behind(clone):
    project = clone / "pyproject.toml"
    project.write_text(project.read_text().replace('packages = ["gateway"]', 'packages = "gateway"'))
    git(clone, "commit", "--quiet", "--all", "--message", "Break the build")
    assert release(clone, NEXT).returncode == 1
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "tag", "--list") == ""
