"""Running an app over Dify's Service API: HTTP with the app's own key.

It does what reverse invocation can't: completion apps work, `files` and `user` arrive, and a run
can be stopped.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import orjson

from endpoints.http.errors import AppError
from provider.apps import App
from provider.call import Call, Event, Kind
from provider.files import FileObject, LocalFile
from provider.service_api_client import ServiceApiClient
from provider.service_api_modes import RUN_PATHS, STOP_PATHS, kind_of_mode, run_body
from provider.sse import EventTooLong, parse_sse
from provider.ways import Description, Via

DEFAULT_USER = "app-proxy"
"""The Service API wants a user; conversations belong to it."""

UPLOAD_PATH = "/files/upload"

_REFUSED_IN_NAMES = re.compile(r'[/\\:*?"<>|]')
"""Characters that Dify's `file_service` refuses in a file's name."""

_RUN_IS_OVER = frozenset({"message_end", "workflow_finished", "workflow_paused", "error"})
"""After one of these there is nothing to stop; a run that pauses waits for a person, and may."""


@dataclass(frozen=True, slots=True)
class ServiceApiAccess:
    """The apps of an endpoint that are reached over the Service API.

    Attributes:
        base_url: of the Service API, without a slash at its end.
        keys: app id -> that app's key.
    """

    base_url: str
    keys: Mapping[str, str] = field(repr=False)


class ServiceApi:
    """The way over the Service API, to one app.

    Args:
        client: speaks HTTP with the app's key.
    """

    via = Via.SERVICE_API
    takes_files = True

    def __init__(self, client: ServiceApiClient) -> None:
        self._client = client

    def run(self, call: Call) -> Iterator[Event]:
        """Start a run; closing the iterator before its end stops the run in Dify."""
        return self._events(call)

    def _events(self, call: Call) -> Iterator[Event]:
        kind = self._kind(call)
        user = call.user or DEFAULT_USER
        run = _Run()
        try:
            with self._client.stream(RUN_PATHS[kind], run_body(call, kind, user)) as chunks:
                for frame in parse_sse(chunks):
                    event = _event(frame.data)
                    if event is not None:
                        run.note(event)
                        yield event
        except EventTooLong:
            raise AppError("The app sent an event that is too long to be passed on.") from None
        finally:
            if run.goes_on:
                self._client.stop(STOP_PATHS[kind].format(quote(run.task_id, safe="")), user)

    def _kind(self, call: Call) -> Kind:
        if call.kind is not Kind.ANY:
            return call.kind
        return kind_of_mode(self._mode())

    def _mode(self) -> str | None:
        mode = self._client.get("/info").get("mode")
        return mode if isinstance(mode, str) else None

    def upload(self, file: LocalFile, user: str, /) -> FileObject:
        """Upload a file; only the same user may use it.

        Raises:
            ProxyError: Dify refuses it, or can't be reached.
        """
        named = replace(file, name=_REFUSED_IN_NAMES.sub("_", file.name))
        uploaded = self._client.upload(UPLOAD_PATH, named, user or DEFAULT_USER)
        number = uploaded.get("id")
        if not isinstance(number, str):
            raise AppError("Dify did not say under which id it keeps the file.")
        return {"type": file.type, "transfer_method": "local_file", "upload_file_id": number}

    def describe(self, _app: App, /) -> Description:
        """Ask for an app's mode and parameters. Which app it is the key says."""
        return Description(self._client.get("/parameters"), self._mode())


def _event(data: str) -> Event | None:
    """The event in a frame; pings have none, and neither has what is no JSON object."""
    if not data:
        return None
    try:
        event = orjson.loads(data)
    except ValueError:
        event = _what_orjson_refuses(data)
    return event if isinstance(event, dict) else None


def _what_orjson_refuses(data: str) -> Any:
    """NaN and lone surrogates, which Python's own JSON writes and reads."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


class _Run:
    """What has to be known of a run to stop it."""

    def __init__(self) -> None:
        self.task_id = ""
        self._is_over = False

    def note(self, event: Event) -> None:
        task_id = event.get("task_id")
        if isinstance(task_id, str):
            self.task_id = task_id
        name = event.get("event")
        self._is_over |= isinstance(name, str) and name in _RUN_IS_OVER

    @property
    def goes_on(self) -> bool:
        return bool(self.task_id) and not self._is_over
