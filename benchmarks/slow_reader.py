"""What the daemon's queue loses when the caller reads slowly.

Between the plugin and the HTTP response the daemon keeps 128 chunks and drops what finds no room
(its `endpoint_service.go`). Here the plugin is real, and the queue and its reader are a model that
is given the chunks as they came; without the buffers that sockets and proxies add.
"""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.wire import indexes_in

QUEUE_CHUNKS = 128


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a body and when it came, in seconds from the first one."""

    at: float
    data: bytes


type Reader = Callable[[float, int], float]
"""When the reader has taken so many bytes that were offered at some time."""


def steady(bytes_per_second: float) -> Reader:
    """A reader that takes so much and no more."""
    return lambda at, size: at + size / bytes_per_second


def stalling(from_second: float, to_second: float) -> Reader:
    """A reader that takes everything at once, but nothing for a while."""
    return lambda at, _size: to_second if from_second <= at < to_second else at


def passed_on(chunks: Sequence[Chunk], reader: Reader) -> bytes:
    """What of a body reaches the reader."""
    queue: deque[bytes] = deque()
    free_at, received = 0.0, []
    for chunk in chunks:
        while queue and free_at <= chunk.at:
            free_at = reader(free_at, len(queue[0]))
            received.append(queue.popleft())
        if not queue and free_at <= chunk.at:
            free_at = reader(chunk.at, len(chunk.data))
            received.append(chunk.data)
        elif len(queue) < QUEUE_CHUNKS:
            queue.append(chunk.data)
    return b"".join([*received, *queue])


def events_in(body: bytes) -> int:
    """How many numbered events stand whole in a body."""
    return len(
        {index for line in body.split(b"\n") if _is_json(line) for index in indexes_in(line)}
    )


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
