"""Reading requests and sending answers, for the two HTTP interfaces of the local server."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

JSON_TYPE = b"application/json; charset=utf-8"


async def send_whole(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = JSON_TYPE,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Send a whole answer."""
    first = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": first})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Read a body up to `limit` bytes and let the rest go by; None if the caller left."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        if size < limit:
            parts.append(part[: limit - size])
            size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts)


def text_headers(scope: Scope) -> list[tuple[str, str]]:
    """The request's headers as they came; names are in lower case."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
