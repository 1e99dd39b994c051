"""Between a source of events and the answer: reads the source as fast as it delivers.

The source blocks while it waits for an event, so it is read in a greenlet of its own; whoever
writes the answer waits for what has come, with a time limit.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from gevent import Greenlet, GreenletExit

from endpoints.http.bell import Bell
from endpoints.http.traffic import TRAFFIC
from provider.call import Event

MAX_HELD_BYTES = 7 * 1024 * 1024
"""What may wait to be sent, beyond one event. With the chunk that is being sent, 8 MiB at most are
held of a stream; beyond that the source has to wait."""

ROOM_SECONDS = 60.0
"""How often a source that has to wait looks again; normally it is told when there is room."""

TERMINAL_EVENTS = frozenset({"message_end", "workflow_finished", "workflow_paused", "error"})
"""A stream without one of these was cut off."""


class Inbox(Protocol):
    """What a source delivered, ready to be sent."""

    @property
    def size(self) -> int:
        """Bytes that wait to be taken."""

    @property
    def ended(self) -> bool:
        """Nothing more will come."""

    @property
    def failure(self) -> BaseException | None:
        """Why the source broke off, or None."""

    @property
    def opening(self) -> Event | None:
        """The first event, until `forget_opening`."""

    @property
    def terminal(self) -> str | None:
        """The name of the last terminal event that came, or None."""

    @property
    def last_event_at(self) -> float:
        """When it was first asked for behind the latest event, in seconds of the clock."""

    def wait(self, seconds: float) -> None:
        """Wait until something has come, at most so many seconds; it may end early."""

    def take(self, limit: int) -> bytes:
        """Take what waits, at most `limit` bytes; whole pieces while they fit."""

    def forget_opening(self) -> None:
        """Nobody will look at the first event any more: it need not be kept."""

    def close(self) -> None:
        """Stop reading and free the source at once."""


class Pieces:
    """A queue of byte strings that is taken in portions."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._taken_of_first = 0
        self.size = 0

    def add(self, piece: bytes) -> None:
        """Put a piece at the end."""
        if piece:
            self._pieces.append(piece)
            self.size += len(piece)

    def take(self, limit: int) -> bytes:
        """Take whole pieces while they fit into `limit` bytes; a part of one that is longer."""
        if self.size <= limit and not self._taken_of_first:
            portion = b"".join(self._pieces)
            self._pieces.clear()
        elif len(self._pieces[0]) - self._taken_of_first > limit:
            portion = self._part_of_first(limit)
        else:
            portion = self._whole_pieces(limit)
        self.size -= len(portion)
        return portion

    def _part_of_first(self, limit: int) -> bytes:
        start = self._taken_of_first
        self._taken_of_first += limit
        return self._pieces[0][start : start + limit]

    def _whole_pieces(self, limit: int) -> bytes:
        portion = [self._pieces.popleft()[self._taken_of_first :]]
        self._taken_of_first = 0
        room = limit - len(portion[0])
        while self._pieces and len(self._pieces[0]) <= room:
            room -= len(self._pieces[0])
            portion.append(self._pieces.popleft())
        return b"".join(portion)


class Intake:
    """An inbox that a greenlet fills from a source.

    Args:
        source: the events; closed at the end, whatever the end is.
        encode: turns an event into the bytes to send for it, if there are any.
        now: the clock, in seconds.
    """

    def __init__(
        self,
        source: Iterator[Event],
        encode: Callable[[Event], bytes | None],
        now: Callable[[], float],
    ) -> None:
        self._source = source
        self._encode = encode
        self._now = now
        self._pieces = Pieces()
        self._came = Bell(now)
        self._room = Bell(now)
        self._heard = False
        self._heard_at = now()
        self.ended = False
        self.failure: BaseException | None = None
        self.opening: Event | None = None
        self._keeps_opening = True
        self.terminal: str | None = None
        self._reader = Greenlet.spawn(self._read)

    @property
    def size(self) -> int:
        return self._pieces.size

    @property
    def last_event_at(self) -> float:
        if self._heard:  # the time is asked for here and not for every event
            self._heard, self._heard_at = False, self._now()
        return self._heard_at

    def wait(self, seconds: float) -> None:
        self._came.wait(seconds)

    def take(self, limit: int) -> bytes:
        portion = self._pieces.take(limit)
        self._room.ring()
        return portion

    def forget_opening(self) -> None:
        self.opening, self._keeps_opening = None, False

    def close(self) -> None:
        if not self.ended:
            self._reader.kill(block=False)
        self.ended = True
        self.failure = None  # its traceback holds whatever the source had in hand
        self._came.close()
        self._room.close()

    def _read(self) -> None:
        try:
            self._read_events()
        except GreenletExit:
            raise
        except BaseException as failure:
            # whatever it is, it ends this stream alone: raised here, some would end the process
            self.failure = failure
        finally:
            self._close_source()
            self.ended = True
            self._came.ring()

    def _read_events(self) -> None:
        encode, pieces = self._encode, self._pieces
        for event in self._source:
            name = event.get("event")
            if not isinstance(name, str) or name == "ping":
                continue  # no event of the app: pings are this plugin's own
            if self._keeps_opening and self.opening is None:
                self.opening = event
            if name in TERMINAL_EVENTS:
                self.terminal = name
            self._heard = True
            TRAFFIC.events += 1
            pieces.add(encode(event) or b"")
            self._came.ring()
            while pieces.size >= MAX_HELD_BYTES:
                self._room.wait(ROOM_SECONDS)

    def _close_source(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
