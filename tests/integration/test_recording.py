"""What `record` writes down of a server is what a scripted provider gives again."""

from typing import Any

import httpx

from gateway.testing.upstream import Call, Reply, Rule, Usage, When, refusal


def ask(gateway, text: str) -> httpx.Response:
    body: dict[str, Any] = {"model": "claude-a", "max_tokens": 50, "thinking": {"type": "adaptive"}}
    body["messages"] = [{"role": "user", "content": text}]
    return httpx.post(f"{gateway.url}/v1/messages", json=body, trust_env=False, timeout=30)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    """The content without what is made anew each time."""
    made = ("id", "signature")
    return [{key: one for key, one in block.items() if key not in made} for block in answer.json()["content"]]


def test_recorded_answers_are_given_again(start_gateway, settings, upstream, tmp_path):
    path = tmp_path / "replies.yaml"
    upstream.script(
        rules=[
            Rule(
                When(last_user="/etc/"),
                (Reply(text="It costs ${PRICE}.", reasoning="hm", usage=Usage(9, 4)),),
            ),
            Rule(When(last_user="weather"), (Reply(calls=(Call("w", {"city": "Åmål"}),)),)),
            Rule(When(last_user="now"), (refusal(429, "slow down", retry_after="7"),)),
        ]
    )
    questions = ["/etc/", "the weather", "now"]
    real = start_gateway(settings(provider={"record": str(path)}))
    seen = [ask(real, text) for text in questions]

    config = {"providers": {"s": {"kind": "scripted", "script": str(path)}}, "models": {"*": "s/m"}}
    replayed = start_gateway(config)
    again = [ask(replayed, text) for text in reversed(questions)][::-1]

    assert [one.status_code for one in again] == [one.status_code for one in seen] == [200, 200, 429]
    assert [told(one) for one in again[:2]] == [told(one) for one in seen[:2]]
    assert again[0].json()["usage"]["output_tokens"] == seen[0].json()["usage"]["output_tokens"] == 4
    assert again[2].json()["error"] == seen[2].json()["error"]
    assert again[2].headers["retry-after"] == seen[2].headers["retry-after"] == "7"


def test_a_file_that_cannot_be_written_costs_no_answer(start_gateway, settings, upstream, tmp_path):
    upstream.script(Reply(text="one"), Reply(text="two"), refusal(400, "no"))
    folder = tmp_path / "records"
    folder.mkdir()
    gateway = start_gateway(settings(provider={"record": str(folder / "replies.yaml")}))
    folder.rmdir()
    assert [ask(gateway, text).status_code for text in ("a", "b", "c")] == [200, 200, 400]
    assert gateway.read_log().count("cannot be written") == 1


def test_requests_that_cannot_be_written_down_are_answered(start_gateway, tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    scripted = {"kind": "scripted", "replies": [{"text": "hi"}], "requests": str(folder / "requests.jsonl")}
    gateway = start_gateway({"providers": {"s": scripted}, "models": {"*": "s/m"}})
    folder.rmdir()
    assert ask(gateway, "a").json()["content"][0]["text"] == "hi"
    assert gateway.read_log().count("cannot be written") == 1
