"""What differs between two settings, as a log may show it."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.changes import ABSENT, CHANGED, SECRET, SettingChange, setting_changes
from gateway.settings.loading.units import Secret
from gateway.settings.models import (
    Match,
    ModelRule,
    ModelTarget,
    Provider,
    RouteRule,
    Settings,
    TimeoutOverrides,
)
from gateway.settings.quirks import Overrides
from gateway.settings.server import Server

LOCAL = Provider("openai", "http://127.0.0.1:8000/v1", api_key=Secret("sk-old"))
OLD = Settings(server=Server(admin_key=Secret("adm-old")), providers={"local": LOCAL})


def told(new: Settings, old: Settings = OLD) -> list[tuple[str, str, str]]:
    return [(change.path, change.old, change.new) for change in setting_changes(old, new)]


def with_local(**changed: object) -> Settings:
    return evolve(OLD, providers={"local": evolve(LOCAL, **changed)})


def test_settings_that_are_equal_differ_in_nothing():
    assert told(with_local()) == []


def test_a_key_is_named_as_in_the_yaml():
    assert told(with_local(retries=2)) == [("providers.local.retries", "0", "2")]
    assert told(with_local(verify=False)) == [("providers.local.verify", "true", "false")]


def test_a_switch_is_named_as_in_the_yaml():
    assert told(with_local(quirks=Overrides({"prefill": "refuse"}))) == [
        ("providers.local.quirks.prefill", ABSENT, "refuse")
    ]


def test_a_model_and_a_condition_are_named_as_in_the_yaml():
    old = evolve(OLD, models=(ModelRule("gpt-*", ModelTarget("local", "a")),), routes=(RouteRule(()),))
    new = evolve(
        OLD,
        models=(ModelRule("gpt-*", ModelTarget("local", "b")), ModelRule("x", ModelTarget("local", "c"))),
        routes=(RouteRule((), match=Match(class_=("main",))),),
    )
    assert told(new, old) == [
        ("routes[0].match.class[0]", ABSENT, "main"),
        ("models.gpt-*.model", "a", "b"),
        ("models.x", ABSENT, "{provider: local, model: c}"),
    ]


def test_durations_have_their_units():
    slower = evolve(OLD, server=evolve(OLD.server, commit_after=90.0))
    assert told(slower) == [("server.commit_after", "5s", "90s")]
    patient = with_local(timeouts=TimeoutOverrides(idle=600.0))
    assert told(patient) == [("providers.local.timeouts.idle", ABSENT, "10m")]


def test_a_secret_is_never_shown():
    assert told(with_local(api_key=Secret("sk-new"))) == [("providers.local.api_key", SECRET, CHANGED)]
    assert told(with_local(api_key=None)) == [("providers.local.api_key", SECRET, ABSENT)]
    assert told(with_local(headers={"x-key": "sk-new"})) == [("providers.local.headers", ABSENT, CHANGED)]
    assert told(with_local(proxy="http://u:sk-new@h:1")) == [("providers.local.proxy", ABSENT, CHANGED)]


def test_what_comes_and_goes_is_shown_without_its_secrets():
    more = evolve(LOCAL, api_key=Secret("sk-new"), headers={"x": "sk-new"}, retries=1)
    shown = f"{{kind: openai, base_url: http://127.0.0.1:8000/v1, api_key: {SECRET}, headers: {SECRET}"
    ((path, old, new),) = told(evolve(OLD, providers={"local": LOCAL, "new": more}))
    assert (path, old) == ("providers.new", ABSENT)
    assert new.startswith(shown)
    assert new.endswith("retries: 1}")
    assert told(OLD, evolve(OLD, providers={"local": LOCAL, "new": more})) == [(path, new, old)]


def test_long_values_are_cut():
    (change,) = setting_changes(OLD, with_local(base_url="http://127.0.0.1/" + "x" * 1000))
    assert len(change.new) < 250


@given(st.text(min_size=12).filter(lambda text: text not in repr(OLD)))
def test_no_secret_of_any_text_is_shown(text: str):
    secret = Secret(text)
    server = evolve(OLD.server, admin_key=secret)
    new = evolve(with_local(api_key=secret, headers={"a": text}), server=server)
    new = evolve(new, providers={**new.providers, "more": evolve(LOCAL, api_key=secret)})
    assert text not in repr(setting_changes(OLD, new))
    assert text not in repr(setting_changes(new, OLD))


class TestLists:
    """The routes of whatever shape: what has a pattern or a name is known by it."""

    def test_one_item_put_first_is_one_change(self):
        assert self.told(["a", "b"], ["new", "a", "b"]) == [("list.new", ABSENT)]

    def test_another_order_is_one_change(self):
        assert self.told(["a", "b"], ["b", "a"]) == [("list", "in one order")]

    def test_items_without_names_go_by_place(self):
        assert [change.path for change in _changes((1, 2), (1, 3, 4))] == ["list[1]", "list[2]"]

    def told(self, old: list[str], new: list[str]) -> list[tuple[str, str]]:
        olds, news = (tuple(_Named(name) for name in names) for names in (old, new))
        return [(change.path, change.old) for change in _changes(olds, news)]


class _Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and other.name == self.name

    __hash__ = None


def _changes(old: object, new: object) -> list[SettingChange]:
    from gateway.settings.changes import _differences

    return list(_differences(("list",), old, new))
