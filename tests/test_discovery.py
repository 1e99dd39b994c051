"""What an endpoint tells of its apps, and to whom."""

import json
from collections.abc import Iterator

import pytest

from localserver import APP_IDS, Config, LocalServer
from tests.conftest import KEY, UNEXPOSED, Client

NO_KEY = {"Authorization": ""}
PARAMETERS = {"user_input_form", "file_upload", "system_parameters", "opening_statement"}


def test_the_apps_are_listed_as_the_settings_have_them(client: Client) -> None:
    answer = client.call("GET", "/apps")
    assert answer.status == 200
    assert answer.json == {
        "data": [{"name": name, "app_id": app_id} for name, app_id in APP_IDS.items()]
    }


def test_apps_without_a_name_and_every_app(server: LocalServer) -> None:
    with Client(server.url("every")) as every:
        default = {"name": "default", "app_id": APP_IDS["chatbot"]}
        assert every.call("GET", "/apps").json == {"data": [default], "any": True}
    with Client(server.url("open")) as anyone:
        answer = anyone.call("GET", "/apps", headers=NO_KEY)
        assert answer.json == {"data": [], "any": True}


def test_an_app_is_described(client: Client) -> None:
    by_name = client.call("GET", "/apps/chatbot")
    by_id = client.call("GET", f"/apps/{APP_IDS['chatbot'].upper()}")
    assert by_name.status == 200
    assert by_name.json == by_id.json
    described = by_name.json
    assert set(described) >= PARAMETERS
    assert (described["app_id"], described["name"]) == (APP_IDS["chatbot"], "chatbot")
    names = [spec["variable"] for entry in described["user_input_form"] for spec in entry.values()]
    assert "persona" in names


def test_how_an_app_is_reached_is_told(reverse: Client, service: Client) -> None:
    described = reverse.call("GET", "/apps/workflow").json
    assert described["via"] == "reverse_invocation"
    assert "mode" not in described
    described = service.call("GET", "/apps/workflow").json
    assert (described["via"], described["mode"]) == ("service_api", "workflow")


def test_an_app_without_a_name_is_described(server: LocalServer) -> None:
    with Client(server.url("every")) as every:
        assert every.call("GET", f"/apps/{APP_IDS['agent']}").json["name"] is None
        assert every.call("GET", f"/apps/{APP_IDS['chatbot']}").json["name"] == "default"
        every.call("GET", f"/apps/{UNEXPOSED}").assert_error(404, "app_not_found")


def test_nothing_is_told_without_a_key(client: Client) -> None:
    for path in ("/apps", "/apps/chatbot", "/apps/nothing", f"/apps/{UNEXPOSED}"):
        for headers in (NO_KEY, {"Authorization": "Bearer wrong-wrong-wrong"}):
            answer = client.call("GET", path, headers=headers)
            answer.assert_error(401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
            assert b"chatbot" not in answer.body


def test_apps_that_are_not_exposed_are_not_described(client: Client) -> None:
    client.call("GET", f"/apps/{UNEXPOSED}").assert_error(403, "app_not_allowed")
    client.call("GET", "/apps/nothing").assert_error(404, "app_not_found")


def test_head_and_methods_that_are_not_served(client: Client) -> None:
    for path in ("/apps", "/apps/chatbot"):
        answer = client.call("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["content-type"] == "application/json"
    answer = client.call("POST", "/apps")
    answer.assert_error(405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = client.call("PUT", "/apps/chatbot")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


KEYS = {"one": "key-of-endpoint-one", "two": "key-of-endpoint-two"}
UNREACHABLE = {
    "api_key": KEY,
    "apps": json.dumps(APP_IDS),
    "service_api_url": "http://127.0.0.1:9/v1",
    "service_api_keys": json.dumps({"chatbot": "app-s3cret"}),
}
WRONG_KEY = UNREACHABLE | {"service_api_url": "{base_url}/v1"}


@pytest.fixture(scope="module")
def others() -> Iterator[LocalServer]:
    endpoints = {
        "one": {"api_key": KEYS["one"], "apps": f"{{mine: {APP_IDS['chatbot']}}}"},
        "two": {"api_key": KEYS["two"], "apps": f"{{mine: {APP_IDS['agent']}}}"},
        "unreachable": UNREACHABLE,
        "wrong-key": WRONG_KEY,
    }
    with LocalServer.running(Config(endpoints=endpoints)) as running:
        yield running


def test_an_endpoint_never_tells_of_another_s_apps(others: LocalServer) -> None:
    with Client(others.url("one")) as one, Client(others.url("two")) as two:
        for client, hook, app, foreign in (
            (one, "one", "chatbot", "agent"),
            (two, "two", "agent", "chatbot"),
            (one, "one", "chatbot", "agent"),
        ):
            key = {"Authorization": f"Bearer {KEYS[hook]}"}
            listed = client.call("GET", "/apps", headers=key)
            assert listed.json == {"data": [{"name": "mine", "app_id": APP_IDS[app]}]}
            described = client.call("GET", "/apps/mine", headers=key).json
            assert described["app_id"] == APP_IDS[app]
            assert bool(described["user_input_form"]) == (app == "chatbot")
            answer = client.call("GET", f"/apps/{APP_IDS[foreign]}", headers=key)
            answer.assert_error(403, "app_not_allowed")


@pytest.mark.parametrize("hook", ["unreachable", "wrong-key"])
def test_a_dify_that_does_not_tell_is_a_502(others: LocalServer, hook: str) -> None:
    with Client(others.url(hook)) as client:
        answer = client.call("GET", "/apps/chatbot")
        answer.assert_error(502, "app_error")
        assert b"s3cret" not in answer.body


def test_a_form_is_asked_for_once_a_minute(server: LocalServer) -> None:
    def asked() -> int:
        return sum(call["type"] == "fetch_app" for call in server.invocations)

    with Client(server.url("pages")) as client:
        client.call("GET", "/apps/chatflow")
        before = asked()
        for _ in range(20):
            assert client.call("GET", "/apps/chatflow").status == 200
        assert asked() == before
