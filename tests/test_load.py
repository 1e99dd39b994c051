"""Many streams at once: none mixed up, none cut."""

import asyncio
import collections
import json
from collections.abc import Iterator

import httpx
import pytest

from localserver import Config, LocalServer
from tests.conftest import END, ENDPOINTS, KEY, Json, message

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer.running(Config(endpoints=ENDPOINTS)) as running:
        yield running


def run_all(server: LocalServer, bodies: list[Json], at_once: int) -> list[list[Json]]:
    """The events (or the error) of each of many runs, `at_once` of them at a time."""

    async def run(client: httpx.AsyncClient, gate: asyncio.Semaphore, body: Json) -> list[Json]:
        async with gate:
            url = server.url("every") + "/chat/66666666-6666-4666-8666-666666666666"
            response = await client.post(url, json=body)
        assert response.status_code == 200, response.text
        return [json.loads(line) for line in response.text.split("\n") if line]

    async def gather() -> list[list[Json]]:
        gate = asyncio.Semaphore(at_once)
        limits = httpx.Limits(max_connections=None)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            timeout=180, limits=limits, headers=headers, verify=False
        ) as client:
            return await asyncio.gather(*(run(client, gate, body) for body in bodies))

    return asyncio.run(gather())


def script(*steps: object) -> Json:
    return {"query": "play", "inputs": {"script": list(steps)}}


def marked(stream: int) -> Json:
    return message("{n}", stream=stream)


def test_200_streams_of_300_events_over_30_seconds_with_gaps(server: LocalServer) -> None:
    def body(stream: int) -> Json:
        steps = [{"event": marked(stream), "repeat": 100, "every": 0.07}, {"sleep": 4}]
        return script(*steps, *steps, *steps, {"event": END})

    answers = run_all(server, [body(stream) for stream in range(200)], at_once=200)
    for stream, events in enumerate(answers):
        *pieces, end = [event for event in events if event["event"] != "ping"]
        assert end == END
        assert len(pieces) == 300
        assert {piece["stream"] for piece in pieces} == {stream}
        assert [piece["answer"] for piece in pieces[:100]] == [f"piece {n} " for n in range(100)]
    assert server.dropped_events == 0


def test_1000_streams_of_two_events_and_an_immediate_end(server: LocalServer) -> None:
    bodies = [script({"event": marked(n)}, {"event": END}) for n in range(1000)]
    answers = run_all(server, bodies, at_once=100)
    for n, events in enumerate(answers):
        assert events == [json.loads(json.dumps(marked(n))), END]


def test_1000_streams_of_one_event_and_an_immediate_failure(server: LocalServer) -> None:
    bodies = [
        script({"event": marked(n)}, {"raise": "read app failed: request failed: x"})
        for n in range(1000)
    ]
    answers = run_all(server, bodies, at_once=100)
    for n, (piece, error) in enumerate(answers):
        assert piece == marked(n)
        assert error["code"] == "app_error"
    lost = collections.Counter(
        (record.overtaken > 0, record.dropped > 0) for record in server.responses
    )
    assert set(lost) == {(False, False)}
