"""The lines on the two pipes between the daemon and a plugin (the daemon's `session.go`)."""

import json
import re
from dataclasses import dataclass
from itertools import count

APP_ID = "6f1d3f0e-7a55-4d0c-9b0a-0e8b6d1c2a34"
ENDPOINTS = 4
"""Endpoints that the streams are spread over: the plugin serves 400 requests on one at most."""

SETTINGS = {"api_key": "benchmark-key-0123456789", "key_location": "header"}

EVENT_BYTES = 230
"""Of one event: what a chat app sends for a token, with its ids."""

_SESSION_HEAD = b'{"event":"session","session_id":"'
_SESSION_ID_BYTES = 36
_KIND_AT = len(_SESSION_HEAD) + _SESSION_ID_BYTES + len(b'","data":{"type":"')
_INDEX = re.compile(rb"#(\d{7})#")

_EVENT = (
    b'{"answer":"#%07d#%s","conversation_id":"8cb031b4-0124-4ada-9f43-f00bc8a3b296",'
    b'"created_at":1795392533,"event":"message",'
    b'"message_id":"4cb24599-829a-4a20-b3b1-57f8cc9f2a8e",'
    b'"task_id":"c3103c5a-b8dc-4f79-aad9-9f67f00e2ce0"}'
)
_EVENT_BASE_BYTES = len(_EVENT % (0, b""))
_LAST_EVENT = (
    b'{"conversation_id":"8cb031b4-0124-4ada-9f43-f00bc8a3b296","created_at":1795392533,'
    b'"event":"message_end","message_id":"4cb24599-829a-4a20-b3b1-57f8cc9f2a8e","metadata":{},'
    b'"task_id":"c3103c5a-b8dc-4f79-aad9-9f67f00e2ce0"}'
)

_numbers = count()


@dataclass(slots=True)
class Stream:
    """One request under way.

    Attributes:
        session_id: in the form of a UUID, so that all are of one length.
        request: the line that hands the request over.
        event_head: what stands before the event on a line that brings one; known once the plugin
            has invoked the app.
        end: the line that ends the invocation.
    """

    session_id: bytes
    request: bytes
    event_head: bytes = b""
    end: bytes = b""

    def event(self, index: int, size: int = EVENT_BYTES) -> bytes:
        """A line that brings one event of `size` bytes, with a number to find it again by."""
        padding = b"x" * (size - _EVENT_BASE_BYTES)
        return self.event_head + _EVENT % (index, padding) + b"}}\n"

    def close(self) -> bytes:
        """The lines that end the run as an app does."""
        return self.event_head + _LAST_EVENT + b"}}\n" + self.end


def new_stream() -> Stream:
    """A request that no other has been like."""
    number = next(_numbers)
    session_id = b"00000000-0000-4000-8000-%012x" % number
    data = {
        "user_id": "",
        "type": "endpoint",
        "action": "invoke_endpoint",
        "raw_http_request": _http_request().hex(),
        "settings": SETTINGS,
    }
    head = _line_head(session_id, b"request", number)
    return Stream(session_id, head + json.dumps(data, separators=(",", ":")).encode() + b"}\n")


def learn_invocation(stream: Stream, invocation_id: bytes) -> None:
    """Note the id under which the plugin waits for the app's events."""
    number = int(stream.session_id[-12:], 16)
    head = _line_head(stream.session_id, b"backwards_response", number)
    head += b'{"backwards_request_id":"%s","event":' % invocation_id
    stream.event_head = head + b'"response","message":"stream","data":'
    stream.end = head + b'"end","message":"","data":null}}\n'


def kind_of(line: bytes) -> bytes:
    """The first letters of what a session's line is: `str`eam, `inv`oke, `end` or `err`or."""
    return line[_KIND_AT : _KIND_AT + 3] if line.startswith(_SESSION_HEAD) else b""


def session_of(line: bytes) -> bytes:
    """The session that a line belongs to."""
    return line[len(_SESSION_HEAD) : len(_SESSION_HEAD) + _SESSION_ID_BYTES]


def chunk_of(line: bytes) -> bytes | None:
    """The bytes of the body that a `stream` line brings; None for the status alone."""
    start = line.find(b'"result":"')
    if start < 0:
        return None
    start += len(b'"result":"')
    return bytes.fromhex(line[start : line.index(b'"', start)].decode())


def indexes_in(chunk: bytes) -> list[int]:
    """The numbers of the events in a piece of a body."""
    return [int(digits) for digits in _INDEX.findall(chunk)]


def storage_answer(stream: Stream, invocation_id: bytes) -> bytes:
    """The lines that answer a question to the plugin's storage: there is no such key."""
    number = int(stream.session_id[-12:], 16)
    head = _line_head(stream.session_id, b"backwards_response", number)
    head += b'{"backwards_request_id":"%s","event":' % invocation_id
    answer = head + b'"response","message":"struct","data":{"data":false}}}\n'
    return answer + head + b'"end","message":"","data":null}}\n'


def _line_head(session_id: bytes, event: bytes, number: int) -> bytes:
    return (
        b'{"session_id":"%s","conversation_id":null,"message_id":null,"app_id":null,'
        b'"endpoint_id":"endpoint-%d","context":null,"event":"%s","data":'
    ) % (session_id, number % ENDPOINTS, event)


def _http_request() -> bytes:
    body = b'{"query":"Hello","inputs":{}}'
    return (
        b"POST /chat/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\n"
        b"Authorization: Bearer %s\r\nAccept: */*\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nDify-Hook-Id: benchmark\r\n\r\n%s"
    ) % (APP_ID.encode(), SETTINGS["api_key"].encode(), len(body), body)
