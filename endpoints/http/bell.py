"""Wakes a greenlet that waits for something, or for a moment in time."""

from collections.abc import Callable

from gevent import get_hub
from gevent.hub import Waiter


class Bell:
    """For one greenlet that waits and others that ring.

    A stream waits once for nearly every chunk, and nearly always the bell rings long before the
    time is up, so the timer is kept running from one wait to the next instead of being made anew.

    Args:
        now: the clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._loop = get_hub().loop
        self._waiter: Waiter | None = None
        self._timer = self._loop.timer(0)
        self._rings_at = float("inf")

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so many seconds. It may end early: look, and wait again."""
        rings_at = self._now() + seconds
        if rings_at < self._rings_at:
            self._set_timer(rings_at, seconds)
        waiter = self._waiter = Waiter()
        try:
            waiter.get()
        finally:
            self._waiter = None

    def ring(self) -> None:
        """Wake whoever waits; nobody need be waiting."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            # only the loop may switch to a greenlet that waits
            self._loop.run_callback(waiter.switch, None)

    def close(self) -> None:
        """Free the timer."""
        self._rings_at = float("-inf")
        self._timer.stop()
        self._timer.close()

    def _set_timer(self, rings_at: float, seconds: float) -> None:
        self._timer.stop()
        self._timer.close()
        self._rings_at = rings_at
        self._timer = self._loop.timer(max(seconds, 0))
        self._timer.start(self._time_is_up)

    def _time_is_up(self) -> None:
        self._rings_at = float("inf")
        self.ring()
