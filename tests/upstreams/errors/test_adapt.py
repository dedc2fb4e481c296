"""gateway/upstreams/errors/adapt.py. The wordings of the servers stand in goldens/failures."""

import json
from pathlib import Path

import pytest
from attrs import evolve

from gateway.anthropic.response.answer_terms import AnswerTerms
from gateway.upstreams.errors.adapt import RefusedFields, adapt, read_refusal
from gateway.upstreams.upstream_request import Adaptations, ResponseOptions, UpstreamRequest, digest

SCHEMAS = UpstreamRequest(b"", schemas=lambda: (b"{1}", b"{2}"))
FOLDER = Path(__file__).parents[2] / "goldens" / "failures"


def table(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (FOLDER / f"{name}.tsv").read_text().splitlines()[1:]]


def body(message: str, **fields: object) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


@pytest.mark.parametrize(("limit", "message"), table("limits"))
def test_limit_is_read(limit, message):
    assert read_refusal(400, body(message)) == RefusedFields(max_tokens=int(limit))


@pytest.mark.parametrize(
    ("message", "fields", "parameter"),
    [
        (
            "Your organization must be verified to generate reasoning summaries.",
            {"param": "reasoning.summary", "code": "unsupported_value"},
            "reasoning.summary",
        ),
        (
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
            {"param": "reasoning.effort", "code": "unsupported_parameter"},
            "reasoning",
        ),
        ("Encrypted content is not supported with this model.", {"param": "include"}, "include"),
    ],
)
def test_responses_names_what_it_refuses_of_reasoning(message, fields, parameter):
    assert read_refusal(400, body(message, **fields)) == RefusedFields(parameter=parameter)


@pytest.mark.parametrize(
    ("message", "parameter"),
    [
        ("Invalid value: 'web_search'. Supported values are: 'function'.", "web_search"),
        ("Hosted tool 'web_search' is not supported with gpt-x.", "web_search"),
        ("This model does not support web_search.", "web_search"),
        ("Input tag 'web_search' found using 'type' does not match any of the expected tags", "web_search"),
        ("Invalid schema for function 'web_search': In context=(), 'x' is not permitted.", None),
    ],
)
def test_search_that_is_refused_is_told_from_a_function_of_that_name(message, parameter):
    found = (
        RefusedFields(parameter=parameter)
        if parameter
        else RefusedFields(schemas=True, function="web_search")
    )
    assert read_refusal(400, body(message)) == found


OPENAI = """Unsupported value: 'reasoning_effort' does not support 'max' with this model. \
Supported values are: 'minimal', 'low', 'medium', and 'high'."""
VLLM = """[{'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), \
'msg': "Input should be 'low', 'medium' or 'high'", 'input': 'max'}]"""
ABOVE_HIGH = {"max", "xhigh"}


@pytest.mark.parametrize(
    ("message", "fields", "refused"),
    [
        ("Unsupported value: 'none' is not supported", {"param": "reasoning.effort"}, {"none"}),
        (
            "Invalid value: 'max'. Supported values are: 'low', 'medium', and 'high'.",
            {"param": "reasoning.effort"},
            {*ABOVE_HIGH, "minimal", "none"},
        ),
        (
            OPENAI,
            {"param": "reasoning_effort", "code": "unsupported_value"},
            {*ABOVE_HIGH, "none"},
        ),
        (
            VLLM,
            {},
            {*ABOVE_HIGH, "minimal", "none"},
        ),
        (
            "reasoning_effort must be one of `none` or `default`",
            {},
            {*ABOVE_HIGH, "high", "medium", "low", "minimal"},
        ),
        ("'reasoning_effort' does not support 'minimal' with this model.", {}, {"minimal"}),
    ],
)
def test_efforts_that_are_refused_are_read(message, fields, refused):
    assert read_refusal(400, body(message, **fields)) == RefusedFields(efforts=frozenset(refused))
    once = adapt(Adaptations(), 400, body(message, **fields), UpstreamRequest(b""))
    assert once == Adaptations(efforts=frozenset(refused))
    assert adapt(once, 400, body(message, **fields), UpstreamRequest(b"")) is None


