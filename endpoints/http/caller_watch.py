"""Finds out that a caller has left.

The plugin isn't told. But on the session of a request whose caller has gone nothing is answered any
more, so a question that gets no answer tells it. Any answer, an error too, means that the caller is
there, but for one: of a session that is over the serverless runtime says so.
"""

from collections.abc import Callable
from typing import Protocol

import gevent
from gevent import Greenlet

QUIET_SECONDS = 15.0
"""So long no event may come before the question is asked."""

ANSWER_SECONDS = 5.0
"""So long an answer may take; the daemon asks its own store, which takes milliseconds."""

_SESSION_IS_OVER = "failed to get session info"
"""What the daemon's `serverless_handler` answers for a session that is over."""


class CallerLeft(Exception):
    """There is nobody to answer; never reaches a caller."""


def is_there(ask: Callable[[], object]) -> bool:
    """Whether the caller is there, asked at once.

    Args:
        ask: a question that blocks until it is answered; it may raise.
    """
    try:
        with gevent.Timeout(ANSWER_SECONDS):
            ask()
    except gevent.Timeout:
        return False
    except Exception as answer:
        return not _says_session_is_over(answer)
    return True


class Watch(Protocol):
    """Tells whether the caller of a request has left."""

    def due_at(self, last_event_at: float) -> float:
        """When `has_left` is to be asked next, in seconds of the clock."""

    def has_left(self, last_event_at: float) -> bool:
        """Whether the caller is known to have gone.

        Args:
            last_event_at: when the latest event came, in seconds of the clock.
        """

    def stop(self) -> None:
        """Watch no more."""


class CallerWatch:
    """Asks whether the caller is there while nothing else shows it.

    Args:
        ask: a question that blocks until it is answered; it may raise.
        now: the clock, in seconds.
        events_show_it: events come over the session too, so each one is a sign of life.
    """

    def __init__(
        self,
        ask: Callable[[], object],
        now: Callable[[], float],
        *,
        events_show_it: bool = True,
    ) -> None:
        self._ask = ask
        self._now = now
        self._events_show_it = events_show_it
        self._heard_at = now()
        self._asked_at = 0.0
        self._question: Greenlet | None = None
        self._is_over = False

    def due_at(self, last_event_at: float) -> float:
        """When `has_left` is to be asked next, in seconds of the clock."""
        if self._question is not None:
            return self._asked_at + ANSWER_SECONDS
        return self._sign_of_life(last_event_at) + QUIET_SECONDS

    def has_left(self, last_event_at: float) -> bool:
        """Whether the caller is known to have gone; asks if it is time to.

        Args:
            last_event_at: when the latest event came, in seconds of the clock.
        """
        now = self._now()
        if self._question is None:
            if now >= self.due_at(last_event_at):
                self._asked_at = now
                self._question = Greenlet.spawn(self._put_question)
            return False
        if self._question.dead or (self._events_show_it and last_event_at > self._asked_at):
            self._heard_at = self._asked_at
            self.stop()
            return self._is_over
        return now >= self._asked_at + ANSWER_SECONDS

    def stop(self) -> None:
        """Ask no more."""
        question, self._question = self._question, None
        if question is not None:
            question.kill(block=False)

    def _sign_of_life(self, last_event_at: float) -> float:
        return max(self._heard_at, last_event_at) if self._events_show_it else self._heard_at

    def _put_question(self) -> None:
        try:
            self._ask()
        except Exception as answer:
            self._is_over = _says_session_is_over(answer)


def _says_session_is_over(answer: Exception) -> bool:
    # that answer is not wrapped like others, and the SDK stumbles over the missing key
    unwrapped = isinstance(answer, KeyError) and answer.args == ("session_id",)
    return unwrapped or _SESSION_IS_OVER in str(answer)
