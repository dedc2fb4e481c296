"""The `gateway` command. Each subcommand is a module of its own name, imported when it is called.

So `gateway env` or `run` need not load the web server, and `serve` no modules of other commands.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click
import rich_click
from rich.text import Text
from rich_click import RichContext
from rich_click.rich_help_formatter import RichHelpFormatter

from gateway import __version__

COMMANDS: Mapping[str, str] = {
    "init": "gateway.cli.init",
    "serve": "gateway.cli.serve",
    "check": "gateway.cli.check",
    "routes": "gateway.cli.routes",
    "schema": "gateway.cli.schema",
    "doctor": "gateway.cli.doctor",
    "env": "gateway.cli.env",
    "run": "gateway.cli.run",
    "demo": "gateway.cli.demo",
}
"""Name -> the module with the function of that name, in the order that `--help` shows."""

EXAMPLES = """\
Examples:
  gateway init     look for model servers and keys, write config/gateway.yaml
  gateway demo     install a small real model, serve it, ask it something
  gateway doctor http://127.0.0.1:8000
                   find out what a server is and can, and write the YAML for it
  gateway check    read the configuration, show where each model goes
  gateway routes explain --model claude-haiku-4-5
                   show why a request goes where it goes
  gateway serve --config config/gateway.yaml
  gateway run -- claude
                   start Claude Code so that it talks to the gateway
"""


class Subcommands(rich_click.RichGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        found: object = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def format_epilog(self, ctx: RichContext, formatter: RichHelpFormatter) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A footer in the configuration would be inherited by all subcommands."""
        formatter.write(Text(f"\n{EXAMPLES}"))


@rich_click.group(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@rich_click.rich_config({"text_markup": "markdown"})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """Serve Anthropic's Messages API from OpenAI-compatible servers, Ollama and Messages servers."""
