"""What can go wrong, made to go wrong, each through a real plugin process."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localserver import APP_IDS, Config, Limits, LocalServer
from tests.conftest import END, KEY, Client, message

pytestmark = pytest.mark.long

SECRET = "s3cret-of-another-caller"
ENDPOINTS: dict[str, dict[str, Any]] = {
    hook: {"api_key": KEY, "apps": json.dumps(APP_IDS)} for hook in ("one", "two", "three")
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer.running(Config(endpoints=ENDPOINTS, pace=0.01)) as running:
        yield running


@pytest.fixture
def caller(faulty: LocalServer) -> Iterator[Client]:
    pid, restarts, bad_lines = faulty.plugin_pid, faulty.restarts, faulty.bad_lines
    with Client(faulty.url("one")) as made:
        yield made
    assert (faulty.plugin_pid, faulty.restarts, faulty.bad_lines) == (pid, restarts, bad_lines)
    assert not any("Traceback" in line for line in faulty.plugin_log)


def test_one_event_of_20_megabytes(caller: Client) -> None:
    answer = caller.run("/chat/chatbot", {"query": "!huge=20000000", "inputs": {"persona": "x"}})
    assert max(len(event.get("answer") or "") for event in answer.events) == 20_000_000
    assert answer.events[-1]["event"] == "message_end"


def test_30_seconds_of_silence(caller: Client) -> None:
    answer = caller.play({"event": message()}, {"sleep": 31}, {"event": END})
    names = [event["event"] for event in answer.events]
    assert names == ["message", "ping", "ping", "ping", "message_end"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(answer.arrivals[:-1])]
    assert all(9.5 < gap < 11 for gap in gaps)


def test_10000_events_in_one_stream(caller: Client, faulty: LocalServer) -> None:
    answer = caller.play({"event": message("{n}"), "repeat": 10_000}, {"event": END})
    numbers = [event["answer"] for event in answer.events[:-1]]
    assert numbers == [f"piece {n} " for n in range(10_000)]
    assert faulty.responses[-1].dropped == 0


def test_a_killed_process_is_replaced(faulty: LocalServer) -> None:
    with Client(faulty.url("one")) as client:
        with client.stream(
            "POST",
            faulty.url("one") + "/chat/script",
            json={"query": "x", "inputs": {"script": [{"event": message()}, {"hang": True}]}},
            timeout=5,
        ) as response:
            next(response.iter_raw())
            os.kill(faulty.plugin_pid or 0, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while faulty.restarts == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert client.play({"event": END}).events == [END]


class TestCallersWhoLeave:
    """900 callers leave in mid-stream, 100 others come at once."""

    @pytest.fixture
    def left(self) -> Iterator[LocalServer]:
        with LocalServer.running(Config(endpoints=ENDPOINTS)) as running:
            yield running

    def test_their_slots_are_free_within_30_seconds(self, left: LocalServer) -> None:
        asyncio.run(self._leave_and_come(left))
        assert left.restarts == 0

    async def _leave_and_come(self, left: LocalServer) -> None:
        hooks = list(ENDPOINTS)
        leaving = await asyncio.gather(
            *(self._open(left, hooks[n % 3], until_left=True) for n in range(900))
        )
        assert sorted(set(leaving)) == [200, 503]
        assert leaving.count(200) == 800
        left_at = time.monotonic()
        staying = await asyncio.gather(*(self._timed(left, hooks[n % 3]) for n in range(100)))
        assert {status for status, _ in staying} <= {200, 503}
        assert max(seconds for _, seconds in staying) < 2
        await asyncio.sleep(30 - (time.monotonic() - left_at))
        again = await asyncio.gather(
            *(self._open(left, hooks[n % 2], until_left=True) for n in range(800))
        )
        assert again == [200] * 800

    async def _timed(self, left: LocalServer, hook: str) -> tuple[int, float]:
        started = time.monotonic()
        return await self._open(left, hook, until_left=False), time.monotonic() - started

    async def _open(self, left: LocalServer, hook: str, *, until_left: bool) -> int:
        """Begin a stream that stays silent after its first event; leave, or see it to its end."""
        steps = [{"event": message()}, {"hang": True} if until_left else {"event": END}]
        body = json.dumps({"query": "x", "inputs": {"script": steps}}).encode()
        path = left.url(hook).removeprefix(left.base_url)
        head = (
            f"POST {path}/chat/script HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}"
            f"\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        address = left.base_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(address[0], int(address[1]))
        writer.write(head.encode() + body)
        status = int((await reader.readline()).split()[1])
        while status == 200 and (line := await reader.readline()) and b"event" not in line:
            pass
        if not until_left:
            await reader.read()
        writer.close()
        return status


RAISING = """
        for event in _invocation(self._session, call)(**arguments, response_mode="streaming"):
            kind, point = call.inputs["fault"]
            if event.get("point") == point:
                import builtins, gevent
                raise {**vars(builtins), "Timeout": gevent.Timeout}[kind]("SECRET")
            yield event
        if call.inputs["fault"][1] == "end":
            raise getattr(__import__("builtins"), call.inputs["fault"][0], OSError)("SECRET")
