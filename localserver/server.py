"""The local server: the plugin process, the endpoints over HTTP, and a tiny Dify behind them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import uvicorn

from localserver import gojson
from localserver.apps.demo import demo_apps
from localserver.config import Config, ConfigError, filled
from localserver.http import HttpServer
from localserver.instance import Instance
from localserver.invocations import Invocations
from localserver.log import Log, remember
from localserver.manifest import read_permissions
from localserver.messages import error_text
from localserver.observed import Observed
from localserver.runtime import PluginRuntime
from localserver.service_api import ServiceApi
from localserver.session import Response, Session
from localserver.storage import Storage
from localserver.thread import QuietUvicorn, ServerThread, silenced
from localserver.uploads import Uploads

BACKLOG = 2048
"""Connections that may wait to be accepted: a thousand callers at once are a test."""
KEEP_ALIVE = 65
"""Seconds that a connection may be idle, as in the nginx before Dify."""


class PortInUse(Exception):
    """Something else listens on the port already."""


class LocalServer(Observed):
    """One plugin process behind an HTTP server; see `running` for the way to use it in tests."""

    def __init__(self, config: Config) -> None:
        """Prepare a server; nothing is started yet.

        Raises:
            ConfigError: the plugin's directory has no manifest.
        """
        self.config = config
        try:
            permissions = read_permissions(config.plugin)
        except OSError as error:
            raise ConfigError(f"no plugin in {config.plugin}: {error}") from error
        self.log = Log(config.console)
        self.responses: list[Response] = []
        self.dropped_chunks = 0
        self._sessions: dict[str, Session] = {}
        self._uploads = Uploads(lambda: self.base_url, config.upload_delay)
        self._storage = Storage(min(permissions.storage_size, config.limits.storage))
        apps = {**demo_apps(config.completion), **config.apps}
        self._invocations = Invocations(config, apps, permissions, self._storage, self._uploads)
        self._service_api = ServiceApi(config, apps, self._uploads)
        self._runtime: PluginRuntime | None = None
        self._port = config.port

    # Addresses

    @property
    def base_url(self) -> str:
        """The server's URL, without a slash at its end."""
        return f"http://{self.config.host}:{self._port}"

    def url(self, hook: str) -> str:
        """The URL of an endpoint, without a slash at its end."""
        return f"{self.base_url}/e/{hook}"

    @property
    def service_api_url(self) -> str:
        """The base URL of the stand-in for Dify's Service API."""
        return f"{self.base_url}/v1"

    # Sessions

    def open(self, record: Response) -> Session:
        """Open a session for a request."""
        remember(self.responses, record)
        session = Session(self.config.limits, record, self._on_dropped)
        self._sessions[session.id] = session
        return session

    def close(self, session: Session) -> None:
        """Close a session."""
        del self._sessions[session.id]
        session.close()

    def _on_dropped(self, record: Response) -> None:
        self.dropped_chunks += 1
        if record.dropped == 1:
            self.log.daemon(
                f"{record.method} {record.path}: the caller reads too slowly, "
                "queue is full: chunks are dropped"
            )

    def _on_message(
        self, instance: Instance, session_id: str, data: dict[str, Any], at: float
    ) -> None:
        session = self._sessions.get(session_id)
        if session is None or session.instance is not instance:
            return
        kind, content = data.get("type"), data.get("data") or {}
        error: str | None = None
        if kind == "stream":
            session.on_stream(content, at)
        elif kind == "end":
            session.on_end(at)
        elif kind == "error":
            error = error_text(content)
            self.log.daemon(f"plugin returned error response: {error}")
            session.on_end(at, error)
        elif kind == "invoke":
            failure = self._invocations.start(session, content)
            if failure is not None:
                error = _daemon_failure("invoke_dify_error", f"invoke dify failed: {failure}")
                session.on_end(at, error)
        else:
            error = _daemon_failure(
                "unknown_stream_message_type", f"unknown stream message type: {kind}"
            )
            session.on_end(at, error)

    # Running

    async def serve(self, on_started: Callable[[], None], stop: asyncio.Event) -> None:
        """Start the plugin, serve until `stop` is set, and end the plugin.

        Raises:
            PortInUse: something else listens on the port.
            PluginError: the plugin did not start.
        """
        listener = self._listen()
        self._runtime = PluginRuntime(self.config, self.log, self._on_message)
        config = replace(self.config, endpoints=filled(self.config.endpoints, self.base_url))
        application = HttpServer(config, self._runtime, self, self._uploads, self._service_api)
        http = QuietUvicorn(
            uvicorn.Config(
                application,
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
                backlog=BACKLOG,
                ws="none",
                http=self._service_api.connections.protocol(),
                timeout_keep_alive=KEEP_ALIVE,
            )
        )
        try:
            await self._runtime.start()
            serving = asyncio.create_task(http.serve(sockets=[listener]))
            while not http.started and not serving.done():
                await asyncio.sleep(0.01)
            on_started()
            await stop.wait()
            http.should_exit = True
            for session in list(self._sessions.values()):
                session.leave()
            self._service_api.close()
            with silenced("uvicorn.error"):  # which minds that open responses are cut off
                await serving
        finally:
            listener.close()
            await self._runtime.stop()

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # as Go's servers do; connections inherit it, and asyncio does not set it on these
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((self.config.host, self.config.port))
        except OSError as error:
            listener.close()
            raise PortInUse(
                f"{self.config.host}:{self.config.port} can't be listened on: {error.strerror}"
            ) from error
        self._port = int(listener.getsockname()[1])
        return listener

    @classmethod
    @contextlib.contextmanager
    def running(cls, config: Config) -> Iterator[LocalServer]:
        """Run a server in a thread of its own, from its readiness to the end of the block.

        Raises:
            ConfigError, PortInUse, PluginError: it could not be started.
        """
        server = cls(config)
        thread = ServerThread(server.serve)
        thread.start()
        try:
            thread.wait_until_started()
            yield server
        finally:
            thread.stop()


def _daemon_failure(kind: str, message: str) -> str:
    return gojson.text({"error_type": kind, "message": message})
