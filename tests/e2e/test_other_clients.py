"""A browser's page must not reach a gateway without keys; a JVM's client must, with its defaults."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from gateway.testing.script import Reply

pytestmark = pytest.mark.e2e
CHROMIUM, JAVA = shutil.which("chromium"), shutil.which("java")
ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=8000 --dump-dom"
).split()
PAGE = """<!doctype html><title>page</title><pre id="log"></pre><script>
const body = %(body)s, log = document.getElementById("log");
const json = {"content-type": "application/json"}, plain = {"content-type": "text/plain"};
async function attempt(name, url, options) {
  try {
    const response = await fetch(url, options);
    log.textContent += name + ": " + response.type + " " + response.status + "\\n";
  } catch (error) { log.textContent += name + ": failed\\n"; }
}
(async () => {
  for (const host of ["127.0.0.1", "rebound.example"]) {
    const api = "http://" + host + ":%(port)d/v1";
    const post = {method: "POST", mode: "no-cors"};
    await attempt(host + " text", api + "/messages", {...post, headers: plain, body});
    await attempt(host + " form", api + "/messages", {...post, body: new URLSearchParams({a: body})});
    await attempt(host + " blob", api + "/messages", {...post, body: new Blob([body])});
    await attempt(host + " json", api + "/messages", {method: "POST", headers: json, body});
    await attempt(host + " models", api + "/models", {});
  }
  log.textContent += "done";
})();
</script>"""


class Page(http.server.BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def page(gateway):
    """The address of a web page that does what it can to use the gateway."""
    content = (PAGE % {"body": json.dumps(json.dumps(ASKED)), "port": gateway.port}).encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Site", (Page,), {"content": content}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://rebound.example:{server.server_address[1]}/"
    server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium)")
def test_a_web_page_reaches_no_gateway_without_keys(gateway, upstream, page, tmp_path):
    before = gateway.log.stat().st_size
    resolved = "--host-resolver-rules=MAP rebound.example 127.0.0.1"
    command = [CHROMIUM, *FLAGS, resolved, f"--user-data-dir={tmp_path}", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    shown = done.stdout
    assert "done</pre>" in shown, (shown, done.stderr[-2000:])
    assert "cors 200" not in shown
    assert "basic 200" not in shown
    assert upstream.chats() == []
    requests = [line for line in gateway.read_log(before).splitlines() if " request " in line]
    assert len(requests) >= 6, requests
    assert not [line for line in requests if " status=2" in line]


@pytest.mark.skipif(JAVA is None, reason="no JDK here (Debian: apt-get install default-jdk-headless)")
def test_a_jvms_own_client_works_with_its_defaults(gateway, upstream):
    upstream.script(default=Reply(text="fine"))
    streamed = json.dumps({**ASKED, "stream": True})
    source = Path(__file__).with_name("JvmClient.java")
    command = [JAVA, str(source), gateway.url, json.dumps(ASKED), streamed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    plain, stream, again = done.stdout.splitlines()
    for answer in (plain, again):
        assert answer.startswith("200 HTTP_1_1 ")
        assert json.loads(answer.removeprefix("200 HTTP_1_1 "))["content"][0]["text"] == "fine"
    assert stream.startswith("200 HTTP_1_1 event: message_start")
    assert "event: message_stop" in stream
    assert len(upstream.chats()) == 3