""".replace("SECRET", SECRET)

KINDS = ["ValueError", "KeyError", "RuntimeError", "MemoryError", "RecursionError", "SystemExit",
         "KeyboardInterrupt", "GeneratorExit", "StopIteration", "Timeout"]  # fmt: skip


@pytest.fixture(scope="module")
def raising(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A copy of the plugin whose source of events raises what and where the inputs say."""
    copy = tmp_path_factory.mktemp("plugin")
    root = Path(__file__).parent.parent
    for name in ("manifest.yaml", "main.py", "endpoints", "group", "provider", "_assets"):
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, copy / name)
    module = copy / "provider/reverse_invocation.py"
    line = (
        "            yield from _invocation(self._session, call)"
        '(**arguments, response_mode="streaming")\n'
    )
    assert line in module.read_text()
    module.write_text(
        module.read_text().replace(line, textwrap.indent(RAISING.lstrip("\n"), "    "))
    )
    with LocalServer.running(Config(endpoints=ENDPOINTS, plugin=copy)) as running:
        yield running


@pytest.mark.parametrize("point", [0, 1, "end"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blocking", [False, True])
def test_an_exception_of_every_kind_at_every_point(
    raising: LocalServer, kind: str, point: int | str, blocking: bool
) -> None:
    events = [message(0, point=0), message(1, point=1), END]
    body: dict[str, Any] = {
        "query": "x",
        "inputs": {"fault": [kind, point], "script": [{"event": event} for event in events]},
    }
    if blocking:
        body["response_mode"] = "blocking"
    pid = raising.plugin_pid
    with Client(raising.url("one")) as client:
        answer = client.run("/chat/script", body)
        if blocking or point == 0:
            assert answer.status in (500, 502)
            answer.assert_error(answer.status, answer.json["code"])
        else:
            *relayed, last = answer.events
            assert relayed == events[: 3 if point == "end" else 1]
            assert last["event"] == "error"
            assert last["code"] in ("internal_error", "incomplete_stream")
        assert SECRET.encode() not in answer.body
        assert client.run("/chat/nothing", {}).status == 404
    assert raising.plugin_pid == pid
    assert not any(SECRET in line or "Traceback" in line for line in raising.plugin_log)


def test_the_time_limit_of_the_daemon_is_kept() -> None:
    limits = Limits(max_execution_timeout=15)
    with (
        LocalServer.running(Config(endpoints=ENDPOINTS, limits=limits)) as short,
        Client(short.url("one")) as client,
    ):
        started = time.monotonic()
        steps = [{"event": message(), "repeat": 20, "every": 1}, {"event": END}]
        last = client.play(*steps).events[-1]
        assert (last["status"], last["code"]) == (504, "app_timeout")
        assert "PLUGIN_MAX_EXECUTION_TIMEOUT" in last["message"]
        client.play(*steps, blocking=True).assert_error(504, "app_timeout")
        assert time.monotonic() - started < 20


def test_the_limit_of_an_invocation_is_named() -> None:
    limits = Limits(invocation_read_timeout=3)
    with (
        LocalServer.running(Config(endpoints=ENDPOINTS, limits=limits)) as short,
        Client(short.url("one")) as client,
    ):
        steps = [{"event": message(), "repeat": 20, "every": 1}, {"event": END}]
        last = client.play(*steps).events[-1]
        assert (last["status"], last["code"]) == (504, "app_timeout")
        assert "DIFY_BACKWARDS_INVOCATION_READ_TIMEOUT" in last["message"]
        client.play(*steps, blocking=True).assert_error(504, "app_timeout")
        client.play({"hang": True}, blocking=True).assert_error(504, "app_timeout")


def test_a_process_that_waits_for_nothing_says_so() -> None:
    env = {"MAX_INVOCATION_TIMEOUT": "3"}
    with (
        LocalServer.running(Config(endpoints=ENDPOINTS, plugin_env=env)) as short,
        Client(short.url("one")) as client,
    ):
        error = client.play({"hang": True}).assert_error(504, "app_timeout")
        assert "MAX_INVOCATION_TIMEOUT" in error["message"]


@pytest.mark.parametrize("kind", ["stalls", "slow"])
def test_a_slow_reader_loses_nothing(faulty: LocalServer, kind: str) -> None:
    """One stalls for 2 s while 100 events/s come, one takes 1 MB/s of 20 MB."""
    asyncio.run(_read_slowly(faulty, kind))
    assert faulty.responses[-1].dropped == 0


async def _read_slowly(faulty: LocalServer, kind: str) -> None:
    if kind == "stalls":
        events = [{"event": message("{n}", text="x" * 20_000), "repeat": 400, "every": 0.01}]
    else:
        events = [{"event": message("{n}", text="x" * 100_000), "repeat": 200, "every": 0.001}]
    body = json.dumps({"query": "x", "inputs": {"script": [*events, {"event": END}]}}).encode()
    host, port = faulty.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=65536)
    path = faulty.url("one").removeprefix(faulty.base_url)
    writer.write(
        f"POST {path}/chat/script HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    received = bytearray(await reader.read(65536))
    if kind == "stalls":
        await asyncio.sleep(2)
    while piece := await reader.read(65536):
        received += piece
        if kind == "slow":
            await asyncio.sleep(len(piece) / 1_000_000)
    writer.close()
    pieces = events[0]["repeat"]
    assert received.count(b'"event":"message",') == pieces
    assert received.count(b'"event":"message_end"') == 1
