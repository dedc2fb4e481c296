"""What is counted, and under which labels."""

from attrs import evolve
from prometheus_client.parser import text_string_to_metric_families

from gateway.errors import Kind
from gateway.telemetry import RequestRecord
from gateway.telemetry.metrics import MOST_TARGETS, WORKERS_FOLDER, Metrics

TARGET = {"provider": "local", "model": "qwen3-coder:30b"}
NONE = {"provider": "none", "model": "none"}


def samples(metrics: Metrics, name: str) -> list[tuple[dict[str, str], float]]:
    families = text_string_to_metric_families(metrics.render().decode())
    return [(s.labels, s.value) for family in families for s in family.samples if s.name == name]


def observed(*records: RequestRecord) -> Metrics:
    metrics = Metrics()
    for record in records:
        metrics.observe(record)
    return metrics


def test_requests_are_counted_by_target_status_and_kind(record: RequestRecord):
    failed = evolve(record, status=502, error=Kind.UPSTREAM_CUT)
    gone = evolve(record, client_gone=True)
    metrics = observed(record, record, failed, gone)
    messages = {"endpoint": "messages", **TARGET}
    assert samples(metrics, "gateway_requests_total") == [
        ({**messages, "status": "200", "kind": "none"}, 2),
        ({**messages, "status": "502", "kind": "upstream_cut"}, 1),
        ({**messages, "status": "200", "kind": "client_gone"}, 1),
    ]


def test_times_are_observed(record: RequestRecord):
    metrics = observed(record, evolve(record, first_token=None, path="/v1/messages/count_tokens"))
    assert samples(metrics, "gateway_request_duration_seconds_sum") == [
        ({"endpoint": "messages", **TARGET}, 2.10449),
        ({"endpoint": "count_tokens", **TARGET}, 2.10449),
    ]
    assert samples(metrics, "gateway_time_to_first_token_seconds_sum") == [(TARGET, 0.31249)]


def test_tokens_are_added_up_by_type(record: RequestRecord):
    metrics = observed(record, record, evolve(record, input_tokens=0))
    assert samples(metrics, "gateway_tokens_total") == [
        ({**TARGET, "type": "input"}, 2400),
        ({**TARGET, "type": "output"}, 255),
        ({**TARGET, "type": "cache_read"}, 3000),
        ({**TARGET, "type": "cache_write"}, 21),
    ]


def test_tokens_that_were_only_counted_are_not_added_up(record: RequestRecord):
    counted = evolve(record, path="/v1/messages/count_tokens")
    assert samples(observed(counted), "gateway_tokens_total") == []


def test_attempts_and_notices_are_counted(record: RequestRecord):
    metrics = observed(record, evolve(record, attempts=0, notices=()))
    assert samples(metrics, "gateway_upstream_attempts_total") == [(TARGET, 2)]
    assert samples(metrics, "gateway_notices_total") == [
        ({"name": "dropped"}, 2),
        ({"name": "repaired_json"}, 1),
    ]


def test_client_words_are_no_labels():
    refused = RequestRecord(
        "req_1", method="BREW", path="/evil", requested_model="evil", session="evil", status=404
    )
    metrics = observed(refused)
    assert b"evil" not in metrics.render()
    assert b"BREW" not in metrics.render()
    assert samples(metrics, "gateway_requests_total") == [
        ({"endpoint": "other", **NONE, "status": "404", "kind": "none"}, 1)
    ]


def test_targets_are_bounded(record: RequestRecord):
    metrics = observed(*(evolve(record, model=f"m{n}") for n in range(MOST_TARGETS + 50)))
    counted = samples(metrics, "gateway_upstream_attempts_total")
    assert len(counted) == MOST_TARGETS + 1
    assert counted[-1] == ({"provider": "other", "model": "other"}, 100)


def test_in_flight_goes_up_and_down():
    metrics = Metrics()
    with metrics.in_flight(), metrics.in_flight():
        assert samples(metrics, "gateway_requests_in_flight") == [({}, 2)]
    assert samples(metrics, "gateway_requests_in_flight") == [({}, 0)]


def test_the_process_shows_its_memory():
    ((_, size),) = samples(Metrics(), "process_resident_memory_bytes")
    assert size > 10_000_000


def test_a_file_that_another_worker_is_just_making_is_no_failure(monkeypatch, tmp_path):
    monkeypatch.setenv(WORKERS_FOLDER, str(tmp_path))
    (tmp_path / "counter_1.db").touch()
    (tmp_path / "gauge_livesum_2.db").symlink_to(tmp_path / "gone")
    assert Metrics().render() == b""
