"""Reverse invocations: what the plugin asks of Dify through the daemon.

The rules and the error texts are those of the daemon's
`internal/core/io_tunnel/backwards_invocation/task.go` and of its `pkg/utils/http_requests`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from localserver.apps import App, Call, Clock, DifyError, RunError, SentError
from localserver.config import Config
from localserver.log import remember
from localserver.manifest import Permissions
from localserver.reply import Reply, Throttle
from localserver.session import Session
from localserver.storage import Storage, StorageError
from localserver.uploads import Uploads

APP_FIELDS = ("app_id", "inputs", "query", "response_mode", "conversation_id", "user")
"""What the daemon keeps of an app invocation; `files` is not among them."""
READ_TIMEOUT = (
    "read tcp 127.0.0.1:50932->127.0.0.1:5001: use of closed network connection\n"
    "failed to read system header"
)

Request = dict[str, Any]


class InvocationError(Exception):
    """An invocation ends with this error text."""


class Invocations:
    """Carries out the reverse invocations of all sessions."""

    def __init__(
        self,
        config: Config,
        apps: dict[str, App],
        permissions: Permissions,
        storage: Storage,
        uploads: Uploads,
    ) -> None:
        self._config = config
        self._apps = apps
        self._permissions = permissions
        self.storage = storage
        self.uploads = uploads
        self._clock = Clock(config.pace)
        self.record: list[dict[str, Any]] = []
        self.dropped_events = 0

    def start(self, session: Session, data: dict[str, Any]) -> str | None:
        """Begin an invocation; an error text if the message itself is wrong."""
        kind, number, request = (
            data.get(name) for name in ("type", "backwards_request_id", "request")
        )
        if not isinstance(kind, str):
            return "invoke request missing type"
        if not isinstance(number, str) or not isinstance(request, dict):
            return "invoke request missing request_id or request"
        remember(
            self.record,
            {
                "type": kind,
                "request": request,
                "session_id": session.id,
                "hook": session.hook,
                "time": time.time(),
            },
        )
        reply = Reply(session, number)
        simple = {
            "storage": self._storage,
            "fetch_app": self._fetch_app,
            "upload_file": self._upload_file,
        }.get(kind)
        denied = self._permissions.denial(kind)
        if denied is not None:
            reply.error(denied)
            reply.end()
        elif kind == "app":
            task = asyncio.create_task(self._app(reply, request))
            session.invocations.add(task)
            task.add_done_callback(session.invocations.discard)
        elif simple is not None:
            self._answer(reply, simple, request)
        else:
            reply.error(f"unsupported invoke type: {kind}")
            reply.end()
        return None

    @staticmethod
    def _answer(reply: Reply, run: Callable[[Request], Any], request: Request) -> None:
        try:
            reply.response("struct", run(request))
        except InvocationError as error:
            reply.error(str(error))
        reply.end()

    # Apps

    async def _app(self, reply: Reply, request: Request) -> None:
        started = False
        try:
            app, call = self._call(request)
            deadline = self._config.limits.invocation_read_timeout
            begin = asyncio.get_running_loop().time()
            async with asyncio.timeout_at(begin + deadline if app.headers_at_once else None) as t:
                throttle = Throttle(self._config.event_rate)
                async for event in app.run(call):
                    if not started:
                        started = True
                        if not app.headers_at_once:
                            t.reschedule(asyncio.get_running_loop().time() + deadline)
                    self._relay(reply, event)
                    await throttle.wait()
        except TimeoutError:
            reply.error(f"read app failed: {READ_TIMEOUT}")
        except DifyError as error:
            reply.error(
                f"invoke app failed: request failed with status code: {error.status} "
                f"and respond with: {error.text}"
            )
        except RunError as error:
            reply.error(f"read app failed: request failed: {error}")
        except (SentError, InvocationError) as error:
            reply.error(str(error))
        reply.end()

    def _call(self, request: Request) -> tuple[App, Call]:
        known = {name: request.get(name) for name in APP_FIELDS}
        app_id = _required(known, "app_id", "InvokeAppRequest.InvokeAppSchema.AppId")
        inputs = known["inputs"]
        if not isinstance(inputs, dict | None):
            raise InvocationError(
                "unmarshal backwards invoke request failed: error decoding map: "
                "'inputs' expected a map"
            )
        app = self._apps.get(app_id)
        if app is None:
            raise DifyError.invalid("app not found")
        return app, Call(
            app_id=app_id,
            inputs=inputs or {},
            query=str(known["query"] or ""),
            response_mode=str(known["response_mode"] or ""),
            conversation_id=str(known["conversation_id"] or ""),
            user=str(known["user"] or ""),
            clock=self._clock,
            captures=self._config.captures,
            uploads=self.uploads.files,
        )

    def _relay(self, reply: Reply, event: dict[str, Any]) -> None:
        if event.get("event") == "ping":
            return
        if reply.owner.waiting >= self._config.limits.invocation_queue:
            self.dropped_events += 1
        else:
            reply.response("stream", event)

    # Everything else

    def _fetch_app(self, request: Request) -> Any:
        app = self._apps.get(_required(request, "app_id", "FetchAppRequest.AppId"))
        if app is None:
            raise InvocationError("fetch app failed: data is nil")
        return app.form()

    def _upload_file(self, request: Request) -> Any:
        name = _required(request, "filename", "UploadFileRequest.Filename")
        mime_type = _required(request, "mimetype", "UploadFileRequest.MimeType")
        return {"url": self.uploads.signed_url(name, mime_type)}

    def _storage(self, request: Request) -> Any:
        key = _required(request, "key", "InvokeStorageRequest.Key")
        operation = request.get("opt")
        try:
            match operation:
                case "get":
                    return {"data": self.storage.get(key).hex()}
                case "set":
                    self.storage.set(key, bytes.fromhex(str(request.get("value") or "")))
                    return {"data": "ok"}
                case "del":
                    self.storage.delete(key)
                    return {"data": "ok", "deleted_num": 0}
                case "exist":
                    found = self.storage.exists(key)
                    return {"data": found, "exist_num": int(found)}
        except StorageError as error:
            raise InvocationError(_storage_failure(str(operation), error)) from error
        except ValueError as error:
            raise InvocationError(f"decode data failed: encoding/hex: {error}") from error
        raise InvocationError(_invalid("InvokeStorageRequest.Opt", "storage_opt"))


def _storage_failure(operation: str, error: StorageError) -> str:
    if operation == "get":
        return "load data failed, please check if the key is correct or you have not set it"
    verb = {"set": "save", "del": "delete", "exist": "exist"}[operation]
    return f"{verb} data failed: {error}"


def _invalid(field: str, rule: str) -> str:
    name = field.rpartition(".")[2]
    return (
        "unmarshal backwards invoke request failed: error validating struct: "
        f"Key: '{field}' Error:Field validation for '{name}' failed on the '{rule}' tag"
    )


def _required(request: Request, name: str, field: str) -> str:
    value = request.get(name)
    if value is None or value == "":
        raise InvocationError(_invalid(field, "required"))
    if not isinstance(value, str):
        raise InvocationError(
            "unmarshal backwards invoke request failed: error decoding map: "
            f"'{name}' expected type 'string'"
        )
    return value
