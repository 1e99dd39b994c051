"""What an app is to the local server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Event = dict[str, Any]

DEFAULT_USER = "DEFAULT-USER"
"""The one end user of every reverse invocation."""
TENANT_ID = "e1d0c5a4-0000-4000-8000-00000000aa01"
"""The workspace that all apps and files belong to."""


class DifyError(Exception):
    """Dify answers with an HTTP error instead of a stream."""

    def __init__(self, status: int, body: Event | str) -> None:
        """Answer `body`, an object or the very text, with the HTTP status `status`."""
        # Dify's API ends its JSON bodies with a line feed.
        self.text = body if isinstance(body, str) else json.dumps(body) + "\n"
        self.status = status
        super().__init__(self.text)

    @classmethod
    def invalid(cls, message: str) -> DifyError:
        """The answer to a request that Dify doesn't accept."""
        return cls(400, {"code": "invalid_param", "message": message, "status": 400})

    @classmethod
    def internal(cls) -> DifyError:
        """The answer to a request on which Dify itself fails."""
        return cls(500, {"message": "Internal Server Error", "code": "unknown", "status": 500})


class RunError(Exception):
    """An exception inside Dify's generator after the stream has begun."""


class SentError(Exception):
    """An error whose text reaches the plugin as it is."""


@dataclass(slots=True)
class Clock:
    """How fast the demo apps write."""

    pace: float
    """Seconds from one token to the next."""


@dataclass(slots=True)
class Call:
    """One invocation of an app, with the fields that survive the way to it."""

    app_id: str
    inputs: Event
    query: str
    response_mode: str
    conversation_id: str
    user: str
    clock: Clock
    captures: Path
    uploads: dict[str, Event]
    """Files uploaded so far, by tool file id."""
    files: list[Event] = field(default_factory=list)
    """Only over the Service API: the daemon drops them."""
    over_service_api: bool = False

    @property
    def end_user(self) -> str:
        """Whom Dify runs the app for: it honours `user` only over the Service API."""
        return self.user if self.over_service_api else DEFAULT_USER


class App(Protocol):
    """An app that can be invoked; tests may bring their own."""

    headers_at_once: bool
    """Whether Dify's response headers come before the first event (workflows, chatflows)."""

    def form(self) -> Event:
        """The app's parameters, as `fetch_app` gives them: `user_input_form` and more."""
        ...

    def run(self, call: Call) -> AsyncIterator[Event]:
        """Run the app and give its events.

        Raises:
            DifyError: an HTTP error instead of a stream.
            RunError: an exception in mid-stream.
            SentError: an error text that is sent verbatim.
        """
        ...
