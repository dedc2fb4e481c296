"""Makes a release in this clone: version, changelog, wheel, sdist, SBOM, commit, tag. Nothing is pushed.

    python tools/release.py 0.2.0 --dry-run   # checks, and prints each step
    python tools/release.py 0.2.0

Rules:
- The work tree has no changes and no untracked files, the version is newer than the last one, and
  "Unreleased" has entries.
- `--dry-run` changes nothing.
- The commit and the tag come last. If a step before the tag fails, the edited files get their old text back.
- The build needs no network: hatchling and cyclonedx-py are those of this environment.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[1]
PROJECT, PACKAGE, CHANGELOG = (
    ROOT / name for name in ("pyproject.toml", "gateway/__init__.py", "CHANGELOG.md")
)
EDITED = (PROJECT, PACKAGE, CHANGELOG)
DIST = ROOT / "dist"
UNRELEASED = "## [Unreleased]\n"
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class Refused(Exception):
    """Why no release can be made; one line."""


@frozen
class Step:
    title: str
    run: Callable[[], object]


@frozen
class Release:
    version: str
    date: str

    @property
    def tag(self) -> str:
        return f"v{self.version}"

    def check(self) -> None:
        """Refused."""
        if _git("status", "--porcelain"):
            raise Refused("the work tree has changes or untracked files, and the sdist would have them")
        if _git("tag", "--list", self.tag):
            raise Refused(f"the tag {self.tag} exists")
        if _numbers(self.version) <= _numbers(_current_version()):
            raise Refused(f"{self.version} is not newer than {_current_version()}")
        if not re.search(r"^- ", _unreleased(), re.MULTILINE):
            raise Refused('CHANGELOG.md has no entry under "Unreleased"')

    def steps(self) -> Iterator[Step]:
        """All but the tag: what can be undone by writing the old texts back."""
        yield Step(f"set the version to {self.version}", self._write_version)
        yield Step(f"move the unreleased entries to [{self.version}] - {self.date}", self._write_changelog)
        yield Step(f"build wheel and sdist in {DIST.name}/", self._build)
        yield Step(f"write the SBOM {DIST.name}/{self._sbom.name}", self._write_sbom)
        yield Step(f"commit {', '.join(path.name for path in EDITED)}", self._commit)

    def tag_step(self) -> Step:
        return Step(f"tag {self.tag}", self._tag)

    @property
    def _sbom(self) -> Path:
        return DIST / f"messages_gateway-{self.version}.cdx.json"

    def _write_version(self) -> None:
        old = _current_version()
        for path, line in ((PROJECT, 'version = "{}"'), (PACKAGE, '__version__ = "{}"')):
            before = path.read_text(encoding="utf-8")
            after = before.replace(f"\n{line.format(old)}\n", f"\n{line.format(self.version)}\n", 1)
            if after == before:
                raise Refused(f"{path.name} does not have the version {old}")
            path.write_text(after, encoding="utf-8")

    def _write_changelog(self) -> None:
        text = CHANGELOG.read_text(encoding="utf-8")
        heads = f"{UNRELEASED}\n## [{self.version}] - {self.date}\n"
        CHANGELOG.write_text(text.replace(UNRELEASED, heads, 1), encoding="utf-8")

    def _build(self) -> None:
        _tool("hatchling", "build", "-d", str(DIST))

    def _write_sbom(self) -> None:
        options = (
            "--pyproject",
            str(PROJECT),
            "--output-reproducible",
            "--of",
            "JSON",
            "-o",
            str(self._sbom),
        )
        _tool("cyclonedx-py", "requirements", *options, str(ROOT / "requirements.txt"))

    def _commit(self) -> None:
        _git("commit", "--quiet", "--message", f"Release {self.version}", *map(str, EDITED))

    def _tag(self) -> None:
        _git("tag", "--annotate", self.tag, "--message", f"Release {self.version}")


def make(release: Release, *, dry: bool) -> None:
    release.check()
    kept = {path: path.read_text(encoding="utf-8") for path in EDITED}
    try:
        for step in release.steps():
            _do(step, dry=dry)
    except BaseException:
        for path, text in kept.items():
            path.write_text(text, encoding="utf-8")
        raise
    _do(release.tag_step(), dry=dry)
    print(f"then: git push --follow-tags (publishing starts at the tag {release.tag})")


def _do(step: Step, *, dry: bool) -> None:
    print(f"would {step.title}" if dry else step.title, flush=True)
    if not dry:
        step.run()


def _current_version() -> str:
    return tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _unreleased() -> str:
    _, _, after = CHANGELOG.read_text(encoding="utf-8").partition(UNRELEASED)
    return after.partition("\n## ")[0]


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def _tool(name: str, *arguments: str) -> None:
    """A command of this environment."""
    subprocess.run([Path(sys.executable).with_name(name), *arguments], cwd=ROOT, check=True)


def _version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 1.2.3")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a release in this clone. Nothing is pushed.")
    parser.add_argument("version", type=_version, help="the new version, such as 0.2.0")
    parser.add_argument("--dry-run", action="store_true", help="print the steps and change nothing")
    options = parser.parse_args()
    release = Release(options.version, datetime.now(UTC).date().isoformat())
    try:
        make(release, dry=options.dry_run)
    except Refused as error:
        sys.exit(f"no release: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed: {error}\n{error.stderr or ''}")


if __name__ == "__main__":
    main()
