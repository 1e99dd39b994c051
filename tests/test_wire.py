"""Over the bare wire, with events that the local server's Go-like encoder would not write."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

APP = "11111111-1111-4111-8111-111111111111"
REPOSITORY = Path(__file__).parent.parent


class Wire:
    """The daemon's end of the plugin's pipes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "main"],
            cwd=REPOSITORY,
            env=os.environ | {"INSTALL_METHOD": "local"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def send(self, event: str, data: str) -> None:
        assert self._process.stdin is not None
        line = f'{{"session_id": "s", "event": "{event}", "data": {data}}}\n'
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message of the session."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() and json.loads(line).get("session_id") == "s":
                message: dict[str, Any] = json.loads(line)["data"]
                return message
        raise AssertionError("the plugin ended")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.stop()


def relayed(wire: Wire, *events: str) -> bytes:
    """What a caller gets for an app that sends these JSON texts."""
    http = f"POST /chat/{APP} HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n" + '{"query":"x"}'
    request = {
        "type": "endpoint",
        "action": "invoke_endpoint",
        "settings": {"key_location": "none"},
        "raw_http_request": http.encode().hex(),
    }
    wire.send("request", json.dumps(request))
    invocation = wire.receive()
    assert invocation["type"] == "invoke"
    request_id = invocation["data"]["backwards_request_id"]
    for event in events:
        response = f'{{"backwards_request_id": "{request_id}", "event": "response", "message": "", '
        wire.send("backwards_response", f'{response}"data": {event}}}')
    end = {"backwards_request_id": request_id, "event": "end", "message": "", "data": None}
    wire.send("backwards_response", json.dumps(end))
    body = b""
    while (message := wire.receive())["type"] != "end":
        assert message["type"] == "stream"
        body += bytes.fromhex(message["data"].get("result", ""))
    return body


def test_events_keep_their_keys_order_and_their_values(wire: Wire) -> None:
    events = [
        '{"zebra":1,"event":"message","apple":{"z":1.5,"a":[true,null]},"Ä":"\\u2028"}',
        '{"n":9007199254740993,"big":123456789012345678901234567890,"event":"message","f":1e100}',
        '{"event":"message_end"}',
    ]
    lines = relayed(wire, *events).decode().splitlines()
    assert [json.dumps(json.loads(line)) for line in lines] == [
        json.dumps(json.loads(event)) for event in events
    ]


def test_what_json_does_not_have_becomes_null(wire: Wire) -> None:
    event = '{"event":"message","n":NaN,"i":[Infinity,-Infinity],"big":99999999999999999999}'
    first, _ = relayed(wire, event, '{"event":"message_end"}').splitlines()
    assert json.loads(first) == {
        "event": "message",
        "n": None,
        "i": [None, None],
        "big": 99999999999999999999,
    }


def test_what_is_no_event_is_not_relayed(wire: Wire) -> None:
    odd = ['{"event":"ping"}', '{"event":5}', '{"event":null}', '{"data":1}', "{}"]
    assert relayed(wire, *odd, '{"event":"message_end"}') == b'{"event":"message_end"}\n'
