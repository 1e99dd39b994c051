"""The HTTP side: `/e/<hook>/...` as the daemon serves it, and what Dify serves beside it."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.types import Message, Receive, Scope, Send

from localserver import gojson
from localserver.apps import DifyError
from localserver.asgi import read_body, send_whole, text_headers
from localserver.config import Config
from localserver.gohttp import BODY_LIMIT, IncomingRequest, raw_request, valid_escapes
from localserver.instance import Instance
from localserver.messages import request_line
from localserver.runtime import PluginRuntime
from localserver.service_api import PREFIX as SERVICE_API_PREFIX
from localserver.service_api import ServiceApi
from localserver.session import Response, Session
from localserver.uploads import UPLOAD_PATH, Uploads

METHODS = frozenset({"HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS"})
ENDPOINT_PREFIX = b"/e/"
NOT_SENT_ON = frozenset({"transfer-encoding"})
"""Response headers that Go's server keeps to itself."""
UPLOAD_LIMIT = 100 * 1024 * 1024
"""Bytes of an uploaded file's request; far above what Dify allows for one file."""
INTERNAL_ERROR = "PluginDaemonInternalServerError"
BAD_REQUEST = "PluginDaemonBadRequestError"


def daemon_error(code: int, kind: str, message: str) -> bytes:
    """The daemon's own error answer (`internal/types/exception`)."""
    inner = gojson.struct_text({"message": message, "error_type": kind, "args": None})
    return gojson.struct_text({"code": code, "message": inner, "data": None}).encode()


class Sessions(Protocol):
    """Where sessions are opened and closed."""

    def open(self, record: Response) -> Session:
        """Open a session for a request."""
        ...

    def close(self, session: Session) -> None:
        """Close it: nothing is answered on it any more."""
        ...


class HttpServer:
    """The ASGI application."""

    def __init__(
        self,
        config: Config,
        runtime: PluginRuntime,
        sessions: Sessions,
        uploads: Uploads,
        service_api: ServiceApi,
    ) -> None:
        self._config = config
        self._runtime = runtime
        self._sessions = sessions
        self._uploads = uploads
        self._service_api = service_api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        raw_path = raw_path.partition(b"?")[0]
        if not valid_escapes(raw_path):
            await send_whole(send, 400, b"400 Bad Request", b"text/plain; charset=utf-8")
        elif raw_path == b"/health/check":
            await send_whole(send, 200, b'{"status":"ok"}')
        elif raw_path == UPLOAD_PATH.encode() and scope["method"] == "POST":
            await self._upload(scope, receive, send)
        elif raw_path.startswith(SERVICE_API_PREFIX):
            await self._service_api(scope, receive, send)
        elif raw_path.startswith(ENDPOINT_PREFIX) and scope["method"] in METHODS:
            hook, slash, rest = raw_path[len(ENDPOINT_PREFIX) :].partition(b"/")
            if slash:
                await self._endpoint(scope, receive, send, unquote(hook), slash + rest)
            else:
                await self._redirect(scope, send, raw_path)
        else:
            answer = b'{"code":"not_found","message":"route not found"}'
            await send_whole(send, 404, answer)

    @staticmethod
    async def _redirect(scope: Scope, send: Send, raw_path: bytes) -> None:
        # gin's RedirectTrailingSlash
        status = 301 if scope["method"] == "GET" else 307
        query: bytes = scope["query_string"]
        target = raw_path + b"/" + (b"?" + query if query else b"")
        headers = [(b"location", target), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, UPLOAD_LIMIT)
        if body is None:
            return
        headers = dict(text_headers(scope))
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        try:
            answer = await self._uploads.receive(query, headers.get("content-type", ""), body)
        except DifyError as error:
            await send_whole(send, error.status, error.text.encode(), b"application/json")
        else:
            await send_whole(send, 201, orjson.dumps(answer), b"application/json")

    async def _endpoint(
        self, scope: Scope, receive: Receive, send: Send, hook: str, path: bytes
    ) -> None:
        settings = self._config.endpoints.get(hook)
        body = await read_body(receive, BODY_LIMIT)
        if body is None:
            return
        if settings is None:
            answer = daemon_error(-400, BAD_REQUEST, "endpoint not found")
            await send_whole(send, 404, answer)
            return
        incoming = IncomingRequest(
            method=scope["method"],
            hook=hook,
            raw_path=path,
            raw_query=scope["query_string"],
            headers=text_headers(scope),
            body=body,
        )
        record = Response(str(uuid.uuid4()), hook, scope["method"], path.decode("latin-1"))
        session = self._sessions.open(record)
        watch = asyncio.create_task(_watch(receive, session))
        try:
            await self._serve(session, settings, raw_request(incoming), send)
        finally:
            watch.cancel()
            self._sessions.close(session)

    async def _serve(self, session: Session, settings: Any, raw: bytes, send: Send) -> None:
        try:
            instance: Instance = await self._runtime.instance()
        except TimeoutError:
            message = "no proper instance\nfailed to write request"
            await send_whole(send, 500, daemon_error(-500, INTERNAL_ERROR, message))
            return
        session.instance = instance
        instance.stdin.write(request_line(session, settings, raw))
        status = await session.head()
        if status is None:
            return
        if session.error is not None:
            answer = daemon_error(-500, INTERNAL_ERROR, session.error)
            session.record.status = 500
            await send_whole(send, 500, answer)
            return
        headers = [
            (name.encode("latin-1", "replace"), value.encode("utf-8", "replace"))
            for name, value in session.record.headers.items()
            if name not in NOT_SENT_ON
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await self._pump(session, send)

    async def _pump(self, session: Session, send: Send) -> None:
        limit = self._config.limits.max_execution_timeout
        last = b""
        try:
            async with asyncio.timeout(limit):
                async for chunk in session.body():
                    await send(_body(chunk))
        except TimeoutError:
            last = daemon_error(-500, INTERNAL_ERROR, "killed by timeout")
        if not session.client_gone:
            await send({"type": "http.response.body", "body": last, "more_body": False})


def _body(chunk: bytes) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


async def _watch(receive: Receive, session: Session) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    session.leave()
