"""Two endpoints of one process never see each other's settings, and streams never mix."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from localserver import APP_IDS, Config, LocalServer
from tests.conftest import Client

KEYS = {"one": "key-of-endpoint-one", "two": "key-of-endpoint-two"}
APPS = {"one": "chatbot", "two": "agent"}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    endpoints = {
        hook: {"api_key": KEYS[hook], "apps": f"{{mine: {APP_IDS[APPS[hook]]}}}"} for hook in KEYS
    }
    with LocalServer.running(Config(endpoints=endpoints, pace=0.005)) as running:
        yield running


def test_settings_never_mix(server: LocalServer) -> None:
    def call(n: int) -> None:
        hook = ("one", "two")[n % 2]
        other = ("two", "one")[n % 2]
        body = {"query": f"call number {n}", "inputs": {"persona": "x"}}
        with Client(server.url(hook)) as client:
            right = {"Authorization": f"Bearer {KEYS[hook]}"}
            own = client.run("/chat/mine", body, headers=right)
            foreign_app = client.run(f"/chat/{APP_IDS[APPS[other]]}", body, headers=right)
            foreign = client.run("/chat/mine", body, headers={"X-API-Key": KEYS[other]})
        foreign.assert_error(401, "unauthorized")
        foreign_app.assert_error(403, "app_not_allowed")
        names = {event["event"] for event in own.events}
        assert ("agent_message" in names) == (hook == "two")
        answer = "".join(event.get("answer", "") for event in own.events)
        assert answer.endswith(f"call number {n}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(call, range(200)))
