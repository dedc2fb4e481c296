from __future__ import annotations

import io

from rich.console import Console

from gateway.cli import progress


def plain() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=40), text


def test_no_control_characters_when_not_a_terminal():
    console, text = plain()
    with progress.bar(console, "Installing things") as advance:
        advance(1, 2)
        advance(2, 2)
    with progress.wait(console, "Loading"):
        pass
    assert text.getvalue() == "  Installing things\n  Loading\n"


def test_long_step_says_that_it_goes_on(monkeypatch):
    console, text = plain()
    now = iter([0.0, 11.0, 11.0, 12.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    with progress.bar(console, "Installing") as advance:
        advance(30, 120)
        advance(31, 120)
    assert text.getvalue() == "  Installing\n  ... 25 %\n"


def test_terminal_sees_a_bar():
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True)
    with progress.bar(console, "Installing") as advance:
        advance(60, 120)
    assert "50%" in text.getvalue()
    assert "\x1b[" in text.getvalue()


def test_line_is_left_as_it_is():
    console, text = plain()
    progress.print_line(console, "a [bold]line[/] that is longer than the terminal is wide, to be copied")
    assert text.getvalue() == "  a [bold]line[/] that is longer than the terminal is wide, to be copied\n"
