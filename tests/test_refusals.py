"""Every failure path gives the contract's answer, and the process goes on serving."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localserver import APP_IDS, Config, LocalServer
from tests.conftest import END, ENDPOINTS, KEY, UNEXPOSED, Answer, Client, message

CAPTURES = Path(__file__).parent / "captures"
HELLO = {"query": "hello", "inputs": {"persona": "pirate"}}


@pytest.fixture(autouse=True)
def goes_on_serving(reverse: Client) -> Iterator[None]:
    yield
    assert reverse.play({"event": END}).events == [END]


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {"Authorization": ""}])
def test_a_wrong_key(client: Client, headers: dict[str, str]) -> None:
    for path in ("/chat/chatbot", "/apps/nothing", f"/workflow/{UNEXPOSED}"):
        answer = client.call("POST", path, headers=headers, content=b"{not json")
        answer.assert_error(401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_apps_that_can_not_be_called(client: Client, server: LocalServer) -> None:
    client.run(f"/chat/{UNEXPOSED}", HELLO).assert_error(403, "app_not_allowed")
    client.run("/chat/nothing", HELLO).assert_error(404, "app_not_found")
    client.run("/chat/default", HELLO).assert_error(404, "app_not_found")
    with Client(server.url("every")) as every:
        every.run(f"/chat/{UNEXPOSED}", HELLO).assert_error(404, "app_not_found")
        assert every.run("/chat/default", HELLO).status == 200


def test_malformed_requests(client: Client) -> None:
    def post(content: bytes, **headers: str) -> Answer:
        return client.call("POST", "/chat/chatbot", content=content, headers=headers)

    post(b"{").assert_error(400, "invalid_param")
    post(b'{"query": "\\ud800"}').assert_error(400, "invalid_param")
    post(b"<x/>", **{"Content-Type": "text/xml"}).assert_error(415, "unsupported_media_type")
    post(b"{}", **{"Content-Encoding": "gzip"}).assert_error(415, "unsupported_media_type")
    client.run("/chat/chatbot", {}).assert_error(400, "invalid_param")
    client.run("/chat/chatbot", {"query": " "}).assert_error(400, "invalid_param")
    client.run("/workflow/workflow", HELLO).assert_error(400, "invalid_param")


def test_files_that_can_not_be_delivered(reverse: Client) -> None:
    files = [{"type": "image", "transfer_method": "remote_url", "url": "http://x/y.png"}]
    answer = reverse.run("/chat/chatbot", {**HELLO, "files": files})
    assert "service_api_keys" in answer.assert_error(400, "invalid_param")["message"]


@pytest.mark.parametrize("size", [10 * 1024 * 1024, 10 * 1024 * 1024 + 1])
def test_a_body_that_the_daemon_cuts(client: Client, size: int) -> None:
    body = b'{"query":"' + b"x" * (size - 12) + b'"}'
    client.call("POST", "/chat/chatbot", content=body).assert_error(413, "payload_too_large")


@pytest.mark.parametrize("size", [4_720_000, 6_000_000])
def test_inputs_that_would_kill_the_plugin(reverse: Client, size: int) -> None:
    inputs = {"persona": "x" * size}
    answer = reverse.run("/chat/chatbot", {"query": "hello", "inputs": inputs})
    answer.assert_error(413, "payload_too_large")


def test_inputs_that_grow_on_the_wire(reverse: Client) -> None:
    answer = reverse.run("/chat/chatbot", {"query": "hello", "inputs": {"a": '"' * 2_400_000}})
    answer.assert_error(413, "payload_too_large")
    answer = reverse.run("/chat/script", {"query": "hello", "inputs": {"a": "\0" * 780_000}})
    answer.assert_error(400, "invalid_param")  # it arrived, and is no script


@pytest.mark.parametrize("depth", [100, 200, *range(235, 260), 500, 1000])
def test_deep_inputs_are_passed_on_or_refused(client: Client, depth: int) -> None:
    inputs = '{"a":' * depth + "1" + "}" * depth
    body = b'{"query":"x","inputs":' + inputs.encode() + b"}"
    answer = client.call("POST", "/chat/script", content=body)
    answer.assert_error(400, "invalid_param")  # it is no script, if it arrived


def test_paths_and_methods(client: Client) -> None:
    for path in ("/nothing", "/chat", "/chat/", "/chat/a/b", "/chat//a"):
        client.call("POST", path).assert_error(404, "not_found")
    for method in ("GET", "PUT", "DELETE"):
        answer = client.call(method, "/chat/chatbot")
        answer.assert_error(405, "method_not_allowed")
        assert "POST" in answer.headers["allow"]
    assert client.call("HEAD", "/chat/chatbot").status == 405
    answer = client.call("OPTIONS", "/workflow/workflow")
    assert (answer.status, answer.headers["allow"]) == (204, "OPTIONS, POST")
    client.call("OPTIONS", "/nothing").assert_error(404, "not_found")


def test_settings_that_can_not_be_understood(server: LocalServer) -> None:
    with Client(server.url("broken")) as broken:
        error = broken.run("/chat/chatbot", HELLO).assert_error(500, "invalid_settings")
    assert "apps" in error["message"]
    assert "secret" not in error["message"]


def test_without_authentication_nobody_needs_a_key(server: LocalServer) -> None:
    with Client(server.url("open")) as anyone:
        answer = anyone.run(f"/chat/{APP_IDS['chatbot']}", HELLO, headers={"Authorization": ""})
    assert answer.status == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1._Z", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False)],
)
def test_request_ids(client: Client, given: str, kept: bool) -> None:
    for path in ("/chat/agent", "/chat/nothing", "/nothing"):
        answer = client.run(path, {"query": "hello"}, headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) == kept
        assert answer.headers["x-request-id"]


BODIES = sorted(
    path.relative_to(CAPTURES)
    for path in CAPTURES.glob("*/*.body.json")
    if "status" in path.read_text()
)


@pytest.mark.parametrize("path", BODIES, ids=str)
@pytest.mark.parametrize("mode", ["streaming", "blocking"])
def test_every_captured_error_body(client: Client, path: Path, mode: str) -> None:
    captured = json.loads((CAPTURES / path).read_text())
    answer = client.run("/apps/replay", {"inputs": {"file": str(path)}, "response_mode": mode})
    assert answer.status in {404, 502} or answer.json["message"] == captured["message"]
    answer.assert_error(answer.status, answer.json["code"])


def test_difys_error_first(client: Client) -> None:
    for blocking in (False, True):
        answer = client.play(
            {"event": {"event": "error", "status": 400, "code": "quota", "message": "enough"}},
            blocking=blocking,
        )
        assert answer.assert_error(400, "quota")["message"] == "enough"
        answer = client.play({"raise": "read app failed: request failed: x"}, blocking=blocking)
        answer.assert_error(502, "app_error")


def test_difys_error_in_mid_stream(client: Client) -> None:
    error = {"event": "error", "status": 400, "code": "quota", "message": "enough"}
    assert client.play({"event": message()}, {"event": error}).events == [message(), error]
    client.play({"event": message()}, {"event": error}, blocking=True).assert_error(400, "quota")
    last = client.play({"event": message()}, {"raise": "read app failed: unexpected EOF"}).events[1]
    assert (last["event"], last["status"], last["code"]) == ("error", 502, "incomplete_stream")


def test_a_stream_that_stops(client: Client) -> None:
    answer = client.play({"event": message()}, {"event": message(1)})
    *events, last = answer.events
    assert events == [message(), message(1)]
    assert last["code"] == "incomplete_stream"
    assert last["request_id"] == answer.headers["x-request-id"]
    client.play({"event": message()}, blocking=True).assert_error(502, "incomplete_stream")
    client.play().assert_error(502, "incomplete_stream")


@pytest.mark.parametrize(
    ("file", "find", "status"),
    [
        ("provider/reverse_invocation.py", "        arguments = _arguments(call)\n", 500),
        (
            "endpoints/http/body.py",
            "    is_form = request.mimetype in (MULTIPART, URLENCODED)\n",
            500,
        ),
        (
            "endpoints/http/renderers.py",
            "        return self._before + encode_json(event) + self._behind\n",
            200,
        ),
    ],
)
def test_a_bug_of_the_plugin(plugin_copy: Path, file: str, find: str, status: int) -> None:
    source = plugin_copy / file
    text = source.read_text()
    assert find in text
    # the third bug strikes at the second event
    raising = "        if event.get('n'):\n            raise OSError('s3cret')\n" + find
    indented = " " * (len(find) - len(find.lstrip()))
    broken = raising if status == 200 else f"{find}{indented}raise OSError('s3cret')\n"
    source.write_text(text.replace(find, broken))
    config = Config(endpoints=ENDPOINTS, plugin=plugin_copy)
    with LocalServer.running(config) as server, Client(server.url("tests")) as client:
        for _ in range(3):
            answer = client.play({"event": message()}, {"event": message(1, n=1)}, {"event": END})
            assert answer.status == status
            if status == 200:
                *events, last = answer.events
                assert events == [message()]
                assert last["code"] == "internal_error"
            else:
                answer.assert_error(500, "internal_error")
            assert b"s3cret" not in answer.body
        assert server.restarts == 0
        log = "\n".join(server.plugin_log)
        assert "OSError" in log
        for secret in ("s3cret", KEY, "Traceback", str(plugin_copy)):
            assert secret not in log


def test_failures_give_their_slots_back(reverse: Client) -> None:
    """More of them than an endpoint may have requests at once."""
    for _ in range(450):
        reverse.play(blocking=True).assert_error(502, "incomplete_stream")
