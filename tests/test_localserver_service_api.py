"""The stand-in for Dify's Service API answers as Dify does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from localserver import SERVICE_API_KEYS, Config, LocalServer
from localserver.__main__ import configured, greeting, main, parser
from tests.conftest import END, Json, message

PING_INTERVAL = 0.3
CHAT, COMPLETION, WORKFLOW = "/chat-messages", "/completion-messages", "/workflows/run"
ROUTES = [CHAT, COMPLETION, WORKFLOW]


@pytest.fixture(scope="module")
def dify() -> Iterator[LocalServer]:
    """A server whose pings come often, with a completion app that reverse invocation breaks."""
    config = Config(service_api_ping=PING_INTERVAL, completion="broken", pace=0.01)
    with LocalServer.running(config) as running:
        yield running


def key(app: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SERVICE_API_KEYS[app]}"}


def post(dify: LocalServer, app: str, path: str, **body: Any) -> httpx.Response:
    whole = {"inputs": {}, "user": "ann", "response_mode": "streaming", **body}
    url = dify.service_api_url + path
    return httpx.post(url, headers=key(app), json=whole, timeout=20)


def play(dify: LocalServer, *steps: Json, path: str = CHAT) -> httpx.Response:
    return post(dify, "script", path, inputs={"script": steps}, query="play")


def events(response: httpx.Response) -> list[Json]:
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = response.content.split(b"\n\n")
    assert frames.pop() == b""
    data = [frame for frame in frames if frame != b"event: ping"]
    return [json.loads(frame.removeprefix(b"data: ")) for frame in data]


def error(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body["status"] == response.status_code
    assert response.headers["content-type"] == "application/json"
    return body["status"], body["code"], body["message"]


def wait_for_runs(dify: LocalServer, count: int) -> None:
    end = time.monotonic() + 5
    while dify.running_apps != count:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "Authorization header must be provided and start with 'Bearer'"),
        ({"Authorization": "Basic YTpi"}, "Authorization scheme must be 'Bearer'"),
        ({"Authorization": "Bearer app-wrong"}, "Access token is invalid"),
    ],
)
def test_a_key_is_needed(dify: LocalServer, headers: dict[str, str], says: str) -> None:
    for method, path in (("GET", "/info"), ("POST", CHAT), ("POST", "/chat-messages/t/stop")):
        response = httpx.request(method, dify.service_api_url + path, headers=headers, json={})
        assert error(response) == (401, "unauthorized", says)
        assert response.headers["www-authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("app", "path", "body", "expected"),
    [
        ("workflow", CHAT, {}, "not_chat_app"),
        ("chatbot", WORKFLOW, {}, "not_workflow_app"),
        ("chatbot", COMPLETION, {}, "app_unavailable"),
        ("workflow", "/chat-messages/t/stop", {}, "not_chat_app"),
        ("chatbot", CHAT, {"user": ""}, "Arg user must be provided."),
        ("agent", CHAT, {"query": ""}, "missing query"),
        ("chatbot", CHAT, {"query": "hi"}, "persona is required in input form"),
        ("workflow", WORKFLOW, {"inputs": {}}, "text is required in input form"),
        ("chatbot", CHAT, {"inputs": []}, "inputs: input should be a valid dict"),
        ("agent", CHAT, {"conversation_id": "x"}, "x is not a valid uuid."),
        (
            "agent",
            CHAT,
            {"query": "hi", "response_mode": "blocking"},
            "Agent Chat App does not support blocking mode",
        ),
    ],
)
def test_what_dify_refuses(
    dify: LocalServer, app: str, path: str, body: Json, expected: str
) -> None:
    status, code, text = error(post(dify, app, path, **body))
    assert status == 400
    assert expected == (text if code == "invalid_param" else code)


def test_unknown_paths_and_methods(dify: LocalServer) -> None:
    url = dify.service_api_url
    assert error(httpx.get(f"{url}/nothing"))[:2] == (404, "not_found")
    assert error(httpx.get(url + CHAT))[:2] == (405, "method_not_allowed")
    plain = httpx.post(url + CHAT, headers=key("agent"), content=b"{}")
    assert error(plain)[:2] == (415, "unsupported_media_type")


def test_a_completion_app_works_whatever_reverse_invocation_makes_of_it(dify: LocalServer) -> None:
    captures = Path(__file__).parent / "captures" / "v1.12.1"
    captured = (captures / "PATCHED-completion-streaming.jsonl").read_text("utf-8")
    response = post(dify, "completion", COMPLETION, inputs={"query": "good morning"})
    shapes = [
        [(event["event"], list(event), event.get("answer")) for event in stream]
        for stream in (events(response), map(json.loads, captured.splitlines()))
    ]
    assert shapes[0] == shapes[1]
    blocking = post(
        dify, "completion", COMPLETION, inputs={"query": "hi"}, response_mode="blocking"
    )
    assert blocking.json()["answer"] == "Hello, you said: hi\n"


def test_user_and_files_arrive(dify: LocalServer) -> None:
    files = [{"type": "image", "transfer_method": "remote_url", "url": "http://h/i.png"}]
    started = events(
        post(dify, "workflow", WORKFLOW, inputs={"text": "a"}, user="bob", files=files)
    )[0]
    assert started["data"]["inputs"]["sys.user_id"] == "bob"
    assert started["data"]["inputs"]["sys.files"] == files
    call = dify.service_api_calls[-1]
    assert (call["path"], call["app"]) == ("/v1/workflows/run", "workflow")
    assert (call["user"], call["files"]) == ("bob", files)
    assert not any(word in str(dify.service_api_calls) for word in SERVICE_API_KEYS.values())


def test_a_conversation_belongs_to_its_user(dify: LocalServer) -> None:
    number = events(post(dify, "chatflow", CHAT, query="hi"))[0]["conversation_id"]
    again = post(dify, "chatflow", CHAT, query="hi", conversation_id=number)
    assert events(again)[0]["data"]["inputs"]["sys.dialogue_count"] == 2
    for other in ({"user": "bob", "conversation_id": number}, {"conversation_id": "0" * 32}):
        answer = error(post(dify, "chatflow", CHAT, query="hi", **other))
        assert answer == (404, "not_found", "Conversation Not Exists.")


@pytest.mark.parametrize("path", ROUTES)
def test_a_script_runs_on_every_route(dify: LocalServer, path: str) -> None:
    response = play(dify, {"event": message("é\u2028")}, {"event": END}, path=path)
    assert "é\u2028".encode() in response.content
    assert events(response) == [message("é\u2028"), END]


def test_pings_come_before_the_first_event_too(dify: LocalServer) -> None:
    response = play(dify, {"sleep": 2.5 * PING_INTERVAL}, {"event": END})
    assert response.content.startswith(b"event: ping\n\nevent: ping\n\ndata: {")
    assert events(response) == [END]


def test_errors_before_and_in_a_stream(dify: LocalServer) -> None:
    failure = {"http_error": {"status": 429, "body": {"code": "busy", "status": 429}}}
    assert play(dify, failure).status_code == 429
    late = events(play(dify, {"event": message()}, failure))[-1]
    assert late == {"event": "error", "code": "busy", "status": 429}
    unexpected = events(post(dify, "agent", CHAT, query="!exception-mid a b"))[-1]
    assert (unexpected["event"], unexpected["code"]) == ("error", "internal_server_error")
    names = [event["event"] for event in events(post(dify, "agent", CHAT, query="!stop a"))]
    assert "message_end" not in names


@pytest.mark.parametrize("steps", [[], [{"event": message()}]])
def test_a_raise_cuts_the_connection(dify: LocalServer, steps: list[Json]) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        play(dify, *steps, {"raise": "broken off"})


@pytest.mark.parametrize(
    ("app", "path", "body", "stop", "last"),
    [
        (
            "chatbot",
            CHAT,
            {"query": "!silence a b", "inputs": {"persona": "x"}},
            "/chat-messages/{}/stop",
            ["message_end"],
        ),
        (
            "chatflow",
            CHAT,
            {"query": "!silence a b"},
            "/chat-messages/{}/stop",
            ["workflow_finished", "message_end"],
        ),
        (
            "completion",
            COMPLETION,
            {"inputs": {"query": "!silence a b"}},
            "/completion-messages/{}/stop",
            ["message_end"],
        ),
        (
            "workflow",
            WORKFLOW,
            {"inputs": {"text": "!silence a b"}},
            "/workflows/tasks/{}/stop",
            ["workflow_finished"],
        ),
    ],
)
def test_a_run_is_stopped_by_its_own_user(
    dify: LocalServer, app: str, path: str, body: Json, stop: str, last: list[str]
) -> None:
    whole = {"inputs": {}, "user": "ann", "response_mode": "streaming", **body}
    names: list[str] = []
    with httpx.stream(
        "POST", dify.service_api_url + path, headers=key(app), json=whole, timeout=5
    ) as response:
        for line in response.iter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line.removeprefix("data: "))
            names.append(event["event"])
            if len(names) == 2:
                task = stop.format(event["task_id"])
                for user in ("bob", "ann"):
                    answer = post(dify, app, task, user=user)
                    assert answer.json() == {"result": "success"}
                    assert dify.service_api_stops[-1] == event["task_id"]
                    assert user == "ann" or dify.running_apps == 1
    assert names[-len(last) :] == last
    if app in ("chatflow", "workflow"):
        assert not set(last) & set(names[: -len(last)])
    wait_for_runs(dify, 0)


def test_a_run_goes_on_when_its_reader_leaves(dify: LocalServer) -> None:
    steps = [{"event": message()}, {"sleep": 0.6}, {"event": END}]
    body = {"inputs": {"script": steps}, "user": "ann", "response_mode": "streaming"}
    url = dify.service_api_url + WORKFLOW
    with httpx.stream("POST", url, headers=key("script"), json=body) as response:
        next(response.iter_lines())
    time.sleep(0.2)
    assert dify.running_apps == 1
    wait_for_runs(dify, 0)


def test_connections_are_counted(dify: LocalServer) -> None:
    connections = dify.service_api_connections
    before = connections.open
    with httpx.Client(headers=key("chatbot")) as client:
        for _ in range(3):
            assert client.get(dify.service_api_url + "/info").status_code == 200
        assert connections.open == before + 1
        assert connections.most >= before + 1
    end = time.monotonic() + 2
    while connections.open != before:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_info_and_parameters(dify: LocalServer) -> None:
    with httpx.Client(base_url=dify.service_api_url, headers=key("agent")) as client:
        info, parameters = client.get("/info").json(), client.get("/parameters").json()
    assert set(info) == {"name", "description", "tags", "mode", "author_name"}
    assert (info["name"], info["mode"]) == ("agent", "agent-chat")
    assert len(parameters) == 12
    assert parameters["user_input_form"] == []


def test_a_real_app_is_added_as_mine(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "app-of-somebody-else"
    arguments = ["--service-api-url", "http://127.0.0.1:9/v1", "--service-api-key", secret]
    config = configured(parser().parse_args([*arguments, "--quiet"]))
    settings = config.endpoints["local"]
    assert yaml.safe_load(settings["service_api_keys"]) == {"mine": secret}
    assert {"mine", "chatbot"} <= set(yaml.safe_load(settings["apps"]))
    assert settings["service_api_url"] == "http://127.0.0.1:9/v1"
    assert "/e/local/apps/mine" in greeting(LocalServer(config))
    assert secret not in greeting(LocalServer(config))
    assert main([*arguments[:2], "--port", "0"]) == 1
    assert "need each other" in capsys.readouterr().err
