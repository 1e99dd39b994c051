"""The Service API has a path for each kind of app; what each one takes."""

from typing import Any

from endpoints.http.errors import AppError
from provider.call import Call, Kind

RUN_PATHS = {
    Kind.CHAT: "/chat-messages",
    Kind.WORKFLOW: "/workflows/run",
    Kind.COMPLETION: "/completion-messages",
}

STOP_PATHS = {
    Kind.CHAT: "/chat-messages/{}/stop",
    Kind.WORKFLOW: "/workflows/tasks/{}/stop",
    Kind.COMPLETION: "/completion-messages/{}/stop",
}
"""With the task id of the run in place of the braces."""

_KINDS = {
    "chat": Kind.CHAT,
    "agent-chat": Kind.CHAT,
    "advanced-chat": Kind.CHAT,
    "workflow": Kind.WORKFLOW,
    "completion": Kind.COMPLETION,
}


def kind_of_mode(mode: str | None) -> Kind:
    """How an app of a mode (`/info`) is run.

    Raises:
        AppError: there is no way to run such an app.
    """
    kind = _KINDS.get(mode or "")
    if kind is None:
        raise AppError("The Service API does not tell what kind of app this is.")
    return kind


def run_body(call: Call, kind: Kind, user: str) -> dict[str, Any]:
    """The JSON body of a run.

    Args:
        call: what to run.
        kind: what the app is taken for.
        user: whose conversation it is.
    """
    inputs = call.inputs
    if kind is Kind.COMPLETION and call.query:
        inputs = {"query": call.query} | inputs
    body: dict[str, Any] = {"inputs": inputs, "response_mode": "streaming", "user": user}
    if kind is Kind.CHAT:
        body |= {"query": call.query, "conversation_id": call.conversation_id}
    if call.files:
        body["files"] = list(call.files)
    return body
