"""The two pipes to the plugin process: lines in over stdin, lines out over stdout."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

READ_SIZE = 1024 * 1024
"""Bytes asked of the pipe at once; its own buffer is smaller."""
BATCH_SIZE = 128 * 1024
"""Bytes written at once, so that a thousand streams share a system call."""
UNREAD_LIMIT = 8 * 1024 * 1024
"""Bytes handed over and not yet handled; above it the plugin has to wait."""
UNREAD_PAUSE = 0.001
"""Seconds between two looks at whether the server has caught up."""


class Owner:
    """Counts the lines of one invocation that wait to be written to the plugin."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting = 0


class StdinPipe:
    """Writes lines to the plugin in batches, without ever blocking the event loop."""

    def __init__(self, fd: int, loop: asyncio.AbstractEventLoop) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._loop = loop
        self._lines: deque[tuple[bytes, Owner | None]] = deque()
        self._rest: memoryview = memoryview(b"")
        self._scheduled = False
        self.closed = False

    def write(self, line: bytes, owner: Owner | None = None) -> None:
        """Queue a line, which ends in a line feed; `owner` counts it until it is written."""
        if self.closed:
            return
        if owner is not None:
            owner.waiting += 1
        self._lines.append((line, owner))
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _next_batch(self) -> memoryview:
        parts: list[bytes] = []
        size = 0
        while self._lines and size < BATCH_SIZE:
            line, owner = self._lines.popleft()
            if owner is not None:
                owner.waiting -= 1
            parts.append(line)
            size += len(line)
        return memoryview(parts[0] if len(parts) == 1 else b"".join(parts))

    def _flush(self) -> None:
        if self.closed:
            return
        self._loop.remove_writer(self._fd)
        try:
            while self._rest or self._lines:
                if not self._rest:
                    self._rest = self._next_batch()
                self._rest = self._rest[os.write(self._fd, self._rest) :]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._flush)
            return
        except OSError:
            self.close()
            return
        self._scheduled = False

    def close(self) -> None:
        """Close the pipe; what was not written yet is lost."""
        if not self.closed:
            self.closed = True
            self._loop.remove_writer(self._fd)
            self._lines.clear()
            with contextlib.suppress(OSError):
                os.close(self._fd)


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that were read at one moment (`time.monotonic()`)."""

    at: float
    lines: list[bytes]
    size: int


def _threads_are_greenlets() -> bool:
    """Tell whether gevent, which the Dify SDK brings, has replaced the threads here."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


class LineReader:
    """Reads a pipe line by line in a thread, so that the time of arrival is right.

    The event loop may be busy with a thousand streams while the plugin's end message comes;
    whether that end overtook the body is decided by when it came, not by when it was handled.
    Where threads are greenlets, a blocking read would stop them all: there the event loop reads.
    """

    def __init__(
        self,
        fd: int,
        line_limit: int,
        loop: asyncio.AbstractEventLoop,
        on_batch: Callable[[Batch], None],
        on_end: Callable[[bool], None],
    ) -> None:
        """Read from `fd` until it ends or a line reaches `line_limit` bytes.

        `on_batch` and `on_end` are called in the event loop; `on_end` is told whether a line was
        too long.
        """
        self._fd = fd
        self._line_limit = line_limit
        self._loop = loop
        self._on_batch = on_batch
        self._on_end = on_end
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._too_long = False
        # One is written by the reader alone, the other by the event loop alone.
        self._posted = 0
        self._handled = 0

    def start(self) -> None:
        """Begin to read."""
        if _threads_are_greenlets():
            os.set_blocking(self._fd, False)
            self._loop.add_reader(self._fd, self._read_in_loop)
        else:
            threading.Thread(target=self._read_in_thread, name="plugin-pipe", daemon=True).start()

    def handled(self, batch: Batch) -> None:
        """Say that the lines of a batch have been dealt with."""
        self._handled += batch.size

    def _read_in_thread(self) -> None:
        while (batch := self._read()) is not None:
            self._call(self._on_batch, batch)
            while self._posted - self._handled > UNREAD_LIMIT and not self._loop.is_closed():
                time.sleep(UNREAD_PAUSE)
        self._close()
        self._call(self._on_end, self._too_long)

    def _read_in_loop(self) -> None:
        try:
            batch = self._read()
        except BlockingIOError:
            return
        if batch is not None:
            self._on_batch(batch)
        if batch is None or self._too_long:
            self._loop.remove_reader(self._fd)
            self._close()
            self._on_end(self._too_long)

    def _read(self) -> Batch | None:
        """Read once; None at the end of the pipe, or after a line that is too long."""
        if self._too_long:
            return None
        try:
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            raise
        except OSError:
            return None
        if not data:
            return None
        at = time.monotonic()
        lines: list[bytes] = []
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            lines = (b"".join(self._rest) + head).split(b"\n")
            self._rest, self._rest_size = [], 0
        if tail:
            self._rest.append(tail)
            self._rest_size += len(tail)
        short = [line for line in lines if len(line) < self._line_limit]
        self._too_long = len(short) < len(lines) or self._rest_size >= self._line_limit
        self._posted += len(data)
        return Batch(at, [line for line in short if line], len(data))

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _call[T](self, callback: Callable[[T], None], value: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(callback, value)
