"""What `gateway serve` says when it starts."""

from __future__ import annotations

from pathlib import Path

import structlog

from gateway.cli.serve import print_startup
from gateway.settings.loading.load import load_config

FILE = """\
providers: {up: {kind: openai, base_url: "http://127.0.0.1:8000"}}
defaults: {model: up/rest}
aliases: {claude-mine: {display_name: Mine, to: up/mine}}
routes:
  - {name: small jobs, match: {class: auxiliary}, to: up/small}
  - match: {images: true}
    to: [{provider: up, model: a, weight: 3}, {provider: up, model: b, weight: 1}, up/c]
models: {gpt-*: up/gpt}
"""


def test_every_way_of_a_request_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(FILE)
    with structlog.testing.capture_logs() as logs:
        print_startup(load_config(path, {}))
    said = [(one["name"], one["takes"], one["to"]) for one in logs if one["event"] == "route"]
    assert said == [
        ("aliases.claude-mine", "claude-mine", "up/mine"),
        ("routes[0] (small jobs)", "any model, class auxiliary", "up/small"),
        ("routes[1]", "any model, with images", "up/a (75 %) or up/b (25 %), then up/c"),
        ("models.gpt-*", "gpt-*", "up/gpt"),
        ("defaults.model", "any other", "up/rest"),
    ]
    assert [(one["id"], one["shown_as"]) for one in logs if one["event"] == "published"] == [
        ("claude-mine", "Mine")
    ]


def test_the_run_line_names_the_address_where_the_file_says_another(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(FILE)
    for port, where in ((8080, ""), (9999, " --base-url http://127.0.0.1:9999")):
        with structlog.testing.capture_logs() as logs:
            print_startup(load_config(path, {}, port=port), port)
        (line,) = [one["command"] for one in logs if one["event"] == "start Claude Code with"]
        assert line == f"gateway run --config {path}{where} -- claude"
