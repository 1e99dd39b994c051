"""The distance that chunks keep on their way to the daemon.

The daemon handles the first chunk of a stream, starts a task for the rest and closes at once if the
stream's end has arrived by then: chunks right behind the first are lost. Behind that it keeps a
queue of 128 chunks and drops what a stalled reader leaves no room for (its `endpoint_service.go`).
"""

from collections.abc import Callable, Generator

from endpoints.http.clock import Clock
from endpoints.http.traffic import TRAFFIC, Traffic

GAP_SECONDS = 0.02
"""Between two chunks, and before the end: at most 50 chunks a second."""

MAX_CHUNK_BYTES = 1024 * 1024
"""Of one chunk. On the wire it is hex, twice as long, and a line above 5 MiB kills the plugin."""


SLOW_READER_BYTES_PER_SECOND = 1024 * 1024
"""A reader of this speed loses nothing, however fast an answer is made."""

MAX_LAG_SECONDS = 1.0
"""How far such a reader may be behind before chunks are made larger: 50 chunks of the 128."""

LAGGING_GAP_SECONDS = 0.1
"""Between two chunks that are made larger: the daemon's queue counts chunks and not bytes. No model
writes so fast that this ever matters to it."""


BUSY_EVENTS_PER_SECOND = 3000
"""From so much traffic in the process on, it is looked whether there is a backlog."""

BACKLOG_EVENTS = 64
"""So many events in one turn of the event loop show one: each read from the daemon is full."""

MAX_YIELD_SECONDS = 0.05
"""So long a chunk makes way for reading."""


class Pace:
    """When the last chunk went out, and waiting until the next one may.

    Args:
        clock: the time.
        traffic: of the process.
    """

    def __init__(self, clock: Clock, traffic: Traffic = TRAFFIC) -> None:
        self._clock = clock
        self._traffic = traffic
        self._events_before = traffic.events
        self._sent_at = float("-inf")
        self._lag = 0.0

    def wait(self) -> None:
        """Wait until a chunk, or the end, may follow."""
        now = self._clock.now()
        quiet = now - self._sent_at
        if quiet < GAP_SECONDS:
            self._clock.sleep(GAP_SECONDS - quiet)
            quiet = GAP_SECONDS
        if self._traffic.events - self._events_before > quiet * BUSY_EVENTS_PER_SECOND:
            self._make_way(now)

    def _make_way(self, now: float) -> None:
        """Let the process read its backlog first.

        What is read late the daemon drops; and what is written later goes out in fewer, larger
        chunks, which is what makes up for the backlog.
        """
        until = now + MAX_YIELD_SECONDS
        while self._clock.now() < until:
            before = self._traffic.events
            self._clock.sleep(0)
            if self._traffic.events - before < BACKLOG_EVENTS:
                return

    def sent(self, size: int) -> float:
        """A chunk of so many bytes has gone out: note when, and tell (in seconds of the clock)."""
        now = self._clock.now()
        caught_up = max(self._lag - (now - self._sent_at), 0)
        self._lag = caught_up + size / SLOW_READER_BYTES_PER_SECOND
        self._sent_at = now
        self._events_before = self._traffic.events
        return now

    def fill(self, is_full: Callable[[], bool]) -> None:
        """Wait for more to go out at once, if a slow reader would be far behind.

        Args:
            is_full: whether waiting can't make the next chunk any larger.
        """
        if self._lag < MAX_LAG_SECONDS:
            return
        until = self._sent_at + LAGGING_GAP_SECONDS
        while not is_full() and self._clock.now() < until:
            self._clock.sleep(GAP_SECONDS)

    def send(self, data: bytes) -> Generator[bytes, None, None]:
        """Bytes that end an answer, in chunks, and the distance that the end keeps."""
        for start in range(0, len(data), MAX_CHUNK_BYTES):
            self.wait()
            chunk = data[start : start + MAX_CHUNK_BYTES]
            yield chunk
            self.sent(len(chunk))
        self.wait()
