"""`emit`: one record, one line, one count."""

import io
import json
import subprocess
import sys

from attrs import evolve

from gateway.telemetry import CONTENT_TYPE, RequestRecord, configure_logging, emit, in_flight, metrics


def test_emit_logs_and_counts(record: RequestRecord, out: io.StringIO):
    configure_logging("info", "json", out)
    with in_flight():
        emit(evolve(record, model="emitted"))
    assert json.loads(out.getvalue())["to"] == "local/emitted"
    assert b'gateway_upstream_attempts_total{model="emitted",provider="local"} 2.0' in metrics()
    assert CONTENT_TYPE.startswith("text/plain")


def test_a_closed_log_does_not_fail_the_request(record: RequestRecord, out: io.StringIO):
    configure_logging("info", "text", out)
    out.close()
    emit(evolve(record, model="unlogged"))
    assert b'model="unlogged"' in metrics()


def test_import_is_lean():
    heavy = "{'tiktoken', 'litestar', 'httpx', 'aiohttp', 'pydantic'}"
    code = f"import sys, gateway.telemetry; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
