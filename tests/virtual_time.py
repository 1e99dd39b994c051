"""A clock that tests set, and an inbox whose events come at times they choose."""

from collections import deque
from types import SimpleNamespace

from endpoints.http.exchange import Exchange
from endpoints.http.intake import TERMINAL_EVENTS, Pieces


class VirtualClock:
    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


class ScriptedInbox:
    """`script` lists (seconds after the start, an event, an exception, or None for the end)."""

    def __init__(self, clock, script, encode):
        self._clock = clock
        self._start = clock.now()
        self._script = deque(script)
        self._encode = encode
        self._pieces = Pieces()
        self._ended = False
        self.failure = None
        self._opening = None
        self.terminal = None
        self.last_event_at = clock.now()
        self.closed = False

    def _catch_up(self):
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
    def size(self):
        self._catch_up()
        return self._pieces.size

    @property
    def ended(self):
        self._catch_up()
        return self._ended

    @property
    def opening(self):
        self._catch_up()
        return self._opening

    def wait(self, seconds):
        assert seconds >= 0
        due = self._start + self._script[0][0] if self._script else float("inf")
        self._clock.time = min(self._clock.time + seconds, max(due, self._clock.time))

    def take(self, limit):
        self._catch_up()
        return self._pieces.take(limit)

    def forget_opening(self):
        self._opening = {"event": "forgotten"}

    def close(self):
        self.closed = self._ended = True
        self._script.clear()


class NoWatch:
    """A caller who stays."""

    stopped = False

    def due_at(self, last_event_at):
        return float("inf")

    def has_left(self, last_event_at):
        return False

    def stop(self):
        self.stopped = True


def exchange(clock, limit=590.0):
    return Exchange(
        request=SimpleNamespace(),
        session=SimpleNamespace(),
        request_id="req-1",
        started_at=clock.now(),
        ends_by=clock.now() + limit,
        clock=clock,
    )
