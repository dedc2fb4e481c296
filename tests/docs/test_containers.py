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

from gateway.settings.loading.load import load_config
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


def test_compose_file_keeps_the_specification(compose):
    # Merge keys are YAML's business, not the specification's: it is given what they amount to.
    # It knows no `host-gateway`, which Docker turns into an address.
    merged = yaml.safe_dump(compose).replace("host-gateway", "172.17.0.1")
    assert set(PyCompose.from_yaml(merged).service_names()) == set(compose["services"])


def test_only_the_gateway_ollama_and_its_model_start_by_themselves(compose):
    unasked = {name for name, service in compose["services"].items() if "profiles" not in service}
    assert unasked == {"gateway", "ollama", "model"}


def test_what_a_service_waits_for_starts_with_it(compose):
    for service in compose["services"].values():
        for needed in service.get("depends_on", {}):
            profiles = compose["services"][needed].get("profiles")
            assert profiles in (None, service.get("profiles"))


def test_set_ups_that_run_at_once_take_ports_of_their_own(compose):
    """`--profile team up` starts what has no profile, too."""
    ports = [port.split(":")[-2] for one in compose["services"].values() for port in one.get("ports", ())]
    assert sorted(ports) == ["8080", "8081", "8082", "8083", "8084", "8085"]
    assert COMPOSE.count("${PORT:-") == len(ports), (
        "and one that takes the place of another can have its port"
    )


def test_several_workers_have_a_place_for_their_metrics(compose):
    for name in GATEWAYS:
        assert compose["services"][name]["read_only"]
        assert compose["services"][name]["tmpfs"] == ["/tmp"]


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


GATEWAYS = ("gateway", "gpu", "llamacpp", "team", "one", "host")


@pytest.mark.parametrize("name", GATEWAYS)
def test_composed_gateway_serves_and_its_health_check_sees_it(compose, tmp_path, name):
    service = compose["services"][name]
    mounted, target, mode = service["volumes"][0].split(":")
    image = environ_of_the_image()
    assert (target, mode) == (str(Path(image["GATEWAY_CONFIG"]).parent), "ro")
    verb, *options = service["command"]
    assert verb == "serve"
    inside = image["GATEWAY_CONFIG"]
    if "--config" in options:
        at = options.index("--config")
        inside = options[at + 1]
        del options[at : at + 2]
    # What differs from the container: where the folder is, and that no test listens beyond this machine.
    config = ROOT / mounted / Path(inside).name
    environ = {**service.get("environment", {}), "HOST": "127.0.0.1", "PORT": str(free_port())}
    gateway = GatewayProcess.start(config, tmp_path / "gateway.log", arguments=options, environ=environ)
    try:
        assert healthy(gateway.port)
    finally:
        gateway.stop()
    assert not healthy(gateway.port)


def test_the_teams_gateway_refuses_to_serve_everyone_without_its_key(compose):
    verb, *_ = compose["services"]["team"]["command"]
    config = str(ROOT / "config/compose/team.yaml")
    for key, refused in (("", True), ("k", False)):
        done = run(
            ["gateway", "check", "--config", config], {**os.environ, "HOST": "0.0.0.0", "TEAM_KEY": key}
        )
        assert (done.returncode == 1) is refused
    assert verb == "serve"
    assert "--allow-unauthenticated" not in compose["services"]["team"]["command"]


def test_gateways_without_keys_are_published_on_this_machine_alone(compose):
    for service in compose["services"].values():
        if "--allow-unauthenticated" in service.get("command", ()):
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert all("ports" not in compose["services"][name] for name in ("ollama", "ollama-gpu", "llama-server"))


def test_window_is_the_same_on_both_sides(compose):
    ollama = load_config(ROOT / "config/compose/gateway.yaml", {}).settings
    for name in ("ollama", "ollama-gpu"):
        said = compose["services"][name]["environment"]["OLLAMA_CONTEXT_LENGTH"]
        assert said == str(ollama.models[-1].target.context_window)
    command = compose["services"]["llama-server"]["command"]
    llamacpp = load_config(ROOT / "config/compose/llamacpp.yaml", {}).settings
    assert command[command.index("-c") + 1] == str(llamacpp.models[-1].target.context_window)


def test_the_model_that_is_pulled_is_the_one_that_is_asked_for(compose):
    settings = load_config(ROOT / "config/compose/gateway.yaml", {}).settings
    assert compose["services"]["model"]["command"] == ["pull", settings.models[-1].target.model]


@pytest.mark.parametrize("name", ["gateway", "llamacpp"])
def test_upstreams_are_services_of_the_same_file(compose, name):
    for provider in load_config(ROOT / f"config/compose/{name}.yaml", {}).settings.providers.values():
        host = re.match(r"http://([\w-]+):", provider.base_url)
        assert host
        assert host[1] in compose["services"]


def test_the_balancer_asks_both_gateways_and_holds_nothing_back():
    balancer = (ROOT / "config/compose/nginx.conf").read_text()
    assert {"server one:8080;", "server two:8080;"} <= {line.strip() for line in balancer.splitlines()}
    assert "proxy_buffering off;" in balancer
    assert "x_claude_code_session_id" in balancer
