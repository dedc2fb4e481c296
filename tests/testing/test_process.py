"""gateway/testing/process.py."""

import httpx
import pytest


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_log_has_the_requests_before_it_is_read_and_not_the_reading(start_gateway, settings, log_format: str):
    gateway = start_gateway(settings(server={"log_format": log_format}))
    assert "read-log" not in gateway.read_log()
    since = gateway.log.stat().st_size
    httpx.get(f"{gateway.url}/somewhere", trust_env=False)
    log = gateway.read_log(since)
    assert log.count("/somewhere") >= 1
    assert "/read-log" not in log
