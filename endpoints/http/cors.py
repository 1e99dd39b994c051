"""Calls from pages of other origins (the Fetch standard's CORS protocol).

A page of an allowed origin may read every answer, errors too. It is never allowed credentials: a
key in a header is none in the protocol's sense, and cookies mean nothing here. A request from the
internet into a private network (`Access-Control-Request-Private-Network`) is not answered.
"""

import re
from collections.abc import Mapping
from typing import Any

from werkzeug import Request, Response

from endpoints.http.cors_setting import AllowedOrigins, parse_cors_origins
from endpoints.http.errors import InvalidSettings

ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE"
"""What the daemon serves. The same for every path: a page that uses a wrong method should be able
to read the 405 that says so."""

KNOWN_REQUEST_HEADERS = (
    "Authorization",
    "X-API-Key",
    "Content-Type",
    "Accept",
    "X-Request-Id",
    "Prefer",
    "Idempotency-Key",
    "X-Conversation-Key",
)
"""What callers of this endpoint send."""

EXPOSED_HEADERS = (
    "X-Request-Id, Location, Retry-After, Allow, WWW-Authenticate, Preference-Applied, "
    "Idempotency-Replayed"
)
"""Response headers that a page may read beside the few that it always may."""

PREFLIGHT_SECONDS = 7200
"""How long a browser may remember a preflight's answer; Chromium's own limit."""

MAX_REQUESTED_CHARACTERS = 1024
"""Of `Access-Control-Request-Headers`; a longer one counts as none."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]{1,64}")
"""A token (RFC 9110, 5.6.2) without `_`, which the SDK refuses in a header's name."""


def allowed_origins(raw_settings: Mapping[str, Any]) -> AllowedOrigins:
    """The endpoint's setting, whatever its other settings are; none if it can't be understood."""
    value = raw_settings.get("cors_origins")
    if not isinstance(value, str):
        return AllowedOrigins()
    try:
        return parse_cors_origins(value.strip())
    except InvalidSettings:
        return AllowedOrigins()


def add_cors_headers(response: Response, request: Request, raw_settings: Mapping[str, Any]) -> None:
    """Let the page that called read a response, if its origin may.

    Args:
        response: what goes out, whatever it is; changed in place.
        request: what it answers.
        raw_settings: the endpoint's settings as the daemon hands them over.
    """
    allowed = allowed_origins(raw_settings)
    if not allowed:
        return
    response.vary.add("Origin")  # of a repeated header the last alone survives
    origin = request.headers.get("Origin", "")
    if allowed.allows(origin):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS


def preflight(request: Request, raw_settings: Mapping[str, Any]) -> Response | None:
    """The answer to a browser that asks whether a page may call; None if this is no such request.

    Args:
        request: any request.
        raw_settings: the endpoint's settings as the daemon hands them over.
    """
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    if not allowed_origins(raw_settings).allows(request.headers.get("Origin", "")):
        return None
    headers = {
        "Access-Control-Allow-Methods": ALLOWED_METHODS,
        "Access-Control-Allow-Headers": ", ".join(_request_headers(request)),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return Response(status=204, headers=headers)


def _request_headers(request: Request) -> list[str]:
    """The headers that we know, and what else the page asks for: none of them can do harm."""
    asked = request.headers.get("Access-Control-Request-Headers", "")
    names = {name.lower(): name for name in KNOWN_REQUEST_HEADERS}
    if len(asked) <= MAX_REQUESTED_CHARACTERS:
        for name in asked.split(","):
            if _HEADER_NAME.fullmatch(name.strip()):
                names.setdefault(name.strip().lower(), name.strip())
    return list(names.values())
