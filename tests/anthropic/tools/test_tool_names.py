"""Tool names fit the upstream's limit, and come back."""

from gateway.anthropic.tools.tool_names import ToolNames


def test_name_within_the_limit_stays():
    names = ToolNames(64)
    assert names.sent("x" * 64) == "x" * 64
    assert names.shortened == {}


def test_longer_name_keeps_its_beginning_and_ends_in_a_hash():
    names = ToolNames(64)
    long = "mcp__server__" + "t" * 60
    short = names.sent(long)
    assert len(short) == 64
    assert short[:56] == long[:55] + "_"
    assert names.shortened == {short: long}
    assert ToolNames(64).sent(long) == short


def test_names_that_begin_alike_stay_apart():
    names = ToolNames(64)
    assert names.sent("a" * 70) != names.sent("a" * 71)
