"""gateway/upstreams/http/redaction.py, and that masks by form come after it."""

from __future__ import annotations

import pytest

from gateway.upstreams.errors.error_body import parse_error_body, sanitized
from gateway.upstreams.http.redaction import hide, redacted, secrets_of
from gateway.upstreams.response.finish import payload_excerpt


@pytest.fixture(autouse=True)
def nothing_stays_hidden():
    yield
    hide(())


def test_only_headers_that_hold_a_secret_count_and_only_long_words():
    headers = {
        "x-api-key": "corp.7f3a99PQ-token",
        "authorization": "Bearer abc 123456789",
        "x-team": "research",
    }
    found = secrets_of(headers, key="short")
    assert set(found) == {"corp.7f3a99PQ-token", "Bearer abc 123456789", "123456789"}
    assert found == sorted(found, key=len, reverse=True)


def test_escaped_spellings_are_hidden_as_well():
    secrets = secrets_of({}, key='a/b"c/defgh')
    for spelling in ('a/b"c/defgh', 'a/b\\"c/defgh', 'a\\/b\\"c\\/defgh'):
        assert redacted(f"<{spelling}>", secrets) == "<[hidden]>"


@pytest.mark.parametrize(
    "secret",
    [
        "my-provider-secret-key-123456",
        "corp.sk-abcdefgh",
        "a_token=abcdefgh.b",
        "x.eyJabcdefgh.a.b",
        "http://k@y",
    ],
)
def test_no_part_of_a_secret_is_left_by_a_mask_that_fits_another_part(secret: str):
    hide([secret])
    assert sanitized(f"mid {secret} end") == "mid [hidden] end"
    assert (
        parse_error_body(f'{{"error": {{"message": "mid {secret}."}}}}'.encode()).message == "mid [hidden]."
    )
    assert parse_error_body(f"<title>mid {secret}</title>".encode()).message == "a web page: mid [hidden]"
    hide(())
    assert redacted(secret) == secret


@pytest.mark.parametrize("before", range(170, 200, 3))
def test_text_that_is_cut_shows_no_part_of_a_secret(before: int):
    secret = "corp.7f3a99PQ-token"
    hide([secret])
    for body in (
        f"{{}} {'x' * before}{secret}",
        f"<p>{'x' * before}{secret}</p>",
        f'{{"a":"{"x" * before}{secret}',
    ):
        assert "corp" not in payload_excerpt(body.encode())
