"""The plugin does what its OpenAPI document says: schemathesis tries it in every way it knows.

It runs as a process of its own: its pytest plugin would be imported before gevent has patched the
standard library.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from endpoints.http.routes import ROUTES
from localserver import APP_IDS, SERVICE_API_KEYS, Config, LocalServer
from tests.conftest import KEY, REPOSITORY, Json

pytestmark = pytest.mark.long

CASES = 1000
"""At least so many from the document that names the apps."""

APPS = {name: APP_IDS[name] for name in ("chatbot", "agent", "chatflow", "workflow", "completion")}
OVER_SERVICE_API = ("chatflow", "completion")
ENDPOINTS: dict[str, Json] = {
    "asked": {
        "api_key": KEY,
        "key_location": "header_or_query",
        "apps": json.dumps(APPS),
        "service_api_url": "{base_url}/v1",
        "service_api_keys": json.dumps({name: SERVICE_API_KEYS[name] for name in OVER_SERVICE_API}),
    },
}
KEY_HEADER = f"Authorization: Bearer {KEY}"
NOT_SERVED_YET = [] if "/files" in ROUTES else ["--exclude-path", "/files"]


@pytest.fixture(scope="module")
def asked() -> Iterator[LocalServer]:
    config = Config(endpoints=ENDPOINTS, pace=0, completion="mended")
    with LocalServer.running(config) as running:
        yield running


@pytest.mark.parametrize(("with_key", "cases"), [(True, CASES), (False, CASES // 2)])
def test_the_plugin_does_what_the_document_says(
    asked: LocalServer, tmp_path: Path, with_key: bool, cases: int
) -> None:
    url, pid = asked.url("asked"), asked.plugin_pid
    file = tmp_path / "openapi.json"
    headers = dict([KEY_HEADER.split(": ", 1)]) if with_key else {}
    file.write_bytes(httpx.get(f"{url}/openapi.json", headers=headers, timeout=30).content)
    config = Path(__file__).with_name("schemathesis.toml")
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run", str(file),
        "--url", url, "--header", KEY_HEADER, "--max-examples", "40", "--continue-on-failure",
        "--warnings", "off", *(["--seed", "1"] if os.environ.get("CI") else []), *NOT_SERVED_YET,
    ]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks",
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    generated = re.search(r"([\d,]+) generated", done.stdout)
    assert generated is not None, done.stdout[-2_000:]
    assert int(generated[1].replace(",", "")) >= cases
    assert (asked.plugin_pid, asked.restarts, asked.bad_lines) == (pid, 0, 0)
    assert not any(KEY in line or "Traceback" in line for line in asked.plugin_log)
