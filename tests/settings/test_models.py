"""The settings' own names agree with what stands above them, and secrets stay hidden."""

from typing import get_args

from gateway.settings.models import Preset, Provider, Secret
from gateway.upstreams.presets import PRESETS


def test_every_preset_can_be_named_and_every_name_is_a_preset() -> None:
    assert set(get_args(Preset)) == set(PRESETS)


def test_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert secret
    assert not Secret("")


def test_provider_shows_neither_headers_nor_proxy_nor_key() -> None:
    provider = Provider(
        "openai",
        "http://127.0.0.1:1/v1",
        api_key=Secret("one-secret"),
        headers={"authorization": "two-secret"},
        proxy="http://user:three-secret@proxy.example:3128",
    )
    assert "secret" not in repr(provider).replace("Secret", "")
