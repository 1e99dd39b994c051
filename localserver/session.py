"""One request on its way through the plugin: its session and its response.

The rules are those of the daemon's `internal/core/io_tunnel/endpoint_service.go` and of its
`pkg/utils/stream`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from localserver.config import Limits
from localserver.instance import Instance

HTTP_OK = 200


@dataclass(slots=True)
class Response:
    """The record of a response, for tests: what came from the plugin, and what was lost."""

    session_id: str
    hook: str
    method: str
    path: str
    started: float = field(default_factory=time.monotonic)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    chunk_times: list[float] = field(default_factory=list)
    """Seconds from the request to each chunk of the body, the first one included."""
    chunk_sizes: list[int] = field(default_factory=list)
    """Bytes of each chunk."""
    overtaken: int = 0
    """Chunks lost because the end overtook them."""
    dropped: int = 0
    """Chunks lost because the caller read too slowly."""
    finished: float | None = None
    """Seconds from the request to the end of the response."""

    @property
    def chunks(self) -> int:
        """Number of chunks that the plugin sent."""
        return len(self.chunk_times)


class Session:
    """Receives the plugin's messages for one request and queues the body for the caller."""

    def __init__(
        self, limits: Limits, record: Response, on_dropped: Callable[[Response], None]
    ) -> None:
        self.id = record.session_id
        self.hook = record.hook
        self.record = record
        self.instance: Instance | None = None
        self.invocations: set[asyncio.Task[None]] = set()
        self.error: str | None = None
        """The text of an error that came before the first chunk."""
        self.client_gone = False
        self._limits = limits
        self._on_dropped = on_dropped
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._queue: deque[bytes] = deque()
        self._behind_first: list[bytes] = []
        self._first_at: float | None = None
        self._settled = False
        self._ended = False
        self._closed = False
        self._late_error: str | None = None

    # Messages of the plugin

    def on_stream(self, data: dict[str, Any], at: float) -> None:
        """Take a `stream` message that arrived at the time `at`."""
        if self._ended:
            return
        first = self._first_at is None
        if first:
            if data.get("status") is not None:
                self.record.status = int(data["status"])
            for name, value in (data.get("headers") or {}).items():
                self._set_header(str(name), str(value))
        result = data.get("result")
        if result is None:
            if not first:
                self._end()
            return
        try:
            chunk = bytes.fromhex(result)
        except (TypeError, ValueError) as error:
            self.error = f"encoding/hex: {error}" if first else None
            self._end()
            return
        self.record.chunk_times.append(at - self.record.started)
        self.record.chunk_sizes.append(len(chunk))
        if first:
            self._first_at = at
            self._put(chunk)
            self._loop.call_later(self._limits.race_window, self._settle)
        elif self._settled or at - (self._first_at or at) >= self._limits.race_window:
            self._settle()
            self._put(chunk)
        else:
            self._behind_first.append(chunk)

    def on_end(self, at: float, error: str | None = None) -> None:
        """Take the end of the response, or the error that ended it.

        What lies between the first chunk and an end that came within the race window is lost:
        the daemon looks once, after the first chunk, whether the stream has ended by now.
        """
        if self._ended:
            return
        if self._first_at is None:
            self.error = error
        elif not self._settled and at - self._first_at < self._limits.race_window:
            self.record.overtaken += len(self._behind_first)
            self._behind_first.clear()
        else:
            self._settle()
            self._late_error = error
        self._end()

    def _settle(self) -> None:
        if self._settled or self._ended:
            return
        self._settled = True
        for chunk in self._behind_first:
            self._put(chunk)
        self._behind_first.clear()

    def _put(self, chunk: bytes) -> None:
        if len(self._queue) >= self._limits.response_queue:
            self.record.dropped += 1
            self._on_dropped(self.record)
            return
        self._queue.append(chunk)
        self._wake.set()

    def _set_header(self, name: str, value: str) -> None:
        self.record.headers[name.lower()] = value.replace("\r", " ").replace("\n", " ")

    def _end(self) -> None:
        self._ended = True
        self._wake.set()

    # The caller's side

    async def head(self) -> int | None:
        """Wait for the first chunk and give the status; None if the caller left meanwhile."""
        while self._first_at is None and not self._ended and not self.client_gone:
            self._wake.clear()
            await self._wake.wait()
        return None if self.client_gone else (self.record.status or HTTP_OK)

    async def body(self) -> AsyncIterator[bytes]:
        """Give the chunks as they come, and after an error its text."""
        while not self.client_gone:
            while self._queue and not self.client_gone:
                yield self._queue.popleft()
            if self._ended:
                break
            self._wake.clear()
            await self._wake.wait()
        if self._late_error is not None and not self.client_gone:
            yield self._late_error.encode()

    def leave(self) -> None:
        """The caller has gone."""
        self.client_gone = self._closed = True
        self._wake.set()

    @property
    def closed(self) -> bool:
        """Whether the session is over: the response has ended or the caller has left."""
        return self._closed

    def close(self) -> None:
        """Close the session: whatever it still invokes is not answered any more."""
        self._ended = self._closed = True
        self._queue.clear()
        for task in self.invocations:
            task.cancel()
        self.record.finished = time.monotonic() - self.record.started
