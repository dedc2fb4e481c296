"""An upstream request and what was learned before it."""

import pytest

from gateway.upstreams.upstream_request import (
    NO_ADAPTATIONS,
    Adaptations,
    ResponseOptions,
    UpstreamRequest,
    digest,
)


@pytest.mark.parametrize(
    ("adaptations", "schema", "bare"),
    [
        (NO_ADAPTATIONS, b"{}", False),
        (Adaptations(bare_schemas=frozenset({digest(b"{}")})), b"{}", True),
        (Adaptations(bare_schemas=frozenset({digest(b"{}")})), b"{ }", False),
    ],
)
def test_schema_is_bare_if_its_digest_was_refused(adaptations: Adaptations, schema: bytes, bare: bool):
    assert adaptations.is_bare(schema) is bare


def test_digest_is_short_and_depends_on_every_byte():
    assert len(digest(b"x" * 100_000)) == 16
    assert digest("é".encode()) != digest(b"e")


def test_request_without_schemas_finds_none():
    request = UpstreamRequest(b"{}")
    assert (request.answer.schema_of("T"), list(request.schemas())) == (b"", [])


def test_estimate_of_the_prompt_does_not_distinguish_options():
    assert ResponseOptions(prompt_tokens=1) == ResponseOptions(prompt_tokens=2)
    assert ResponseOptions(max_tokens=1) != ResponseOptions(max_tokens=2)


def test_body_is_not_shown():
    assert "secret" not in repr(UpstreamRequest(b"secret"))
