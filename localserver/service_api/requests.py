"""Requests to the Service API as Dify reads them, and what it refuses."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from localserver.apps import DifyError

APP_UNAVAILABLE = (
    "app_unavailable",
    "App unavailable, please check your app configurations.",
)
NOT_CHAT_APP = (
    "not_chat_app",
    "Please check if your Chat app mode matches the right API route.",
)
NOT_WORKFLOW_APP = (
    "not_workflow_app",
    "Please check if your Workflow app mode matches the right API route.",
)
ANSWERS_OF_FLASK = {
    400: ("bad_request", "Failed to decode JSON object"),
    401: ("unauthorized", "Access token is invalid"),
    404: (
        "not_found",
        "The requested URL was not found on the server. If you entered the URL manually please "
        "check your spelling and try again.",
    ),
    405: ("method_not_allowed", "The method is not allowed for the requested URL."),
    415: (
        "unsupported_media_type",
        "Did not attempt to load JSON data because the request Content-Type was not "
        "'application/json'.",
    ),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of app, by the routes that run and stop it."""

    run: str
    stop: str
    """The stop route's path up to the task id."""
    modes: frozenset[str]
    wrong: tuple[str, str]
    """Code and message for an app of another mode."""


KINDS = (
    Kind(
        "/v1/chat-messages",
        "/v1/chat-messages/",
        frozenset({"chat", "agent-chat", "advanced-chat"}),
        NOT_CHAT_APP,
    ),
    Kind(
        "/v1/completion-messages",
        "/v1/completion-messages/",
        frozenset({"completion"}),
        APP_UNAVAILABLE,
    ),
    Kind("/v1/workflows/run", "/v1/workflows/tasks/", frozenset({"workflow"}), NOT_WORKFLOW_APP),
)


def refusal(status: int, code: str = "", message: str = "") -> DifyError:
    """An answer in Dify's envelope; without words, with those of Flask for the status."""
    flask_code, flask_message = ANSWERS_OF_FLASK.get(status, ("", ""))
    body = {"code": code or flask_code, "message": message or flask_message, "status": status}
    return DifyError(status, body)


def token(authorization: str | None) -> str:
    """The key in an `Authorization` header.

    Raises:
        DifyError: there is none.
    """
    if authorization is None or " " not in authorization:
        words = "Authorization header must be provided and start with 'Bearer'"
        raise refusal(401, message=words)
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise refusal(401, message="Authorization scheme must be 'Bearer'")
    return key.strip()


def parse(content_type: str, body: bytes) -> dict[str, Any]:
    """Read a JSON object with a `user`.

    Raises:
        DifyError: it is none.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise refusal(415)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise refusal(400, message=f"Failed to decode JSON object: {error}") from error
    if not isinstance(value, dict):
        raise DifyError.internal()
    if not value.get("user"):
        raise DifyError.invalid("Arg user must be provided.")
    return value


def check_run(body: dict[str, Any]) -> None:
    """Check the fields of a run.

    Raises:
        DifyError: one of them is missing or of the wrong type.
    """
    if body.get("inputs") is None:
        raise DifyError.invalid("Missing required parameter in the JSON body: inputs")
    wanted = {"inputs": dict, "files": list, "query": str, "conversation_id": str}
    for name, kind in wanted.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise DifyError.invalid(f"{name}: input should be a valid {kind.__name__}")
    if body.get("response_mode") not in (None, "blocking", "streaming"):
        raise DifyError.invalid(f"{body['response_mode']} is not a valid choice")
    number = (body.get("conversation_id") or "").strip()
    try:
        uuid.UUID(number or str(uuid.uuid4()))
    except ValueError:
        raise DifyError.invalid(f"{number} is not a valid uuid.") from None
