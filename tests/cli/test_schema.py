"""`gateway schema` prints what editors read, or writes it."""

import json
from pathlib import Path

from click.testing import CliRunner

from gateway.cli import main


def test_it_prints_a_schema() -> None:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.output)["properties"]["routes"]


def test_it_writes_the_same_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "schema.json"
    assert CliRunner().invoke(main, ["schema", "--out", str(out)]).exit_code == 0
    assert out.read_text() == CliRunner().invoke(main, ["schema"]).output


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["schema", "--out", str(tmp_path / "nowhere" / "schema.json")])
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in " ".join(result.output.split())
