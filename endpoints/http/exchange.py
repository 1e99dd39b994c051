"""One request and what its answer has to know of it."""

import os
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug import Request

from endpoints.http.caller_watch import CallerLeft, CallerWatch, is_there
from endpoints.http.clock import CLOCK, Clock
from endpoints.http.errors import AppTimeout

if TYPE_CHECKING:  # importing the SDK patches the process with gevent: only the plugin does that
    from dify_plugin.core.runtime import Session

DAEMON_LIMIT_SECONDS = 600.0
"""After so long the daemon writes an error of its own into the open body
(`PLUGIN_MAX_EXECUTION_TIMEOUT`, which the plugin inherits where the daemon starts it)."""

MARGIN_SECONDS = 10.0
"""So long before the daemon's limit an answer ends itself, with a last event that says why."""

LIMIT_SETTING = "PLUGIN_MAX_EXECUTION_TIMEOUT"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_QUESTION_KEY = "caller-watch"
"""A key that is never stored: asking for it is the cheapest question to the daemon."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is being answered.

    Attributes:
        request: the request.
        session: its session, over which Dify is asked.
        request_id: the caller's or a new one; stands in every answer.
        started_at: when it came, in seconds of the clock.
        ends_by: when its answer has to be over, in seconds of the clock.
        clock: the time.
    """

    request: Request
    session: "Session"
    request_id: str
    started_at: float
    ends_by: float
    clock: Clock

    @property
    def endpoint_id(self) -> str:
        """Which endpoint of which workspace was called; "" if neither SDK nor daemon says."""
        return self.session.endpoint_id or self.request.headers.get("Dify-Hook-Id", "")

    def check_goes_on(self) -> None:
        """Look up in a work of several steps.

        Raises:
            AppTimeout: the answer has to be over by now.
            CallerLeft: there is nobody to answer.
        """
        if self.clock.now() >= self.ends_by:
            raise AppTimeout(
                f"The request took too long. The administrator can raise {LIMIT_SETTING} (seconds) "
                "in the plugin daemon's environment."
            )
        if not is_there(self._ask_for_nothing):
            raise CallerLeft

    def _ask_for_nothing(self) -> object:
        return self.session.storage.exist(_QUESTION_KEY)

    def watch_caller(self, *, events_show_it: bool) -> CallerWatch:
        """A watch on the caller of this request.

        Args:
            events_show_it: events come over the session, so each one is a sign of life.
        """
        return CallerWatch(
            self._ask_for_nothing,
            self.clock.now,
            events_show_it=events_show_it,
        )


def begin_exchange(request: Request, session: "Session", clock: Clock = CLOCK) -> Exchange:
    """Note when a request came, and which id it has."""
    now = clock.now()
    return Exchange(
        request=request,
        session=session,
        request_id=_request_id(request),
        started_at=now,
        ends_by=now + own_limit_seconds(os.environ.get(LIMIT_SETTING, "")),
        clock=clock,
    )


def own_limit_seconds(daemon_limit: str) -> float:
    """How long an answer may take.

    Args:
        daemon_limit: the daemon's limit in seconds as the environment has it, "" if it has none.
    """
    try:
        seconds = float(daemon_limit)
    except ValueError:
        seconds = DAEMON_LIMIT_SECONDS
    if not seconds > 0:
        seconds = DAEMON_LIMIT_SECONDS
    return max(seconds - MARGIN_SECONDS, seconds / 2)


def _request_id(request: Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
