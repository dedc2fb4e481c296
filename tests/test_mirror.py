"""Every module of these packages has its own test file at the mirrored path."""

from tools.mirror import ROOT, mirrored, modules

DECLARATIONS = {
    "anthropic/response/answer_terms.py",
    "upstreams/anthropic/wire.py",
    "upstreams/ollama/wire.py",
    "upstreams/openai/response_wire.py",
    "upstreams/openai/wire.py",
    "upstreams/responses/wire.py",
}
"""Modules that only declare types: nothing in them can be tested alone."""


def without_test_file() -> set[str]:
    return {
        module.relative_to(ROOT / "gateway").as_posix()
        for module in modules()
        if not mirrored(module).exists()
    }


def test_every_module_has_its_test_file():
    assert without_test_file() - DECLARATIONS == set()


def test_declarations_are_modules_without_a_test_file():
    assert DECLARATIONS - without_test_file() == set()


def test_modules_of_declarations_define_no_functions():
    with_functions = {name for name in DECLARATIONS if "def " in (ROOT / "gateway" / name).read_text()}
    assert with_functions == set()
