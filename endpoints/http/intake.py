"""Between a source of events and the answer: reads the source as fast as it delivers.

The source blocks while it waits for an event, so it is read in a greenlet of its own; whoever
writes the answer waits for what has come, with a time limit.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from gevent import Greenlet, GreenletExit
from gevent.event import Event as Signal

from provider.call import Event

MAX_HELD_BYTES = 7 * 1024 * 1024
"""What may wait to be sent, beyond one event. With the chunk that is being sent, 8 MiB at most are
held of a stream; beyond that the source has to wait."""

TERMINAL_EVENTS = frozenset({"message_end", "workflow_finished", "workflow_paused", "error"})
"""A stream without one of these was cut off."""


class Inbox(Protocol):
    """What a source delivered, ready to be sent.

    Attributes:
        size: bytes that wait to be taken.
        ended: nothing more will come.
        failure: why the source broke off, or None.
        opening: the first event, until `forget_opening`.
        terminal: the name of the last terminal event that came, or None.
        last_event_at: when the latest event came, in seconds of the clock.
    """

    ended: bool
    failure: BaseException | None
    opening: Event | None
    terminal: str | None
    last_event_at: float

    @property
    def size(self) -> int: ...

    def wait(self, seconds: float) -> None:
        """Wait until something is there or the source has ended, at most so many seconds."""

    def take(self, limit: int) -> bytes:
        """Take what waits, at most `limit` bytes; whole pieces while they fit."""

    def forget_opening(self) -> None:
        """The first event has been looked at: it need not be kept."""

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
        self._something = Signal()
        self._room = Signal()
        self._is_awaited = False
        self.ended = False
        self.failure: BaseException | None = None
        self.opening: Event | None = None
        self.terminal: str | None = None
        self.last_event_at = now()
        self._reader = Greenlet.spawn(self._read)

    @property
    def size(self) -> int:
        return self._pieces.size

    def wait(self, seconds: float) -> None:
        self._something.clear()
        self._is_awaited = True
        self._something.wait(max(seconds, 0))
        self._is_awaited = False

    def take(self, limit: int) -> bytes:
        portion = self._pieces.take(limit)
        self._room.set()
        return portion

    def forget_opening(self) -> None:
        self.opening = None

    def close(self) -> None:
        if not self.ended:
            self._reader.kill(block=False)
        self.ended = True

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
            self._something.set()

    def _read_events(self) -> None:
        seen_one = False
        for event in self._source:
            name = event.get("event")
            if not isinstance(name, str) or name == "ping":
                continue  # no event of the app: pings are this plugin's own
            if not seen_one:
                self.opening, seen_one = event, True
            if name in TERMINAL_EVENTS:
                self.terminal = name
            self.last_event_at = self._now()
            self._pieces.add(self._encode(event) or b"")
            if self._is_awaited:
                self._something.set()
            if self._pieces.size >= MAX_HELD_BYTES:
                self._wait_for_room()

    def _wait_for_room(self) -> None:
        while self._pieces.size >= MAX_HELD_BYTES:
            self._room.clear()
            self._room.wait()

    def _close_source(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
