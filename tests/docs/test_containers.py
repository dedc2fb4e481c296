"""The container files: linted, and what they run is run here without a container."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from gateway.settings.load import load
from gateway.testing.process import GatewayProcess, free_port

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
IGNORED = (ROOT / ".dockerignore").read_text()


def interpolated(text: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def instructions(name: str) -> list[list[str]]:
    """The JSON forms of an instruction."""
    return [json.loads(said) for said in re.findall(rf"^\s*{name} (\[.*\])$", DOCKERFILE, re.MULTILINE)]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(interpolated(COMPOSE))


def environ_of_the_image(**changed: str) -> dict[str, str]:
    said = dict(re.findall(r"^(?:ENV)? +(GATEWAY_CONFIG|HOST|PORT)=(\S+)", DOCKERFILE, re.MULTILINE))
    assert set(said) == {"GATEWAY_CONFIG", "HOST", "PORT"}
    return {**os.environ, **said, **changed}


def run(command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    assert command[0] == "gateway"
    command = [sys.executable, "-m", *command]
    return subprocess.run(command, check=False, env=environ, capture_output=True, text=True, timeout=30)


def healthy(port: int) -> bool:
    """What the image's health check says; it comes before the command in the file."""
    python, *arguments = instructions("CMD")[0]
    assert python == "python"
    environ = {**os.environ, "PORT": str(port)}
    done = subprocess.run(
        [sys.executable, *arguments], check=False, env=environ, capture_output=True, timeout=30
    )
    return done.returncode == 0


def test_dockerfile_passes_its_linter():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_file_keeps_the_specification():
    assert set(PyCompose.from_yaml(interpolated(COMPOSE)).service_names()) == {"gateway", "ollama"}


def test_image_does_not_run_as_root():
    assert re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)[-1] != "0"


def test_everything_that_is_copied_exists_and_is_not_ignored():
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in IGNORED.splitlines(), source


def test_image_refuses_to_serve_everyone_without_keys():
    environ = environ_of_the_image(GATEWAY_CONFIG=str(ROOT / "config/gateway.yaml"))
    done = run([*instructions("ENTRYPOINT")[-1], *instructions("CMD")[-1]], environ)
    assert done.returncode == 1
    assert "keys" in done.stdout + done.stderr
    assert "--allow-unauthenticated" in done.stdout + done.stderr


def test_composed_gateway_serves_and_its_health_check_sees_it(compose, tmp_path):
    service = compose["services"]["gateway"]
    mounted, target, mode = service["volumes"][0].split(":")
    assert (target, mode) == (environ_of_the_image()["GATEWAY_CONFIG"], "ro")
    verb, *options = service["command"]
    assert verb == "serve"
    # The one thing that differs from the container: no test listens beyond this machine.
    environ = {"HOST": "127.0.0.1", "PORT": str(free_port())}
    gateway = GatewayProcess.start(
        ROOT / mounted, tmp_path / "gateway.log", arguments=options, environ=environ
    )
    try:
        assert healthy(gateway.port)
    finally:
        gateway.stop()
    assert not healthy(gateway.port)


def test_composed_gateway_is_published_on_this_machine_alone(compose):
    service = compose["services"]["gateway"]
    assert "--allow-unauthenticated" in service["command"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in compose["services"]["ollama"]


def test_window_is_the_same_on_both_sides(compose):
    settings = load(ROOT / "config/examples/container.yaml", {}).settings
    window = settings.models[-1].target.context_window
    assert compose["services"]["ollama"]["environment"]["OLLAMA_CONTEXT_LENGTH"] == str(window)
    host = re.match(r"http://(\w+):", settings.providers["ollama"].base_url)
    assert host
    assert host[1] in compose["services"]
