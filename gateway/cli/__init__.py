"""The `gateway` command. Each subcommand is a module of its own name."""

from __future__ import annotations

import click
import rich_click
from rich.text import Text

from gateway import __version__
from gateway.cli.check import check
from gateway.cli.demo import demo
from gateway.cli.serve import serve

EXAMPLES = """\
Examples:
  gateway demo     install a small real model, serve it, ask it something
  gateway check    read the configuration, show where each model goes
  gateway serve --config config/gateway.yaml
"""


@rich_click.group(context_settings={"help_option_names": ["-h", "--help"]})
@rich_click.rich_config({"footer_text": Text(EXAMPLES), "text_markup": "markdown"})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """Look like Anthropic to Claude Code and every SDK; talk to OpenAI-compatible servers and Ollama."""


main.add_command(serve)
main.add_command(check)
main.add_command(demo)
