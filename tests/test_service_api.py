"""What only the second way to an app can do, and what only there can go wrong."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from endpoints.http.errors import AppError
from localserver import APP_IDS, SERVICE_API_KEYS, Config, Limits, LocalServer
from provider.service_api import _event
from provider.service_api_client import ServiceApiClient
from tests.conftest import END, KEY, Client, Json, message

FILE = {"type": "image", "transfer_method": "remote_url", "url": "https://pictures.example/y.png"}


def endpoint(url: str, keys: Json) -> dict[str, Any]:
    return {
        "api_key": KEY,
        "apps": json.dumps(APP_IDS),
        "service_api_url": url,
        "service_api_keys": json.dumps(keys),
    }


@pytest.fixture(scope="module")
def broken() -> Iterator[LocalServer]:
    """Dify as it is: completion apps fail over reverse invocation; and Service APIs that fail."""
    endpoints = {
        "keyless": {"api_key": KEY, "apps": json.dumps(APP_IDS)},
        "service": endpoint("{base_url}/v1", SERVICE_API_KEYS),
        "wrong_key": endpoint("{base_url}/v1", {"chatbot": "app-not-the-s3cret-key"}),
        "nowhere": endpoint("http://127.0.0.1:1/v1", {"chatbot": "app-s3cret"}),
        "no_api": endpoint("{base_url}/nothing", {"chatbot": "app-s3cret"}),
        "unresolvable": endpoint("http://no-such-host.invalid/v1", {"chatbot": "app-s3cret"}),
    }
    config = Config(endpoints=endpoints, completion="broken", pace=0.02)
    with LocalServer.running(config) as running:
        yield running


def client_of(server: LocalServer, hook: str) -> Client:
    return Client(server.url(hook))


def test_user_and_files_arrive(server: LocalServer, service: Client) -> None:
    body = {"query": "hi", "inputs": {"persona": "x"}, "user": "alice", "files": [FILE]}
    assert service.run("/chat/chatbot", body).status == 200
    call = server.service_api_calls[-1]
    assert (call["user"], call["files"]) == ("alice", [FILE])
    assert service.run("/chat/chatbot", {"query": "hi", "inputs": {"persona": "x"}}).status == 200
    assert server.service_api_calls[-1]["user"] == "app-proxy"


def test_apps_without_a_key_stay_with_reverse_invocation(server: LocalServer) -> None:
    calls = len(server.service_api_calls)
    with client_of(server, "tests") as client:
        client.run("/chat/agent", {"query": "hello"})
    assert len(server.service_api_calls) == calls


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream", "text/plain", "application/json"])
def test_a_completion_app_runs_in_every_format(broken: LocalServer, accept: str) -> None:
    body = {"query": "good morning"}
    with client_of(broken, "service") as client:
        answer = client.run("/completion/completion", body, headers={"Accept": accept})
    assert answer.status == 200
    if accept == "*/*":
        assert answer.events[-1]["event"] == "message_end"
    assert b"morning" in answer.body


def test_a_completion_app_without_a_key_tells_which_setting_helps(broken: LocalServer) -> None:
    with client_of(broken, "keyless") as client:
        for mode in ("streaming", "blocking"):
            body = {"query": "hi", "response_mode": mode}
            error = client.run("/completion/completion", body).assert_error(502, "app_error")
            assert "service_api_keys" in error["message"]


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ("wrong_key", "Service API key of this app is not accepted"),
        ("nowhere", "127.0.0.1:1"),
        ("no_api", ""),
        ("unresolvable", "no-such-host.invalid"),
    ],
)
def test_a_service_api_that_does_not_answer(broken: LocalServer, hook: str, says: str) -> None:
    with client_of(broken, hook) as client:
        for path in ("/chat/chatbot", "/apps/chatbot"):
            error = client.run(path, {"query": "hi"}).assert_error(502, "app_error")
            assert says in error["message"]
            assert "s3cret" not in json.dumps(error)
    assert not any("s3cret" in line for line in broken.plugin_log)


def test_a_conversation_that_dify_does_not_know(service: Client) -> None:
    body = {"query": "hi", "inputs": {"persona": "x"}}
    body["conversation_id"] = "12345678-1234-4234-8234-123456789012"
    service.run("/chat/chatbot", body).assert_error(404, "conversation_not_found")


def test_a_connection_that_breaks(service: Client) -> None:
    broken = {"raise": "whatever"}
    last = service.play({"event": message()}, broken).events[-1]
    assert (last["status"], last["code"]) == (502, "incomplete_stream")
    service.play({"event": message()}, broken, blocking=True).assert_error(502, "incomplete_stream")


def test_a_refusal_of_dify(service: Client) -> None:
    refusal = {"http_error": {"status": 429, "body": {"code": "rate_limit_error", "message": "no"}}}
    service.play(refusal).assert_error(429, "rate_limit_error")


def test_difys_pings_become_the_plugins_own(service: Client) -> None:
    answer = service.play({"event": message()}, {"sleep": 11}, {"event": END})
    assert [event["event"] for event in answer.events] == ["message", "ping", "message_end"]


def wait_for(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert condition()


def test_a_run_that_hits_the_time_limit_is_stopped() -> None:
    endpoints = {"service": endpoint("{base_url}/v1", SERVICE_API_KEYS)}
    config = Config(endpoints=endpoints, limits=Limits(max_execution_timeout=12))
    with LocalServer.running(config) as server, client_of(server, "service") as client:
        steps: list[Any] = [{"event": message(task_id="t-1")}, {"hang": True}]
        assert client.play(*steps).events[-1]["code"] == "app_timeout"
        wait_for(lambda: server.service_api_stops == ["t-1"], 5)


def test_a_run_that_waits_for_a_person_is_not_stopped(server: LocalServer, service: Client) -> None:
    stops = len(server.service_api_stops)
    pause = {"event": "workflow_paused", "task_id": "t-3", "workflow_run_id": "w", "data": {}}
    assert service.play({"event": pause}).events == [pause]
    service.play({"event": END})
    assert server.service_api_stops[stops:] == []


@pytest.mark.long
def test_a_run_whose_caller_left_is_stopped(server: LocalServer, service: Client) -> None:
    stops = len(server.service_api_stops)
    steps = [{"event": message("{n}", task_id="t-2"), "repeat": 1000, "every": 0.1}]
    body = {"query": "x", "inputs": {"script": steps}}
    with service.stream("POST", server.url("service") + "/chat/script", json=body) as response:
        next(response.iter_raw())
    wait_for(lambda: server.service_api_stops[stops:] == ["t-2"], 30)


@pytest.mark.long
def test_200_streams_at_once() -> None:
    endpoints = {"service": endpoint("{base_url}/v1", SERVICE_API_KEYS)}
    with LocalServer.running(Config(endpoints=endpoints)) as server:

        def run(number: int) -> list[Json]:
            with client_of(server, "service") as client:
                steps = [{"event": message("{n}", stream=number), "repeat": 40, "every": 0.1}]
                return client.play(*steps, {"event": END}).events

        with ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(run, range(200)))
        for number, events in enumerate(answers):
            pieces = [event for event in events if event["event"] == "message"]
            assert [piece["answer"] for piece in pieces] == [f"piece {n} " for n in range(40)]
            assert {piece["stream"] for piece in pieces} == {number}
            assert events[-1] == END
        assert server.service_api_connections.most <= 800


def test_events_that_only_python_can_write_come_through(service: Client) -> None:
    event = message(0, n=2**70, text="\u2028")
    assert service.play({"event": event}, {"event": END}).events == [event, END]


def test_what_is_no_event_is_not_relayed(service: Client) -> None:
    odd_names: list[Any] = [[], {}, 5, None]
    for odd in odd_names:
        assert service.play({"event": {"event": odd}}, {"event": END}).events == [END]


def test_odd_frames_and_hosts() -> None:
    assert _event('{"event": "message", "n": NaN}') is not None
    assert _event('{"event": "message", "answer": "\\ud83d"}') == {
        "event": "message",
        "answer": "\ud83d",
    }
    for data in ("", "5", "nonsense", "[" * 100_000):
        assert _event(data) is None
    for host in ("a..b", "x" * 70):
        with pytest.raises(AppError) as refusal:
            ServiceApiClient(f"http://{host}/v1", "app-s3cret").get("/info")
        assert host in refusal.value.message
