"""The answers to a reverse invocation: lines to the plugin, no faster than a Dify sends them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from localserver import gojson
from localserver.messages import message_line
from localserver.pipes import Owner
from localserver.session import Session

TURN = 20
"""Events of a run after which the other streams get their turn and the rate is looked at."""


class Throttle:
    """Keeps one run from sending more events a second than a Dify could."""

    __slots__ = ("_began", "_count", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._began = time.monotonic()
        self._count = 0

    async def wait(self) -> None:
        """Count an event, and wait if the run is too fast."""
        self._count += 1
        if self._count % TURN == 0:
            due = self._began + self._count / self._rate if self._rate else 0.0
            # A run that was slow for a while may not catch up in one go.
            self._began = max(self._began, time.monotonic() - self._count / (self._rate or 1e9))
            await asyncio.sleep(max(0.0, due - time.monotonic()))


class Reply:
    """Sends the answers to one invocation, as long as its session is open."""

    __slots__ = ("_head", "_session", "owner")

    def __init__(self, session: Session, number: str) -> None:
        self._session = session
        self._head = b'{"backwards_request_id":%s,"event":' % gojson.event_bytes(number)
        self.owner = Owner()

    def response(self, message: str, data: Any) -> None:
        """Send one piece of the answer."""
        encoded = gojson.event_bytes(data)
        self._send(b'"response","message":"%s","data":%s}' % (message.encode(), encoded))

    def error(self, message: str) -> None:
        """Send an error."""
        self._send(b'"error","message":%s,"data":null}' % gojson.event_bytes(message))

    def end(self) -> None:
        """Send the end."""
        self._send(b'"end","message":"","data":null}')

    def _send(self, rest: bytes) -> None:
        session = self._session
        if session.instance is not None and not session.closed:
            line = message_line(session, "backwards_response", self._head + rest)
            session.instance.stdin.write(line, self.owner)
