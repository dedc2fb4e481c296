"""References are replaced; what they stand for is never shown."""

from pathlib import Path

import pytest

from gateway.settings.errors import INVALID, InterpolatedText, value_excerpt
from gateway.settings.loading.interpolation import Interpolation

ENVIRON = {"NAME": "value", "EMPTY": "", "KEY": "hunter2"}


def resolved(text: str, folder: Path = Path()) -> tuple[object, list[str]]:
    reports: list[str] = []
    references = Interpolation(ENVIRON, lambda _: folder, lambda _, message: reports.append(message))
    return references.resolved(text), reports


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${NAME}", "value"),
        ("a-${NAME}-b", "a-value-b"),
        ("${NAME}${NAME}", "valuevalue"),
        ("${NAME:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("${UNSET:-}", ""),
        ("${UNSET:-a:-b}", "a:-b"),
        ("$${NAME}", "${NAME}"),
        ("$NAME", "$NAME"),
        ("100$", "100$"),
    ],
)
def test_reference_becomes_what_it_stands_for(text: str, value: str) -> None:
    assert resolved(text) == (value, [])


@pytest.mark.parametrize("text", ["${UNSET}", "${}", "${A B}", "${NAME", "${NAME:?x}", "${${NAME}}", "${1}"])
def test_reference_that_stands_for_nothing_is_reported_once(text: str) -> None:
    value, reports = resolved(text)
    assert value is INVALID
    assert len(reports) == 1


def test_unset_variable_is_named_with_the_nearest_one_that_is_set() -> None:
    (report,) = resolved("${NAMES}")[1]
    assert "NAMES is not set" in report
    assert "did you mean `NAME`" in report


@pytest.mark.parametrize(
    ("missing", "known", "suggested"),
    [
        ("DEEPSEEK_API_KEY", "OPENAI_API_KEY", False),
        ("OPENAI_API_KEY", "OPENROUTER_API_KEY", False),
        ("XAI_API_KEY", "ZAI_API_KEY", False),
        ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", False),
        ("OPENAI_API_KEY_PRIVATE", "OPENAI_API_KEY", False),
        ("API_KEY", "XAI_API_KEY", False),
        ("OPENAI_API", "OPENAI_API_KEY", True),
        ("GROQ_TOKEN", "GROK_TOKEN", False),
        ("openai_secret", "OPENAI_SECRETS", True),
        ("OPENAI_KEY", "OPENAI_API_KEY", True),
        ("VLLM_HOTS", "VLLM_HOST", True),
        ("VLLM_URL", "VLLM_KEY", False),
    ],
)
def test_no_key_is_suggested_for_another_ones(missing: str, known: str, suggested: bool) -> None:
    reports: list[str] = []
    references = Interpolation({known: "sk-1"}, lambda _: Path(), lambda _, words: reports.append(words))
    references.resolved(f"${{{missing}}}")
    assert ("did you mean" in reports[0]) == suggested


def test_file_gives_its_content_without_the_white_space_around(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n hunter2 \n")
    assert resolved(f"file:{tmp_path}/key") == ("hunter2", [])
    assert resolved("file:key", tmp_path) == ("hunter2", [])


def test_reference_in_the_path_of_a_file_is_resolved_first(tmp_path: Path) -> None:
    (tmp_path / "value.key").write_text("hunter2")
    assert resolved("file:${NAME}.key", tmp_path) == ("hunter2", [])


def test_missing_file_is_named_as_it_was_written() -> None:
    (report,) = resolved("file:/nonexistent/${KEY}")[1]
    assert "hunter2" not in report
    assert "`file:/nonexistent/${KEY}`" in report


def test_what_a_reference_stands_for_is_never_shown() -> None:
    value, _ = resolved("x${KEY}")
    assert isinstance(value, InterpolatedText)
    assert value_excerpt(value) == "`x${KEY}`"
