"""Headers, parameters and security schemes that every group refers to."""

from endpoints.http.settings import KeyLocation
from endpoints.openapi_document.parts import Node

HEADERS: Node = {
    "X-Request-Id": {
        "description": "The request's id: the caller's own, or a new one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "Cache-Control": {
        "description": "No answer may be stored.",
        "required": True,
        "schema": {"type": "string", "const": "no-store"},
    },
    "X-Accel-Buffering": {
        "description": "On streams: keeps nginx from holding them back.",
        "schema": {"type": "string", "const": "no"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 9110, 11.6.1).",
        "schema": {"type": "string", "const": "Bearer"},
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again, where they are known.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"},
    },
    "Allow": {
        "description": "The methods that the path takes.",
        "schema": {"type": "string"},
    },
}

REQUEST_ID: Node = {
    "name": "X-Request-Id",
    "in": "header",
    "description": (
        "An id of 1 to 128 characters of `A-Z a-z 0-9 . _ -` by which the request can be found "
        "again; anything else is replaced."
    ),
    "schema": {"type": "string"},
}

EVENTS: Node = {
    "name": "events",
    "in": "query",
    "description": (
        "Names of events, separated by commas: an NDJSON or SSE stream then holds these alone. "
        "`error` and pings always pass."
    ),
    "schema": {"type": "string"},
    "examples": {"end": {"value": "message_end"}, "text": {"value": "message,message_end"}},
}

PARAMETERS: Node = {"RequestId": REQUEST_ID, "Events": EVENTS}


def app_parameter(names: list[str], *, only_these: bool) -> Node:
    """The app in a path.

    Args:
        names: names and ids that callers may be told; none without a key.
        only_these: this endpoint exposes no other app.
    """
    app: Node = {
        "name": "app",
        "in": "path",
        "required": True,
        "description": "A name from the endpoint's settings, `default`, or an app id (a UUID).",
    }
    if names and only_these:
        return app | {"schema": {"type": "string", "enum": names}}
    known = names or ["default"]
    return app | {
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        "examples": {name: {"value": name} for name in known},
    }


def security_schemes(location: KeyLocation) -> Node:
    """The ways in which a key is accepted, by name; none where no key is asked for."""
    if location is KeyLocation.NONE:
        return {}
    schemes: Node = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "The endpoint's API key."},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    if location is KeyLocation.HEADER_OR_QUERY:
        schemes["query"] = {"type": "apiKey", "in": "query", "name": "api_key"}
    return schemes
