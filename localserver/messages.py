"""The lines of the wire between daemon and plugin."""

from __future__ import annotations

import uuid
from typing import Any

from localserver import gojson
from localserver.session import Session


def error_text(data: dict[str, Any]) -> str:
    """Write the plugin's error object as the daemon writes it into a body."""
    args = data.get("args")
    return gojson.text(
        {
            "message": str(data.get("message", "")),
            "error_type": str(data.get("error_type", "")),
            "args": args if isinstance(args, dict) else None,
        }
    )


def endpoint_id(hook: str) -> str:
    """The id of the endpoint with this hook: a UUID that stays the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"endpoint:{hook}"))


def request_line(session: Session, settings: Any, raw_request: bytes) -> bytes:
    """The line that hands a request to the plugin."""
    return message_line(
        session,
        "request",
        gojson.event_bytes(
            {
                "user_id": "",
                "type": "endpoint",
                "action": "invoke_endpoint",
                "raw_http_request": raw_request.hex(),
                "settings": settings,
            }
        ),
    )


def message_line(session: Session, event: str, data: bytes) -> bytes:
    """A line to the plugin, in the order of the daemon's own struct."""
    return (
        b'{"session_id":"%s","conversation_id":null,"message_id":null,"app_id":null,'
        b'"endpoint_id":"%s","context":null,"event":"%s","data":%s}\n'
    ) % (session.id.encode(), endpoint_id(session.hook).encode(), event.encode(), data)
