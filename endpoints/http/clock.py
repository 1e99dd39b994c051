"""Time as the stream needs it, so that tests can bring their own."""

import time
from typing import Protocol

import gevent


class Clock(Protocol):
    """Seconds that never go back, and sleeping in them."""

    def now(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Let others run for so long."""


class GeventClock:
    """The process's monotonic clock; sleeping lets the other greenlets run."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        gevent.sleep(seconds)


CLOCK = GeventClock()
