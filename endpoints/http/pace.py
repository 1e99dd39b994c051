"""The distance that chunks keep on their way to the daemon.

The daemon handles the first chunk of a stream, starts a task for the rest and closes at once if the
stream's end has arrived by then: chunks right behind the first are lost. Behind that it keeps a
queue of 128 chunks and drops what a stalled reader leaves no room for (its `endpoint_service.go`).
"""

from collections.abc import Generator

from endpoints.http.clock import Clock

GAP_SECONDS = 0.02
"""Between two chunks, and before the end: at most 50 chunks a second."""

MAX_CHUNK_BYTES = 1024 * 1024
"""Of one chunk. On the wire it is hex, twice as long, and a line above 5 MiB kills the plugin."""


class Pace:
    """When the last chunk went out, and waiting until the next one may.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_at = float("-inf")

    def wait(self) -> None:
        """Wait until a chunk, or the end, may follow."""
        left = self._next_at - self._clock.now()
        if left > 0:
            self._clock.sleep(left)

    def sent(self) -> float:
        """A chunk has gone out: note when, and tell (in seconds of the clock)."""
        now = self._clock.now()
        self._next_at = now + GAP_SECONDS
        return now

    def send(self, data: bytes) -> Generator[bytes, None, None]:
        """Bytes that end an answer, in chunks, and the distance that the end keeps."""
        for start in range(0, len(data), MAX_CHUNK_BYTES):
            self.wait()
            yield data[start : start + MAX_CHUNK_BYTES]
            self.sent()
        self.wait()
