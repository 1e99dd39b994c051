"""The daemon's end of the pipes, as lean as Python allows: it must not be what is measured."""

import json
import os
import select
import time
from collections.abc import Callable, Sequence

from benchmarks.process import PIPE_BYTES, PluginProcess
from benchmarks.wire import (
    Stream,
    kind_of,
    learn_invocation,
    new_stream,
    session_of,
    storage_answer,
)

PATIENCE_SECONDS = 120.0
"""So long nothing may happen before a measurement is given up."""

type ChunkHandler = Callable[[bytes, float], None]
"""Is handed each `stream` line and when it came, in seconds of `time.perf_counter`."""


class Driver:
    """Opens streams on a plugin process, brings events and takes what comes back.

    Args:
        process: the plugin.

    Attributes:
        on_chunk: what to do with the lines of an answer, if anything.
        on_invoked: what to do when the plugin has invoked an app, if anything.
        open: streams that have not ended, by session.
        invoked: invocations of apps that have come.
        ended: sessions that have.
        chunks: `stream` lines that have come.
    """

    def __init__(self, process: PluginProcess) -> None:
        self.process = process
        self.on_chunk: ChunkHandler | None = None
        self.on_invoked: Callable[[Stream], None] | None = None
        self.open: dict[bytes, Stream] = {}
        self.invoked = 0
        self.ended = 0
        self.chunks = 0
        self._rest = process.rest
        self._out: memoryview = memoryview(b"")
        self._queue: list[bytes] = []

    def send(self, data: bytes) -> None:
        """Queue lines for the plugin; they are written by `turn`."""
        self._queue.append(data)

    def turn(self, seconds: float) -> None:
        """Wait at most so long for either pipe, then write and read what they take and have."""
        stdin, stdout = self.process.stdin, self.process.stdout
        writes = [stdin] if self._out or self._queue else []
        readable, writable, _ = select.select([stdout], writes, [], max(seconds, 0))
        if writable:
            self._write()
        if readable:
            self._read()

    def until(self, done: Callable[[], bool]) -> None:
        """Take turns until something is so.

        Raises:
            TimeoutError: it does not become so.
        """
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"`{self.process.plugin}`: {len(self.open)} streams hang")
            self.turn(1.0)

    def open_streams(self, count: int) -> list[Stream]:
        """Send so many requests and wait until the plugin has invoked the app for each."""
        streams = [self.request() for _ in range(count)]
        wanted = self.invoked + count
        self.until(lambda: self.invoked >= wanted)
        return streams

    def request(self) -> Stream:
        """Queue one request."""
        stream = new_stream()
        self.open[stream.session_id] = stream
        self.send(stream.request)
        return stream

    def close_streams(self, streams: Sequence[Stream]) -> None:
        """End these streams and wait until all that are open have ended."""
        self.send(b"".join(stream.close() for stream in streams))
        self.until(lambda: not self.open)

    def settle(self, seconds: float = 0.1) -> None:
        """Let the plugin come to rest."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.turn(left)

    def _write(self) -> None:
        if not self._out:
            self._out = memoryview(b"".join(self._queue))
            self._queue.clear()
        self._out = self._out[os.write(self.process.stdin, self._out[:PIPE_BYTES]) :]

    def _read(self) -> None:
        data = os.read(self.process.stdout, PIPE_BYTES)
        at = time.perf_counter()
        if not data:
            raise RuntimeError(f"the plugin `{self.process.plugin}` ended")
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line:
                self._take(line, at)

    def _take(self, line: bytes, at: float) -> None:
        kind = kind_of(line)
        if kind == b"str":
            self.chunks += 1
            if self.on_chunk is not None:
                self.on_chunk(line, at)
        elif kind == b"inv":
            self._answer(line)
        elif kind == b"end":
            self.ended += 1
            self.open.pop(session_of(line), None)
        elif kind == b"err":
            raise RuntimeError(f"`{self.process.plugin}` failed: {line.decode()[:500]}")

    def _answer(self, line: bytes) -> None:
        stream = self.open.get(session_of(line))
        invocation = json.loads(line)["data"]["data"]
        invocation_id = invocation["backwards_request_id"].encode()
        if stream is None:
            return
        if invocation["type"] == "app":
            learn_invocation(stream, invocation_id)
            self.invoked += 1
            if self.on_invoked is not None:
                self.on_invoked(stream)
        else:
            self.send(storage_answer(stream, invocation_id))