@pytest.mark.parametrize("code", ["invalid_encrypted_content", None])
def test_reasoning_that_cannot_be_decrypted_is_left_out_of_this_request(code):
    said = body("The encrypted content gAAA...DQ== could not be verified.", code=code)
    assert read_refusal(400, said) == RefusedFields(parameter="encrypted_content", lasting=False)


def test_room_beside_the_prompt_is_the_limit_of_this_request_only():
    message = (
        "This model's maximum context length is 16384 tokens. However, you requested 24000 tokens "
        "(8000 in the messages, 16000 in the completion)."
    )
    assert read_refusal(400, body(message)) == RefusedFields(max_tokens=8320, window=16384, lasting=False)


def test_window_of_one_endpoint_of_many_is_not_the_models():
    message = (
        "This endpoint's maximum context length is 131072 tokens. However, you requested about 160000 tokens "
        "(30000 of text input, 130000 in the output)."
    )
    found = read_refusal(400, body(message))
    assert found == RefusedFields(max_tokens=101008, lasting=False)
    assert found.lesson is None


def test_answer_that_is_larger_than_the_window_is_cut_by_our_estimate_of_the_prompt():
    message = (
        "This model's maximum context length is 4096 tokens. However, you requested 32000 output tokens."
    )
    built = UpstreamRequest(b"", ResponseOptions(max_tokens=32000, prompt_tokens=1000))
    assert adapt(Adaptations(), 400, body(message), built) == Adaptations(max_tokens=3032, window=4096)
    full = UpstreamRequest(b"", ResponseOptions(max_tokens=32000, prompt_tokens=5000))
    assert adapt(Adaptations(), 400, body(message), full) == Adaptations(max_tokens=512, window=4096)
    asked = UpstreamRequest(b"", ResponseOptions(max_tokens=512, prompt_tokens=5000))
    assert adapt(Adaptations(max_tokens=512, window=4096), 400, body(message), asked) is None


def test_prompt_too_long_by_itself_is_no_complaint():
    message = (
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens."
    )
    assert read_refusal(400, body(message)) is None
    message = "This model's maximum context length is 4096 tokens. Please reduce the length of the messages."
    assert read_refusal(400, body(message)) is None


@pytest.mark.parametrize(("server", "message"), table("grammars"))
def test_grammar_that_could_not_be_made_is_read(server, message):
    found = read_refusal(400, body(message))
    assert found is not None, server
    assert found.schemas, server
    bare = Adaptations(bare_schemas=frozenset({digest(b"{1}"), digest(b"{2}")}))
    assert adapt(Adaptations(), 400, body(message), SCHEMAS) == bare
    assert adapt(bare, 400, body(message), SCHEMAS) is None


def test_schema_that_is_named_alone_loses_its_constraints_then_all_do():
    refusal = body(
        "Invalid schema for function 'f': In context=('properties', 'x'), 'minLength' is not permitted."
    )
    built = evolve(SCHEMAS, answer=AnswerTerms(schema_of=lambda name: b"{1}" if name == "f" else b""))
    once = adapt(Adaptations(), 400, refusal, built)
    assert once == Adaptations(bare_schemas=frozenset({digest(b"{1}")}))
    assert adapt(once, 400, refusal, built) == Adaptations(
        bare_schemas=frozenset(map(digest, (b"{1}", b"{2}")))
    )


@pytest.mark.parametrize(
    "message",
    [
        "Invalid schema for function 't1': In context=('properties', 'values'), array schema missing items.",
        "Invalid schema for response_format 'r': In context=('items',), array schema missing items.",
        "* GenerateContentRequest.tools[0].parameters.properties[v].items: missing field.",
        "* GenerateContentRequest.tools[0].parameters.properties[v].items.items: missing field.",
    ],
)
def test_array_without_items_is_read(message):
    assert read_refusal(400, body(message)) == RefusedFields(items=True)
    assert adapt(Adaptations(), 400, body(message), SCHEMAS) == Adaptations(array_items=True)
    assert adapt(Adaptations(array_items=True), 400, body(message), SCHEMAS) is None


def test_property_that_is_called_items_is_another_matter():
    message = "Invalid schema for function 'f': In context=(), 'required' is required. Missing 'items'."
    assert read_refusal(400, body(message)) == RefusedFields(schemas=True, function="f")


BESIDE_TOOLS = """Function tools with reasoning_effort are not supported for gpt-5.6-terra in \
/v1/chat/completions. """


