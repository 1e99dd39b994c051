"""Runs of apps through a real plugin process, read as they come."""

import json
from pathlib import Path

import pytest

from endpoints.http.negotiation import Format
from endpoints.http.renderers import renderer_of
from localserver import APP_IDS, LocalServer
from tests.conftest import END, Client, Json, message

CAPTURES = Path(__file__).parent / "captures"
STREAMS = sorted(path.relative_to(CAPTURES) for path in CAPTURES.glob("*/*-streaming.jsonl"))
DEMOS: list[tuple[str, Json]] = [
    ("/chat/chatbot", {"query": "one two three four five", "inputs": {"persona": "pirate"}}),
    ("/chat/agent", {"query": "use the tool please"}),
    ("/chat/chatflow", {"query": "one two three four five"}),
    ("/workflow/workflow", {"inputs": {"text": "one two three four five"}}),
    ("/completion/completion", {"query": "one two three four five"}),
]


@pytest.mark.parametrize(("path", "body"), DEMOS, ids=lambda value: str(value)[:24])
def test_each_kind_of_app_streams_its_lines_as_they_are_made(
    client: Client, path: str, body: Json
) -> None:
    answer = client.run(path, body)
    assert answer.status == 200
    assert answer.events[-1]["event"] in ("message_end", "workflow_finished")
    assert len(answer.arrivals) >= 4
    assert answer.arrivals[-1] - answer.arrivals[0] > 0.05
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(("path", "body"), DEMOS, ids=lambda value: str(value)[:24])
def test_apps_takes_any_kind_of_app(client: Client, path: str, body: Json) -> None:
    if "completion" in path:  # there the plugin can't know that `query` has to be an input
        body = {"inputs": body}
    answer = client.run("/apps/" + path.split("/")[2], body)
    assert answer.status == 200
    assert answer.events[-1]["event"] in ("message_end", "workflow_finished")


@pytest.mark.parametrize(("path", "body"), DEMOS, ids=lambda value: str(value)[:24])
def test_each_kind_of_app_answers_blocking(client: Client, path: str, body: Json) -> None:
    for way in ({"response_mode": "blocking"}, {}):
        answer = client.run(path, {**body, **way}, headers={"Accept": "application/json"})
        assert answer.status == 200
        if "workflow" in path:
            assert answer.json["data"]["status"] == "succeeded"
        else:
            assert answer.json["answer"]


def test_a_conversation_goes_on(client: Client) -> None:
    body = {"query": "hello", "inputs": {"persona": "pirate"}}
    first = client.run("/chat/chatbot", {**body, "response_mode": "blocking"}).json
    body["conversation_id"] = first["conversation_id"]
    second = client.run("/chat/chatbot", body).events
    assert {event["conversation_id"] for event in second} == {first["conversation_id"]}


@pytest.mark.parametrize("path", STREAMS, ids=str)
def test_a_captured_stream_goes_through_exactly(client: Client, path: Path) -> None:
    answer = client.run("/apps/replay", {"inputs": {"file": str(path)}})
    captured = [json.loads(line) for line in (CAPTURES / path).read_text().split("\n") if line]
    if captured[0]["event"] == "error":
        answer.assert_error(captured[0]["status"], captured[0]["code"])
    else:
        assert answer.events == captured


@pytest.mark.parametrize("path", STREAMS, ids=str)
def test_a_line_has_the_events_keys_in_their_order(path: Path) -> None:
    for line in (CAPTURES / path).read_text().split("\n"):
        if line:
            rendered = renderer_of(Format.NDJSON).event(json.loads(line))
            assert json.dumps(json.loads(rendered)) == json.dumps(json.loads(line))


def test_events_of_every_plane_and_size_go_through(client: Client) -> None:
    text = "".join(map(chr, [0, 10, 13, 0x85, 0x2028, 0x2029, 0xE000, 0xFFFF, 0x1F600, 0x10FFFF]))
    events = [message(0, text=text), message(1, big="x" * 400_000, n=2**40), END]
    answer = client.play(*({"event": event} for event in events))
    assert answer.events == events
    assert len(answer.body.decode().splitlines()) == len(events)


def test_an_answer_without_a_status_waits_ten_seconds_at_most(reverse: Client) -> None:
    answer = reverse.play({"sleep": 10.5}, {"event": message()}, {"event": END})
    assert answer.status == 200
    assert [event["event"] for event in answer.events] == ["ping", "message", "message_end"]


def test_ten_thousand_events_make_few_chunks(client: Client, server: LocalServer) -> None:
    answer = client.play({"event": message("{n}"), "repeat": 1000}, {"event": END})
    assert len(answer.events) == 1001
    record = server.responses[-1]
    assert record.dropped == record.overtaken == 0
    assert record.chunks <= 50


def test_a_blocking_answer_above_two_mebibytes_arrives_whole(client: Client) -> None:
    body = {"query": "!huge=6000000", "inputs": {"persona": "x"}, "response_mode": "blocking"}
    answer = client.run("/chat/chatbot", body)
    assert len(answer.json["answer"]) >= 6_000_000


def test_a_workflow_that_failed_is_an_answer(client: Client) -> None:
    body = {"inputs": {"text": "!fail"}, "response_mode": "blocking"}
    answer = client.run("/workflow/workflow", body)
    assert answer.status == 200
    assert answer.json["data"]["status"] == "failed"


def test_what_reaches_dify(reverse: Client, server: LocalServer) -> None:
    body = {"query": "hello", "inputs": {"persona": "pirate", "n": 1.5}, "user": "someone", "x": 1}
    reverse.run("/chat/chatbot", body)
    request = server.invocations[-1]["request"]
    assert request["app_id"] == APP_IDS["chatbot"]
    assert request["query"] == "hello"
    assert request["inputs"] == body["inputs"]
    assert request["response_mode"] == "streaming"
    reverse.run("/completion/completion", {"query": "hello", "inputs": {"a": 1}})
    assert server.invocations[-1]["request"]["inputs"] == {"a": 1, "query": "hello"}
    reverse.run("/completion/completion", {"query": "hello", "inputs": {"query": "kept"}})
    assert server.invocations[-1]["request"]["inputs"] == {"query": "kept"}
