"""A provider's own timeouts win over the defaults; Ollama's silence may last as long as its first byte."""

from gateway.settings.models import Timeouts
from gateway.settings.timeouts import timeouts_for

FILE = """
defaults:
  timeouts: {connect: 1s, first_byte: 2m, idle: 30s, total: 1h}
providers:
  plain: {kind: openai, base_url: "http://127.0.0.1:1"}
  own: {kind: openai, base_url: "http://127.0.0.1:1", timeouts: {connect: 2s, idle: 1m}}
  ollama: {kind: ollama, base_url: "http://127.0.0.1:1"}
  slow: {kind: ollama, base_url: "http://127.0.0.1:1", timeouts: {first_byte: 30m}}
  said: {kind: ollama, base_url: "http://127.0.0.1:1", timeouts: {first_byte: 30m, idle: 10s}}
"""


def test_defaults_hold_where_a_provider_says_nothing(loaded) -> None:
    assert timeouts_for(loaded(FILE).settings, "plain") == Timeouts(1, 120, 30, 3600)


def test_own_timeouts_win_one_by_one(loaded) -> None:
    assert timeouts_for(loaded(FILE).settings, "own") == Timeouts(2, 120, 60, 3600)


def test_ollama_idle_is_its_first_byte(loaded) -> None:
    settings = loaded(FILE).settings
    assert timeouts_for(settings, "ollama").idle == 120
    assert timeouts_for(settings, "slow").idle == 1800


def test_ollama_idle_that_is_said_holds(loaded) -> None:
    assert timeouts_for(loaded(FILE).settings, "said").idle == 10
