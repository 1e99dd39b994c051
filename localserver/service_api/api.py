"""The routes of the Service API."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from localserver.apps import App, Call, Clock, DifyError
from localserver.apps.conversations import UnknownConversation
from localserver.apps.demo import APP_IDS, MODES, SERVICE_API_KEYS
from localserver.asgi import read_body, send_whole, text_headers
from localserver.config import Config
from localserver.log import remember
from localserver.multipart import read_form
from localserver.service_api.answer import send_blocking, send_stream
from localserver.service_api.connections import Connections
from localserver.service_api.files import UPLOAD_PATH, receive
from localserver.service_api.requests import KINDS, Kind, check_run, parse, refusal, token
from localserver.service_api.run import End, Run
from localserver.uploads import Uploads

PREFIX = b"/v1/"
BODY_LIMIT = 100 * 1024 * 1024
"""Bytes of a request's body, the `client_max_body_size` of Dify's nginx."""
JSON = b"application/json"
ANY_MODE = frozenset(APP_IDS) - frozenset(MODES)
"""The apps for tests, which every run route takes."""


class ServiceApi:
    """Serves the demo apps as Dify's Service API does."""

    def __init__(self, config: Config, apps: Mapping[str, App], uploads: Uploads) -> None:
        """Serve those of `apps` (by app id) that are demo apps."""
        self._config = config
        self._apps = {name: apps[APP_IDS[name]] for name in SERVICE_API_KEYS}
        self._names = {key: name for name, key in SERVICE_API_KEYS.items()}
        self._uploads = uploads
        self._clock = Clock(config.pace)
        self._runs: dict[Run, str] = {}
        self.connections = Connections()
        self.calls: list[dict[str, Any]] = []
        self.stops: list[str] = []

    @property
    def running(self) -> int:
        """Streaming runs that have neither ended nor been stopped."""
        return len(self._runs)

    def close(self) -> None:
        """End every run."""
        for run in list(self._runs):
            run.cut()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        self.connections.used(scope)
        body = await read_body(receive, BODY_LIMIT)
        if body is None:
            return
        try:
            await self._route(scope, receive, send, body)
        except DifyError as error:
            challenge = ((b"www-authenticate", b'Bearer realm="api"'),)
            headers = challenge if error.status == 401 else ()
            await send_whole(send, error.status, error.text.encode(), JSON, headers)

    async def _route(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        method, path = scope["method"], scope["path"]
        for kind in KINDS:
            task_id, slash, rest = path.removeprefix(kind.stop).partition("/")
            if path == kind.run or (path.startswith(kind.stop) and slash and rest == "stop"):
                name, document = self._read(scope, method, body)
                if path == kind.run:
                    await self._run(scope, receive, send, kind, name, document)
                else:
                    self._stop(kind, name, task_id, str(document["user"]))
                    await _send_json(send, {"result": "success"})
                return
        if path == UPLOAD_PATH:
            await self._upload(scope, send, method, body)
            return
        if path not in ("/v1/info", "/v1/parameters"):
            raise refusal(404)
        if method not in ("GET", "HEAD"):
            raise refusal(405)
        name = self._app_name(scope)
        await _send_json(send, _info(name) if path == "/v1/info" else self._apps[name].form())

    async def _upload(self, scope: Scope, send: Send, method: str, body: bytes) -> None:
        if method != "POST":
            raise refusal(405)
        name = self._app_name(scope)
        form = await read_form(dict(text_headers(scope)).get("content-type", ""), body)
        await _send_json(send, await receive(self._uploads, name, form), 201)

    def _read(self, scope: Scope, method: str, body: bytes) -> tuple[str, dict[str, Any]]:
        if method != "POST":
            raise refusal(405)
        name = self._app_name(scope)
        return name, parse(dict(text_headers(scope)).get("content-type", ""), body)

    def _app_name(self, scope: Scope) -> str:
        name = self._names.get(token(dict(text_headers(scope)).get("authorization")))
        if name is None:
            raise refusal(401)
        return name

    async def _run(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        kind: Kind,
        name: str,
        body: dict[str, Any],
    ) -> None:
        entry = {"path": kind.run, "app": name, "body": body, "user": body["user"]}
        remember(self.calls, {**entry, "files": body.get("files"), "time": time.time()})
        _check_mode(kind, name)
        check_run(body)
        call = self._call(name, body)
        try:
            if call.response_mode == "blocking":
                end = await send_blocking(self._apps[name], call, send)
            else:
                end = await send_stream(self._start(name, call), receive, send)
        except UnknownConversation:
            raise refusal(404, message="Conversation Not Exists.") from None
        if end is End.CUT:
            await self.connections.cut(scope, receive)

    def _start(self, name: str, call: Call) -> Run:
        run = Run(call, self._config.service_api_ping, self._config.event_rate)
        self._runs[run] = name
        run.start(self._apps[name], lambda: self._runs.pop(run, None))
        return run

    def _call(self, name: str, body: dict[str, Any]) -> Call:
        return Call(
            app_id=APP_IDS[name],
            inputs=body["inputs"],
            query=body.get("query") or "",
            response_mode=body.get("response_mode") or "blocking",
            conversation_id=(body.get("conversation_id") or "").strip(),
            user=str(body["user"]),
            clock=self._clock,
            captures=self._config.captures,
            uploads=self._uploads.files,
            files=body.get("files") or [],
            over_service_api=True,
        )

    def _stop(self, kind: Kind, name: str, task_id: str, user: str) -> None:
        _check_mode(kind, name)
        remember(self.stops, task_id)
        # Dify answers "success" whether or not there is such a task of this user.
        for run, app_name in list(self._runs.items()):
            if (app_name, run.task_id, run.call.user) == (name, task_id, user):
                run.stop()


def _check_mode(kind: Kind, name: str) -> None:
    if name not in ANY_MODE and MODES[name] not in kind.modes:
        raise refusal(400, *kind.wrong)


def _info(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"The demo app {name}",
        "tags": [],
        "mode": MODES.get(name, "advanced-chat"),
        "author_name": "localserver",
    }


async def _send_json(send: Send, value: Any, status: int = 200) -> None:
    await send_whole(send, status, json.dumps(value).encode() + b"\n", JSON)
