"""SSE, plain text and `?events=`, through a real plugin process and in small."""

import json

import httpx
import pytest

from endpoints.http.errors import AppError, ProxyError
from endpoints.http.negotiation import Format
from endpoints.http.renderers import renderer_of
from endpoints.http.text_renderer import TextRenderer
from localserver import LocalServer
from tests.conftest import END, Client, Json, message

SSE = {"Accept": "text/event-stream"}
TEXT = {"Accept": "text/plain"}


def sse_frames(body: bytes) -> list[str]:
    assert body.endswith(b"\n\n")
    return body.decode().split("\n\n")[:-1]


def test_sse_is_framed_as_the_service_api_frames_it(client: Client) -> None:
    events = [message(0, text="a\nb\r\u2028"), message(1), END]
    answer = client.play(*({"event": event} for event in events), headers=SSE)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = sse_frames(answer.body)
    assert all(frame.startswith("data: ") for frame in frames)
    assert [json.loads(frame.removeprefix("data: ")) for frame in frames] == events


def test_an_sse_stream_that_breaks_ends_with_an_error(client: Client) -> None:
    *_, last = sse_frames(client.play({"event": message()}, headers=SSE).body)
    assert json.loads(last.removeprefix("data: "))["code"] == "incomplete_stream"


def test_text_is_the_answer_as_it_is_generated(client: Client) -> None:
    body = {"query": "one two three", "inputs": {"persona": "x"}}
    answer = client.run("/chat/chatbot", body, headers=TEXT)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == b"Hello, you said: one two three"
    assert len(answer.arrivals) > 3


def test_an_error_that_comes_first_is_json_in_every_format(client: Client) -> None:
    error = {"event": "error", "status": 400, "code": "quota", "message": "enough"}
    for headers in (SSE, TEXT):
        client.play({"event": error}, headers=headers).assert_error(400, "quota")


def test_an_error_later_is_the_last_line_of_the_text(client: Client) -> None:
    error = {"event": "error", "status": 400, "code": "quota", "message": "enough"}
    answer = client.play({"event": message()}, {"event": error}, headers=TEXT)
    assert answer.body == b"piece 0 \nerror: enough\n"
    answer = client.play({"event": message()}, headers=TEXT)
    assert answer.body.splitlines()[-1].startswith(b"error: The app's stream stopped")


@pytest.mark.parametrize("names", ["message", "message,message_end", " message , message_end,"])
def test_only_the_named_events_are_sent(client: Client, names: str) -> None:
    steps = [{"event": event} for event in ({"event": "node_started"}, message(), END)]
    kept = [event for event in (message(), END) if event["event"] in names.replace(" ", "")]
    answer = client.play(*steps, params={"events": names})
    assert answer.events == kept[: len([name for name in names.split(",") if name.strip()])]
    frames = sse_frames(client.play(*steps, params={"events": "message_end"}, headers=SSE).body)
    assert [json.loads(frame.removeprefix("data: ")) for frame in frames] == [END]


def test_errors_and_pings_always_pass_the_filter(reverse: Client) -> None:
    error = {"event": "error", "status": 400, "code": "x", "message": "y"}
    answer = reverse.play(
        {"event": message()}, {"sleep": 10.2}, {"event": error}, params={"events": "nothing"}
    )
    assert answer.events == [{"event": "ping"}, error]


def text_of(*events: Json, failure: ProxyError | None = None) -> str:
    renderer = TextRenderer()
    pieces = [renderer.event(event) for event in events]
    pieces.append(renderer.end() if failure is None else renderer.failure(failure, ""))
    return b"".join(pieces).decode()


def finished(outputs: Json | None, status: str = "succeeded", **more: object) -> Json:
    data = {"outputs": outputs, "status": status, **more}
    return {"event": "workflow_finished", "workflow_run_id": "w", "data": data}


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ({"answer": "just this"}, "just this"),
        ({"a": "x", "b": 2}, '{"a":"x","b":2}'),
        ({"n": 5}, '{"n":5}'),
        ({"n": ["x"]}, '{"n":["x"]}'),
        ({}, "{}"),
        (None, "null"),
    ],
)
def test_a_workflow_that_streamed_no_text_gives_its_outputs(
    outputs: Json | None, text: str
) -> None:
    assert text_of(finished(outputs)) == text


def test_a_workflow_that_streamed_text_gives_that() -> None:
    chunk = {"event": "text_chunk", "data": {"text": "abc"}}
    assert text_of(chunk, chunk, finished({"answer": "abcabc"})) == "abcabc"


def test_a_workflow_that_failed_says_why() -> None:
    assert text_of(finished({}, "failed", error="no\nroute")) == "error: no route\n"


def test_a_chatflow_without_an_answer_is_no_workflow() -> None:
    assert text_of({**finished({"answer": "", "files": []}), "conversation_id": "c"}) == ""


def test_what_replaces_an_answer_stands_on_a_line_of_its_own() -> None:
    replacement = {"event": "message_replace", "answer": "SAFE"}
    assert text_of(message(), replacement) == "piece 0 \nSAFE"
    assert text_of(replacement) == "SAFE"


def test_an_error_without_a_message_gets_ours() -> None:
    text = text_of(message(), {"event": "error", "status": 400, "message": None})
    assert text.startswith("piece 0 \nerror: The app failed in Dify")
    assert text_of(failure=AppError("It broke.")) == "error: It broke.\n"


def test_pings_of_each_format() -> None:
    assert renderer_of(Format.NDJSON).ping() == b'{"event":"ping"}\n'
    assert renderer_of(Format.SSE).ping() == b"event: ping\n\n"
    assert renderer_of(Format.TEXT).ping() == b""


def test_a_post_without_any_body_is_an_empty_object(server: LocalServer) -> None:
    """httpx sends no body at all; the daemon passes that on as an empty chunked one."""
    response = httpx.post(server.url("open") + "/chat/11111111-1111-4111-8111-111111111111")
    assert response.status_code == 400
    assert "`query`" in response.json()["message"]


def test_a_workflow_that_failed_after_some_text_says_so_too() -> None:
    chunk = {"event": "text_chunk", "data": {"text": "half"}}
    assert text_of(chunk, finished({}, "failed", error="boom")) == "half\nerror: boom\n"
