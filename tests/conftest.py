"""A real plugin process behind the local server, and a client for it."""

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings

from localserver import APP_IDS, SERVICE_API_KEYS, Config, LocalServer

# elsewhere each run looks at other examples; CI judges a change and not its luck
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

type Json = dict[str, Any]

REPOSITORY = Path(__file__).parent.parent
UNLIMITED = httpx.Limits(max_connections=None)
KEY = "a-key-for-the-tests"
SCRIPT, REPLAY = APP_IDS["script"], APP_IDS["replay"]
UNEXPOSED = "99999999-9999-4999-8999-999999999999"
ORIGINS = "https://Shop.example:443, http://localhost:3000 app://shell"

ENDPOINTS: dict[str, Json] = {
    "tests": {"api_key": KEY, "apps": json.dumps(APP_IDS)},
    "service": {
        "api_key": KEY,
        "apps": json.dumps(APP_IDS),
        "service_api_url": "{base_url}/v1",
        "service_api_keys": json.dumps(SERVICE_API_KEYS),
    },
    "every": {"api_key": KEY, "apps": "*", "app": {"app_id": APP_IDS["chatbot"]}},
    "open": {"key_location": "none", "apps": "*"},
    "broken": {"api_key": KEY, "apps": "{a: secret-not-an-id}"},
    "pages": {"api_key": KEY, "apps": json.dumps(APP_IDS), "cors_origins": ORIGINS},
    "broken-pages": {"api_key": KEY, "apps": "{a: secret-not-an-id}", "cors_origins": ORIGINS},
    "any-page": {"api_key": KEY, "apps": json.dumps(APP_IDS), "cors_origins": "*"},
    "no-page": {"api_key": KEY, "apps": json.dumps(APP_IDS), "cors_origins": "s3cret.example"},
}


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    config = Config(endpoints=ENDPOINTS, pace=0.03, completion="mended")
    with LocalServer.running(config) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_went_wrong_unseen(request: pytest.FixtureRequest) -> Iterator[None]:
    """The wire stays clean, and the process stays up, whatever a test sends."""
    if "server" not in request.fixturenames:
        yield
        return
    running: LocalServer = request.getfixturevalue("server")
    bad_lines, restarts, pid = running.bad_lines, running.restarts, running.plugin_pid
    yield
    assert running.bad_lines == bad_lines, "the plugin printed something that is no message"
    assert (running.restarts, running.plugin_pid) == (restarts, pid), "the plugin died"
    for line in running.plugin_log:
        assert "Traceback" not in line
        for key in (KEY, *SERVICE_API_KEYS.values()):
            assert key not in line


@pytest.fixture(scope="session")
def reverse(server: LocalServer) -> Iterator["Client"]:
    """A client whose apps are reached by reverse invocation."""
    with Client(server.url("tests")) as made:
        yield made


@pytest.fixture(scope="session")
def service(server: LocalServer) -> Iterator["Client"]:
    """A client whose apps are reached over the Service API."""
    with Client(server.url("service")) as made:
        yield made


@pytest.fixture(scope="session", params=["reverse", "service"])
def client(request: pytest.FixtureRequest) -> "Client":
    """Either of the two: what callers see is the same."""
    made: Client = request.getfixturevalue(request.param)
    return made


@dataclasses.dataclass
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes
    arrivals: list[float]

    @property
    def events(self) -> list[Json]:
        assert self.headers["content-type"] == "application/x-ndjson; charset=utf-8"
        assert self.body.endswith(b"\n")
        return [json.loads(line) for line in self.body.split(b"\n")[:-1]]

    @property
    def json(self) -> Json:
        assert self.headers["content-type"] == "application/json"
        value: Json = json.loads(self.body)
        return value

    def assert_error(self, status: int, code: str) -> Json:
        """The envelope, on every failure path."""
        error = self.json
        assert (self.status, error["code"]) == (status, code), error
        assert set(error) == {"code", "message", "status", "request_id"}
        assert error["status"] == status
        assert error["request_id"] == self.headers["x-request-id"]
        assert isinstance(error["message"], str)
        assert error["message"].strip()
        return error


class Client(httpx.Client):
    """An HTTP client that presents the key and notes when each piece of an answer came."""

    def __init__(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {KEY}", "Accept": "*/*"}
        super().__init__(timeout=60, headers=headers, verify=False, limits=UNLIMITED)
        self._url = url

    def call(self, method: str, path: str, **kwargs: Any) -> Answer:
        with self.stream(method, self._url + path, **kwargs) as response:
            pieces, arrivals = [], []
            for piece in response.iter_raw():
                pieces.append(piece)
                arrivals.append(time.monotonic())
        return Answer(response.status_code, response.headers, b"".join(pieces), arrivals)

    def run(self, path: str, body: Json | None = None, **kwargs: Any) -> Answer:
        return self.call("POST", path, json=body if body is not None else {}, **kwargs)

    def play(
        self, *steps: object, blocking: bool = False, kind: str = "chat", **kwargs: Any
    ) -> Answer:
        """Run the app that does what the steps say."""
        body: Json = {"inputs": {"script": list(steps)}}
        if kind == "chat":
            body["query"] = "play"
        if blocking:
            body["response_mode"] = "blocking"
        return self.run(f"/{kind}/script", body, **kwargs)


@pytest.fixture
def plugin_copy(tmp_path: Path) -> Path:
    """The plugin's files somewhere else, for tests that break it on purpose."""
    for name in ("manifest.yaml", "main.py", "endpoints", "group", "provider", "_assets"):
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def message(number: int | str = 0, /, **more: object) -> Json:
    ids = {"task_id": "t", "message_id": "m", "conversation_id": "c", "id": "m"}
    return {"event": "message", "answer": f"piece {number} ", **ids, **more}


END: Json = {
    "event": "message_end",
    "task_id": "t",
    "message_id": "m",
    "conversation_id": "c",
    "metadata": {"usage": {}},
}
