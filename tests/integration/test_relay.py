"""A gateway in front of a gateway: the first relays to the second, which translates."""

import json

import anthropic
import pytest

from gateway.testing.script import Reply


@pytest.fixture
def relay(start_gateway, settings, upstream):
    """A client of the first gateway, whose upstream is the second."""
    second = start_gateway(settings(server={"keys": ["inner-key"]}))
    first = start_gateway(
        {
            "server": {"keys": ["outer-key"]},
            "providers": {
                "api": {"kind": "anthropic", "base_url": second.url + "/v1", "api_key": "inner-key"}
            },
            "models": {"*": "api/claude-inner"},
        }
    )
    return anthropic.Anthropic(base_url=first.url, api_key="outer-key", max_retries=0)


def ask(client: anthropic.Anthropic, **more):
    return {
        "model": "claude-outer",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
        **more,
    }


def test_plain_and_streamed_answers_pass(relay, upstream):
    upstream.script(Reply(text="hello"), Reply(text="hello again"))
    plain = relay.messages.create(**ask(relay))
    assert (plain.model, plain.content[0].text) == ("claude-outer", "hello")
    with relay.messages.stream(**ask(relay)) as stream:
        final = stream.get_final_message()
    assert (final.model, final.content[0].text, final.stop_reason) == (
        "claude-outer",
        "hello again",
        "end_turn",
    )
    assert json.loads(json.dumps(upstream.chats()[0].body))["model"] == "scripted"


def test_counting_asks_the_upstream(relay):
    counted = relay.messages.count_tokens(model="m", messages=[{"role": "user", "content": "hi there"}])
    assert counted.input_tokens > 0


def test_typed_errors_keep_their_details(relay):
    with pytest.raises(anthropic.BadRequestError) as refused:
        relay.messages.create(**ask(relay), extra_body={"thread": {"type": "create"}})
    assert refused.value.body["error"]["details"]["error_code"] == "thread_unsupported_request"


def test_a_wrong_key_of_ours_is_not_the_clients_fault(start_gateway, settings, upstream):
    second = start_gateway(settings(server={"keys": ["inner-key"]}))
    provider = {"kind": "anthropic", "base_url": second.url, "api_key": "wrong"}
    first = start_gateway({"providers": {"api": provider}, "models": {"*": "api/m"}})
    client = anthropic.Anthropic(base_url=first.url, api_key="any", max_retries=0)
    with pytest.raises(anthropic.InternalServerError):
        client.messages.create(**ask(client))


def test_a_clients_own_key_goes_through_where_allowed(start_gateway, settings, upstream):
    second = start_gateway(settings(server={"keys": ["inner-key"]}))
    provider = {"kind": "anthropic", "base_url": second.url, "pass_credentials": True}
    first = start_gateway({"providers": {"api": provider}, "models": {"*": "api/m"}})
    upstream.script(Reply(text="hello"))
    client = anthropic.Anthropic(base_url=first.url, api_key="inner-key", max_retries=0)
    assert client.messages.create(**ask(client)).content[0].text == "hello"
    wrong = anthropic.Anthropic(base_url=first.url, api_key="wrong", max_retries=0)
    with pytest.raises(anthropic.AuthenticationError):
        wrong.messages.create(**ask(wrong))
