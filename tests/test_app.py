"""What starting costs: the application imports nothing that it does not need before the first request."""

import subprocess
import sys

import pytest

START = """
import sys
from gateway.app import create_app
from gateway.settings.models import Provider, Settings

create_app(Settings(providers={"up": Provider("openai", "http://127.0.0.1:9/v1")}))
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    done = subprocess.run([sys.executable, "-c", START], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("heavy", ["pydantic", "tiktoken", "openai", "anthropic", "polyfactory"])
def test_start_is_lean(imported: set[str], heavy: str):
    """pydantic is installed wherever an SDK is, and the web framework would take it up."""
    assert "litestar" in imported
    assert heavy not in imported
