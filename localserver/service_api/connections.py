"""The TCP connections of the HTTP server: which of them speak to the Service API."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

Client = tuple[str, int]
"""Address and port of a connection's other end."""


class Connections:
    """Counts the connections to the Service API, kept-alive ones too, and can cut one."""

    def __init__(self) -> None:
        self._transports: dict[Client, asyncio.Transport] = {}
        self._callers: set[Client] = set()
        self.most = 0
        """The most connections that were open at once."""

    @property
    def open(self) -> int:
        """Connections open now that a Service API request has come over."""
        return len(self._callers)

    def made(self, client: Client, transport: asyncio.Transport) -> None:
        """Note a new connection, of whatever kind."""
        self._transports[client] = transport

    def lost(self, client: Client) -> None:
        """Forget a connection."""
        self._transports.pop(client, None)
        self._callers.discard(client)

    def used(self, scope: Scope) -> None:
        """Note that a Service API request came over this connection."""
        client = _client(scope)
        if client in self._transports:
            self._callers.add(client)
            self.most = max(self.most, len(self._callers))

    async def cut(self, scope: Scope, receive: Receive) -> None:
        """Close the connection of a request in the middle of its answer."""
        transport = self._transports.get(_client(scope))
        if transport is not None:
            # after what was written already; so uvicorn takes it for a caller who left
            transport.close()
            while (await receive())["type"] != "http.disconnect":
                pass

    def protocol(self) -> type[asyncio.Protocol]:
        """Uvicorn's HTTP/1.1 protocol, watched."""
        connections = self

        class WatchedProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                super().connection_made(transport)
                if self.client is not None:
                    connections.made(self.client, transport)

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client is not None:
                    connections.lost(self.client)

        return WatchedProtocol


def _client(scope: Scope) -> Client:
    host, port = scope.get("client") or ("", 0)
    return str(host), int(port)
