"""What docs/operations.md says is so."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.runtime import reload
from gateway.runtime.watch import POLL
from gateway.telemetry import log as telemetry_log
from gateway.telemetry.metrics import Metrics
from gateway.workers.supervisor import LONGEST_PAUSE
from gateway.workers.worker import GRACE


@pytest.fixture
def operations(page):
    return page("docs/operations.md")


def test_every_metric_is_listed_and_no_other(operations):
    families = text_string_to_metric_families(Metrics().render().decode())
    real = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    listed = {row[0].strip("`") for row in operations.rows("| metric |")}
    assert listed == {name for name in real if name.startswith("gateway_")}


def test_times_are_those_of_the_code(operations):
    assert f"get {GRACE} seconds" in operations.text
    assert f"after {LONGEST_PAUSE:g} seconds" in operations.text
    assert POLL == 2
    assert "every two seconds" in operations.text


def test_the_log_lines_that_are_shown_are_those_of_the_code(operations):
    code = "".join(Path(module.__file__ or "").read_text() for module in (reload, telemetry_log))
    for line in re.findall(r"^(?:info|error) ([a-z, ]+?)(?: \w+=|$)", operations.text, re.MULTILINE):
        assert f'"{line}"' in code


def test_the_line_of_a_request_has_its_fields_in_the_codes_order(operations):
    (line,) = re.findall(r"^info request (.*)$", operations.text, re.MULTILINE)
    shown = re.findall(r"(\w+)=(?:\"[^\"]*\"|\S+)", line)
    fields = re.findall(r'^        "(\w+)": ', Path(telemetry_log.__file__).read_text(), re.MULTILINE)
    assert shown == [name for name in fields if name in shown]