@pytest.mark.parametrize(
    "end",
    [
        "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
        "Please use /v1/responses instead.",
    ],
)
def test_effort_that_is_refused_beside_tools_is_read(end):
    refusal = body(BESIDE_TOOLS + end, param="reasoning_effort", code=None)
    assert read_refusal(400, refusal) == RefusedFields(effort_beside_tools=True)
    assert adapt(Adaptations(), 400, refusal, UpstreamRequest(b"")) == Adaptations(
        no_effort_beside_tools=True
    )
    assert adapt(Adaptations(no_effort_beside_tools=True), 400, refusal, UpstreamRequest(b"")) is None


def test_tool_that_is_refused_at_one_effort_is_another_matter():
    message = "The following tools cannot be used with reasoning.effort 'minimal': web_search."
    assert read_refusal(400, body(message, param="tools")) is None


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens=32000 cannot be greater than max_model_len=4096. (parameter=max_tokens, value=32000)",
        "max_completion_tokens=32000 cannot be greater than max_model_len=4096.",
        "max_tokens (32000) must be less than or equal to max_model_len (4096)",
    ],
)
def test_limit_that_is_the_window_is_read_as_such(message):
    assert read_refusal(400, body(message)) == RefusedFields(max_tokens=4096, window=4096)
    built = UpstreamRequest(b"", ResponseOptions(max_tokens=32000))
    assert adapt(Adaptations(), 400, body(message), built) == Adaptations(max_tokens=4096, window=4096)


@pytest.mark.parametrize(("name", "message"), table("parameters"))
def test_parameter_is_read(name, message):
    assert read_refusal(400, body(message)) == RefusedFields(parameter=name)


@pytest.mark.parametrize("code", ["unsupported_parameter", "unsupported_value"])
def test_parameter_that_the_error_names_is_read(code):
    assert read_refusal(400, body("no", code=code, param="top_p")) == RefusedFields(parameter="top_p")


def test_parameter_of_a_list_of_details_is_read():
    details = {"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]}
    assert read_refusal(422, json.dumps(details).encode()) == RefusedFields(parameter="top_k")


def test_thinking_is_read():
    assert read_refusal(400, b'{"error":"\\"qwen\\" does not support thinking"}') == RefusedFields(think=True)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "request (13392 tokens) exceeds the available context size (8192 tokens)"),
        (400, "registry.example/x does not support tools"),
        (400, "Unsupported parameter: 'tools' is not supported with this model."),
        (400, "Invalid value for messages[0].content"),
        (400, ""),
        (404, "max_tokens at most 5"),
        (500, "max_tokens at most 5"),
    ],
)
def test_what_cannot_be_mended_is_no_complaint(status, message):
    assert read_refusal(status, body(message)) is None


def test_mended_request_asks_for_less():
    refusal = body("max_tokens is too large. This model supports at most 16384 completion tokens")
    built = UpstreamRequest(b"", ResponseOptions(max_tokens=32000))
    assert adapt(Adaptations(), 400, refusal, built) == Adaptations(max_tokens=16384)
    assert adapt(Adaptations(), 400, refusal, UpstreamRequest(b"")) == Adaptations(max_tokens=16384)


def test_lessons_add_up():
    adaptations = adapt(
        Adaptations(max_tokens=5), 400, body("Unknown parameter: 'top_k'."), UpstreamRequest(b"")
    )
    assert adaptations == Adaptations(max_tokens=5, dropped=frozenset({"top_k"}))
    adaptations = adapt(
        adaptations, 400, b'{"error":"\\"q\\" does not support thinking"}', UpstreamRequest(b"")
    )
    assert adaptations == Adaptations(max_tokens=5, dropped=frozenset({"top_k"}), think=False)


@pytest.mark.parametrize(
    ("adaptations", "refusal"),
    [
        (Adaptations(), body("max_tokens must be at most 4096")),
        (Adaptations(dropped=frozenset({"top_k"})), body("Unknown parameter: 'top_k'.")),
        (Adaptations(think=False), body("x does not support thinking")),
        (Adaptations(), body("no")),
    ],
)
def test_nothing_is_asked_twice(adaptations, refusal):
    assert adapt(adaptations, 400, refusal, UpstreamRequest(b"", ResponseOptions(max_tokens=4096))) is None
