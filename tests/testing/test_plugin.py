"""The pytest plugin, used from test suites of somebody else's."""

import pytest

pytest_plugins = ["pytester"]

ASK = """
import httpx, pytest

def ask(gateway, words="hi"):
    body = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": words}]}
    headers = {"x-api-key": gateway.api_key}
    return httpx.post(gateway.url + "/v1/messages", json=body, headers=headers, trust_env=False)
"""
CONFIG = """
server: {keys: ["${OF_THE_TEAM:-sesame}"]}
providers: {scripted: {kind: scripted, script: replies.yaml}}
models: {"*": scripted/model}
"""


def run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makepyfile(ASK + test)
    return pytester.runpytest_subprocess("--strict-markers", "-p", "no:cacheprovider")


def test_nearest_configuration_is_taken_with_its_key_and_nothing_of_the_developers_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_MODEL", "nothing/here")
    monkeypatch.setenv("PORT", "1")
    pytester.path.joinpath("gateway.yaml").write_text(CONFIG)
    pytester.path.joinpath("replies.yaml").write_text("- text: from the file\n")
    outcome = run(
        pytester,
        """
def test_one(messages_gateway):
    assert messages_gateway.api_key == "sesame"
    assert ask(messages_gateway).json()["content"][0]["text"] == "from the file"
    asked, = messages_gateway.requests
    assert (asked.model, asked.messages[0]["content"], asked.tools) == ("claude-x", "hi", [])
    assert "x-api-key" not in asked.headers
""",
    )
    outcome.assert_outcomes(passed=1)


def test_each_test_has_a_script_of_its_own_and_the_session_keeps_its_one(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
@pytest.fixture(scope="session")
def shared(start_messages_gateway):
    return start_messages_gateway(replies=["first", "second"])

@pytest.mark.parametrize("text", ["first", "second"])
def test_shared(shared, text):
    assert ask(shared).json()["content"][0]["text"] == text

@pytest.mark.messages_gateway(replies=["once"])
@pytest.mark.parametrize("again", [1, 2])
def test_own(messages_gateway, again):
    assert ask(messages_gateway).json()["content"][0]["text"] == "once"
    refused = ask(messages_gateway, "and now?")
    assert refused.status_code == 500 and "and now?" in refused.json()["error"]["message"]
    assert refused.headers["x-should-retry"] == "false"
""",
    )
    outcome.assert_outcomes(passed=4)


def test_mistake_in_the_configuration_stands_in_the_report(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
@pytest.mark.messages_gateway(replies=[{"txt": "x"}])
def test_one(messages_gateway): ...
""",
    )
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*replies?0?.txt: unknown key; did you mean `text`?*"])
    outcome.stdout.no_fnmatch_line("*Traceback*")
    outcome.stdout.no_fnmatch_line("*serving.py*")


def test_one_reply_needs_no_list(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
@pytest.mark.parametrize("replies", ["Hello", {"text": "Hello"}])
def test_one(start_messages_gateway, replies):
    gateway = start_messages_gateway(replies=replies)
    assert ask(gateway).json()["content"][0]["text"] == "Hello"
    assert ask(gateway).status_code == 500
    gateway.stop()
""",
    )
    outcome.assert_outcomes(passed=2)


def test_nothing_configured_says_what_to_do(pytester: pytest.Pytester) -> None:
    outcome = run(pytester, "def test_one(messages_gateway): ...")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*there is no gateway.yaml from*"])
