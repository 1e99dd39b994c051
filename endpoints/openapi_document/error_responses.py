"""Every error of the tree in endpoints/http/errors.py as a response, by status."""

from collections.abc import Iterator
from typing import Any

from endpoints.http.errors import ProxyError
from endpoints.openapi_document.parts import Node, headers, json_content, schema

_REQUEST_ID = "cecdd932e52e4600969996eb0e79b0cc"

_HEADERS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

_TOLD = {
    "invalid_param": (
        "The request is malformed; the message names the field.",
        "`query` is missing: a chat needs the user's words.",
    ),
    "unauthorized": (
        "No valid key; of a webhook: a signature that is wrong, missing or stale.",
        "A valid key is needed: send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`.",
    ),
    "app_not_allowed": (
        "This endpoint does not expose the app.",
        "This endpoint does not expose that app.",
    ),
    "app_not_found": (
        "Neither a name nor an app id, or Dify has no such app.",
        "Dify has no such app in this workspace.",
    ),
    "conversation_not_found": (
        "Dify does not know the conversation.",
        "Dify does not know that conversation. Leave `conversation_id` out to begin a new one.",
    ),
    "not_found": ("There is no such path.", "There is no such path on this endpoint."),
    "method_not_allowed": (
        "The path has other methods, named in `Allow`.",
        "This path does not take PUT. It takes GET, HEAD, OPTIONS, POST.",
    ),
    "payload_too_large": (
        "A body of 10 MiB or more, or a run that would take more than 4.5 MiB on its way to Dify.",
        "The body has to be smaller than 10 MiB (10,485,760 bytes).",
    ),
    "unsupported_media_type": (
        "A content type that this route does not read, or a `Content-Encoding`.",
        "Send the body uncompressed, without `Content-Encoding`.",
    ),
    "too_many_requests": (
        "Dify, or something before it, has had too many requests.",
        "Too many requests. Try again later.",
    ),
    "rate_limit_error": (
        "Dify's own rate limit, with its message.",
        "Too many requests. Try again later.",
    ),
    "invalid_settings": (
        "A setting of this endpoint can't be understood; the message names it.",
        "The setting `apps` of this endpoint is not valid YAML. Its administrator has to mend it.",
    ),
    "internal_error": (
        "A fault of the plugin; its log has the request id.",
        "The App Proxy plugin failed on this request. Try again; if it happens again, tell the "
        "administrator the request id.",
    ),
    "app_error": (
        "The app or Dify failed.",
        "The app failed inside Dify. Try again; the app's log and Dify's own log say why.",
    ),
    "incomplete_stream": (
        "The app's stream stopped without a terminal event.",
        "The app's stream stopped before the app had finished.",
    ),
    "overloaded": (
        "Too many requests are under way in the plugin or on this endpoint.",
        "Too many requests are under way on this endpoint. Try again later.",
    ),
    "storage_unavailable": (
        "A delivery could not be noted, and was not run; send it again.",
        "The delivery could not be noted. Send it again later.",
    ),
    "app_timeout": (
        "A time limit of the installation; the message names the setting to raise.",
        "The app sent nothing for too long. The administrator can raise MAX_INVOCATION_TIMEOUT "
        "(seconds) in the plugin daemon's environment.",
    ),
}
"""Code -> when it is given, and a message that comes with it."""

SCHEMAS: Node = {
    "Error": {
        "type": "object",
        "description": "What went wrong and what to do, in the envelope of Dify's Service API.",
        "required": ["code", "message", "status", "request_id"],
        "properties": {
            "code": {
                "type": "string",
                "description": f"One of {', '.join(f'`{code}`' for code in _TOLD)}; or Dify's own.",
            },
            "message": {"type": "string", "minLength": 1, "description": "For the caller."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "request_id": {"type": "string", "description": "As in `X-Request-Id`."},
        },
    }
}


def error_responses() -> Node:
    """The responses of all errors, as `Error<status>`."""
    by_status: dict[int, list[str]] = {429: ["too_many_requests", "rate_limit_error"]}
    for status, code in sorted(set(_codes(ProxyError))):
        by_status.setdefault(status, []).append(code)
    responses = {f"Error{status}": _response(status, codes) for status, codes in by_status.items()}
    responses["Error4XX"] = {
        "description": "Dify refused the request: its own status, code and message.",
        "headers": headers("Retry-After"),
        "content": json_content(
            schema("Error"),
            missing_input=_example(400, "invalid_param", "text is required in input form"),
        ),
    }
    return responses


def _codes(error: type[ProxyError]) -> Iterator[tuple[int, str]]:
    if "code" in vars(error):
        yield error.status, error.code
    for special in error.__subclasses__():
        yield from _codes(special)


def _response(status: int, codes: list[str]) -> Node:
    examples = {code: _example(status, code, _TOLD[code][1]) for code in codes}
    return {
        "description": " ".join(f"`{code}`: {_TOLD[code][0]}" for code in codes),
        "headers": headers(*_HEADERS.get(status, ())),
        "content": json_content(schema("Error"), **examples),
    }


def _example(status: int, code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "status": status, "request_id": _REQUEST_ID}
