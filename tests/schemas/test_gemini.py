"""Gemini's schemas have only keywords of its OpenAPI subset."""

from typing import Any

import pytest

from gateway.schemas.gemini import gemini_schema


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {}),
        ({"const": "v"}, {"enum": ["v"], "type": "string"}),
        ({"enum": [1, 2, None]}, {"enum": ["1", "2"], "nullable": True, "type": "string"}),
        ({"enum": [True, 0.5]}, {"enum": ["true", "0.5"], "type": "string"}),
        ({"enum": [{}]}, {"description": "{enum: [{}]}"}),
        ({"enum": []}, {"description": "{enum: []}"}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"type": []}, {}),
        ({"type": "null"}, {"nullable": True}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (
            {"type": ["array", "string", "null"], "items": {"type": "integer"}},
            {
                "nullable": True,
                "anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "string"}],
            },
        ),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        (
            {"anyOf": [{"type": "null"}, {"type": "string"}, {"type": "integer"}]},
            {"nullable": True, "anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        ({"anyOf": [{"type": "null"}]}, {"nullable": True}),
        (
            {"anyOf": [{"type": "string"}], "oneOf": [{"const": "x"}]},
            {"anyOf": [{"type": "string"}, {"enum": ["x"], "type": "string"}]},
        ),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        ({"type": "object", "required": ["gone"]}, {"type": "object", "properties": {}}),
        (
            {"type": "object", "properties": {"a": True}, "required": ["a", "b", 1]},
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        ),
        ({"type": "string", "format": "uri"}, {"type": "string", "description": "{format: uri}"}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        (
            {"type": "integer", "exclusiveMinimum": 1, "default": 2},
            {"type": "integer", "description": "{exclusiveMinimum: 1, default: 2}"},
        ),
        ({"items": [{"type": "string"}]}, {"items": {"type": "string"}}),
        ({"items": []}, {"items": {}}),
        ({"items": True}, {"items": {}}),
        ({"title": "T", "additionalProperties": False, "$comment": "c"}, {}),
        (
            {"$ref": "#/$defs/D", "$defs": {"D": {"allOf": [{"type": "string"}, {"minLength": 1}]}}},
            {"type": "string", "minLength": 1},
        ),
    ],
)
def test_schema_has_only_keywords_of_the_subset(sent: dict[str, Any], kept: dict[str, Any]):
    assert gemini_schema(sent) == kept
