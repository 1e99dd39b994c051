"""A clock that tests set, and an inbox whose events come at times they choose."""

from collections import deque
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from endpoints.http.exchange import Exchange
from endpoints.http.intake import TERMINAL_EVENTS, Pieces
from provider.call import Event

type Moment = tuple[float, Event | BaseException | None]
"""Seconds after the start, and what comes then: an event, an exception, or None for the end."""


class VirtualClock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class ScriptedInbox:
    """An inbox that gets what `script` lists."""

    def __init__(
        self,
        clock: VirtualClock,
        script: Iterable[Moment],
        encode: Callable[[Event], bytes],
    ) -> None:
        self._clock = clock
        self._start = clock.now()
        self._script = deque(script)
        self._encode = encode
        self._pieces = Pieces()
        self._ended = False
        self.failure: BaseException | None = None
        self._opening: Event | None = None
        self.terminal: str | None = None
        self.last_event_at = clock.now()
        self.closed = False

    def _catch_up(self) -> None:
        while self._script and self._start + self._script[0][0] <= self._clock.now():
            at, what = self._script.popleft()
            if what is None or isinstance(what, BaseException):
                self.failure, self._ended = what, True
                continue
            self._opening = self._opening or what
            self.last_event_at = self._start + at
            if what["event"] in TERMINAL_EVENTS:
                self.terminal = what["event"]
            self._pieces.add(self._encode(what) or b"")

    @property
    def size(self) -> int:
        self._catch_up()
        return self._pieces.size

    @property
    def ended(self) -> bool:
        self._catch_up()
        return self._ended

    @property
    def opening(self) -> Event | None:
        self._catch_up()
        return self._opening

    def wait(self, seconds: float) -> None:
        assert seconds >= 0
        due = self._start + self._script[0][0] if self._script else float("inf")
        self._clock.time = min(self._clock.time + seconds, max(due, self._clock.time))

    def take(self, limit: int) -> bytes:
        self._catch_up()
        return self._pieces.take(limit)

    def forget_opening(self) -> None:
        self._opening = {"event": "forgotten"}

    def close(self) -> None:
        self.closed = self._ended = True
        self._script.clear()


class NoWatch:
    """A caller who stays."""

    stopped = False

    def due_at(self, last_event_at: float) -> float:
        return float("inf")

    def has_left(self, last_event_at: float) -> bool:
        return False

    def stop(self) -> None:
        self.stopped = True


def exchange(clock: VirtualClock, limit: float = 590.0) -> Exchange:
    nothing: Any = SimpleNamespace()
    return Exchange(
        request=nothing,
        session=nothing,
        request_id="req-1",
        started_at=clock.now(),
        ends_by=clock.now() + limit,
        clock=clock,
    )
