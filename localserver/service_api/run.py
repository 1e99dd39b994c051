"""A run of an app over the Service API: its frames, its pings, its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from enum import Enum

import orjson

from localserver.apps import App, Call, DifyError, SentError
from localserver.apps.base import Event
from localserver.reply import Throttle
from localserver.service_api.progress import Progress

PING = b"event: ping\n\n"
INTERNAL_ERROR: Event = {
    "event": "error",
    "code": "internal_server_error",
    "message": "Internal Server Error, please contact support.",
    "status": 500,
}
"""Dify's words for an exception that it did not expect (`_error_to_stream_response`)."""


class End(Enum):
    """How a stream ends."""

    PROPER = "proper"
    CUT = "cut"
    """The connection is closed in the middle of the answer."""


Piece = bytes | DifyError | End
"""Of a stream: a frame; an HTTP error in place of the stream; its end."""


def frame(event: Event) -> bytes:
    """An event as Dify writes it, which is compact and not escaped (`libs/orjson.py`)."""
    try:
        text = orjson.dumps(event)
    except TypeError:  # a lone surrogate, an integer above 64 bits: only a test's app has one
        text = json.dumps(event, separators=(",", ":")).encode()
    return b"data: " + text + b"\n\n"


class Run:
    """One run in streaming mode; as in Dify it goes on when its reader has left."""

    def __init__(self, call: Call, ping_interval: float, event_rate: float) -> None:
        """Prepare a run.

        Args:
            call: what the app is called with.
            ping_interval: seconds from one ping to the next, whether or not events come between.
            event_rate: events a second at most, 0 for no bound.
        """
        self.call = call
        self._ping_interval = ping_interval
        self._event_rate = event_rate
        self._progress = Progress()
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()
        self._begun = False
        self._abandoned = False
        self._stopped = False
        self._task: asyncio.Task[None] | None = None
        self._pings: asyncio.TimerHandle | None = None

    @property
    def task_id(self) -> str:
        """Dify's id for stopping it, "" until its first event."""
        return self._progress.task_id

    def start(self, app: App, on_over: Callable[[], object]) -> None:
        """Start it; `on_over` is called at its end, or when it is stopped."""
        self._ping_later()
        self._task = asyncio.create_task(self._play(app))
        self._task.add_done_callback(lambda _: on_over())

    def stop(self) -> None:
        """End it now, as Dify ends a run that its user stops."""
        if self._task is not None:
            self._stopped = True
            self._task.cancel()

    def cut(self) -> None:
        """End it without a word: the server is going down."""
        if self._task is not None:
            self._task.cancel()

    def abandon(self) -> None:
        """Nobody reads it any more."""
        self._abandoned = True
        self._pieces.put_nowait(End.CUT)

    async def next(self) -> Piece:
        """The next piece of the stream."""
        return await self._pieces.get()

    async def _play(self, app: App) -> None:
        end = End.PROPER
        throttle = Throttle(self._event_rate)
        try:
            async for event in app.run(self.call):
                self._event(event)
                await throttle.wait()
        except DifyError as error:
            self._refuse(error)
        except SentError:
            end = End.CUT
        except asyncio.CancelledError:
            if not self._stopped:
                end = End.CUT
                raise
            for event in self._progress.stopped():
                self._event(event)
        except Exception:  # Dify's own catch-all; a RunError is one
            self._event(INTERNAL_ERROR)
        finally:
            if self._pings is not None:
                self._pings.cancel()
            self._put(end)

    def _event(self, event: Event) -> None:
        self._progress.note(event)
        self._put(PING if event.get("event") == "ping" else frame(event))

    def _refuse(self, error: DifyError) -> None:
        if not self._begun:
            self._put(error)
            return
        try:
            body = json.loads(error.text)
        except ValueError:
            body = {"message": error.text}
        told = body if isinstance(body, dict) else {"message": error.text}
        self._event({"event": "error", "code": "unknown", "status": error.status, **told})

    def _put(self, piece: Piece) -> None:
        self._begun = True
        if not self._abandoned:
            self._pieces.put_nowait(piece)

    def _ping_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._pings = loop.call_later(self._ping_interval, self._ping)

    def _ping(self) -> None:
        self._put(PING)
        self._ping_later()
