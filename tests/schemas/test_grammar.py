"""Schemas for grammars keep the keywords that a grammar supports and describe the others."""

from typing import Any

import pytest

from gateway.schemas.grammar import LIMIT, grammar_schema, without_constraints


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"maxLength": LIMIT}, {"maxLength": LIMIT}),
        ({"maxLength": LIMIT + 1}, {"description": "{maxLength: 1001}"}),
        ({"maxItems": "many"}, {"maxItems": "many"}),
        ({"pattern": "^a+$"}, {"pattern": "^a+$"}),
        ({"pattern": "(?=x)"}, {"description": "{pattern: (?=x)}"}),
        ({"pattern": r"\bword"}, {"description": r"{pattern: \bword}"}),
        ({"pattern": r"(a)\1"}, {"description": r"{pattern: (a)\1}"}),
        ({"format": "date-time"}, {"format": "date-time"}),
        ({"format": "uri"}, {"description": "{format: uri}"}),
        (
            {"oneOf": [{"const": 1}, {"type": "string", "format": "email"}]},
            {"oneOf": [{"const": 1}, {"type": "string", "description": "{format: email}"}]},
        ),
        (
            {"items": True, "not": {"minItems": 5_000}},
            {"items": True, "not": {"description": "{minItems: 5000}"}},
        ),
        (
            {"type": "string", "maxLength": 20_000, "minLength": 1, "pattern": "(?=x)", "format": "uri"},
            {
                "type": "string",
                "minLength": 1,
                "description": "{maxLength: 20000, pattern: (?=x), format: uri}",
            },
        ),
    ],
)
def test_only_what_a_grammar_cannot_compile_is_described(sent: dict[str, Any], kept: dict[str, Any]):
    assert grammar_schema(sent) == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"enum": ["a"], "type": "string"}, {"enum": ["a"], "type": "string"}),
        ({"type": "string", "pattern": "^a"}, {"type": "string", "description": "{pattern: ^a}"}),
        (
            {"items": {"minimum": 1, "description": "D."}, "uniqueItems": True, "minItems": 1},
            {
                "items": {"description": "D.\n\n{minimum: 1}"},
                "description": "{uniqueItems: true, minItems: 1}",
            },
        ),
        ({"anyOf": [True, {"multipleOf": 2}]}, {"anyOf": [True, {"description": "{multipleOf: 2}"}]}),
    ],
)
def test_without_constraints_every_limit_is_described(sent: dict[str, Any], kept: dict[str, Any]):
    assert without_constraints(sent) == kept
