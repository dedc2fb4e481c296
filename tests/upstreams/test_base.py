"""The interface between routing and an upstream kind."""

from gateway.settings.models import Provider, Timeouts
from gateway.settings.quirks import PLAIN
from gateway.upstreams.base import Target
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.registry import make_adapter


def test_target_is_named_by_provider_and_model():
    adapter = make_adapter("up", Provider(kind="scripted"))
    assert Target(adapter, ModelInfo("up", "qwen3:30b", PLAIN), Timeouts()).name == "up/qwen3:30b"
