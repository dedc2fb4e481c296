"""Rows of text on a terminal: a table, or a list if it is too narrow for one. Text is never markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_NARROW = 76
"""Columns below which a table becomes a list."""
_STYLES: Mapping[str, str] = {"from": "dim"}
_WORDS: Mapping[str, str] = {"yes": "green", "no": "red", "partly": "yellow", "unknown": "dim"}
"""Cells with one of these words are coloured, too."""


def print_rows(console: Console, title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """The first column is the subject of the row."""
    console.print()
    console.print(Text(title, style="bold"))
    if console.width < _NARROW:
        _print_list(console, columns, rows)
        return
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0), header_style="dim"
    )
    for index, name in enumerate(columns):
        table.add_column(name, overflow="fold", style="cyan" if index == 0 else _STYLES.get(name, ""))
    for row in rows:
        table.add_row(*(Text(cell, style=_WORDS.get(cell, "")) for cell in row))
    console.print(table)


def _print_list(console: Console, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    for first, second, *rest in rows:
        console.print(Text(f"{first}", style="cyan") + Text(f"  {second}"), overflow="fold")
        cells = [
            f"{name} {cell}" for name, cell in zip(columns[2:], rest, strict=True) if cell not in ("", "-")
        ]
        console.print(Text(f"    {', '.join(cells)}", style="dim"), overflow="fold")
