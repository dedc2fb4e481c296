"""`gateway schema`: the JSON Schema of the configuration, for editors."""

from __future__ import annotations

from pathlib import Path

import click
import rich_click

from gateway.cli import output_file
from gateway.settings.reference.json_schema import schema_text


@rich_click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where to write it."
)
def schema(out: Path | None) -> None:
    """Print the JSON Schema of gateway.yaml, with which editors complete and check it.

    Name it in the first line of the file: `# yaml-language-server: $schema=gateway.schema.json`
    """
    if out is None:
        click.echo(schema_text(), nl=False)
        return
    output_file.write_file(out, schema_text(), folders=False)
