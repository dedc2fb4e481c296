"""Limits, stop sequences and sampling of an upstream request."""

from typing import Any

import pytest
from attrs import evolve

from gateway.anthropic import wire as a
from gateway.anthropic.notices import NoticeCollector
from gateway.inbound import Inbound
from gateway.parts import Notice
from gateway.settings.models import Sampling
from gateway.settings.quirks import PLAIN
from gateway.upstreams.model_info import ModelInfo
from gateway.upstreams.request.limits import MARGIN, max_tokens, requested_stops, sampling, upstream_stops
from gateway.upstreams.upstream_request import NO_ADAPTATIONS, Adaptations


def request(**fields: Any) -> a.MessagesRequest:
    return a.MessagesRequest(model="m", messages=(a.Message("user", (a.Text("x"),)),), **fields)


def info(**fields: Any) -> ModelInfo:
    return ModelInfo("p", "m", PLAIN, **fields)


@pytest.mark.parametrize(
    ("wanted", "known", "adaptations", "body", "allowed"),
    [
        (None, info(), NO_ADAPTATIONS, 4, None),
        (None, info(max_output_tokens=100), NO_ADAPTATIONS, 4, 100),
        (None, info(max_output_tokens=100), Adaptations(max_tokens=50), 4, 50),
        (None, info(context_window=1000), NO_ADAPTATIONS, 4, None),
        (100, info(), NO_ADAPTATIONS, 4, 100),
        (100, info(max_output_tokens=99), NO_ADAPTATIONS, 4, 99),
        (100, info(max_output_tokens=99), Adaptations(max_tokens=98), 4, 98),
        (1000, info(context_window=1000), NO_ADAPTATIONS, 400, 1000 - 100 - MARGIN),
        (1000, info(context_window=1000), NO_ADAPTATIONS, 40_000, 125),
        (100, info(context_window=1000), NO_ADAPTATIONS, 400, 100),
        (0, info(), NO_ADAPTATIONS, 4, 1),
        (100, info(context_window=7), NO_ADAPTATIONS, 4, 1),
    ],
)
def test_max_tokens_is_clamped_to_what_is_known(
    wanted: int | None, known: ModelInfo, adaptations: Adaptations, body: int, allowed: int | None
):
    notes = NoticeCollector()
    inbound = Inbound("r", b"x" * body, {}, request(max_tokens=wanted))
    assert max_tokens(inbound, known, adaptations, notes) == allowed
    clamped = wanted is not None and allowed != wanted
    assert notes.notices == ((Notice("clamped.max_tokens", f"{wanted} to {allowed}"),) if clamped else ())


def test_blank_stop_sequences_are_left_out():
    assert requested_stops(request(stop_sequences=("END", "", " \n", "é "))) == ["END", "é "]
    assert requested_stops(request()) == []


@pytest.mark.parametrize(
    ("stop", "dropped", "matched_here"),
    [
        (["END"], frozenset({"stop"}), ["END"]),
        (["END"], frozenset({"top_p"}), []),
        ([], frozenset({"stop"}), []),
    ],
)
def test_refused_stop_sequences_are_matched_by_the_gateway(
    stop: list[str], dropped: frozenset[str], matched_here: list[str]
):
    notes = NoticeCollector()
    assert upstream_stops(stop, Adaptations(dropped=dropped), notes) == matched_here
    assert notes.notices == ((Notice("emulated.stop_sequences"),) if matched_here else ())


@pytest.mark.parametrize(
    ("asked", "own", "highest", "sent", "notices"),
    [
        ({}, Sampling(), 1.0, Sampling(), ()),
        (
            {"temperature": 0.5, "top_p": 0.9, "top_k": 40},
            Sampling(),
            None,
            Sampling(temperature=0.5, top_p=0.9, top_k=40),
            (),
        ),
        (
            {"temperature": 0.5, "top_p": 0.9, "top_k": 40},
            Sampling(temperature=0.0, top_p=0.0, top_k=0),
            None,
            Sampling(temperature=0.0, top_p=0.0, top_k=0),
            (),
        ),
        ({"temperature": 1.5}, Sampling(), 1.0, Sampling(temperature=1.0), ("1.5 to 1",)),
        ({"temperature": 0.1}, Sampling(temperature=2.0), 1.0, Sampling(temperature=1.0), ("2 to 1",)),
        ({"temperature": 1.0}, Sampling(), 1.0, Sampling(temperature=1.0), ()),
    ],
)
def test_configured_sampling_overrides_the_clients(
    asked: dict, own: Sampling, highest: float | None, sent: Sampling, notices: tuple[str, ...]
):
    notes = NoticeCollector()
    known = info(sampling=own)
    known = evolve(known, quirks=evolve(PLAIN, max_temperature=highest))
    assert sampling(request(**asked), known, notes) == sent
    assert notes.notices == tuple(Notice("clamped.temperature", detail) for detail in notices)
