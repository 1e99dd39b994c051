"""The route that takes deliveries of webhooks."""

from functools import cache

from endpoints.openapi_document.parts import Group, Node, errors, headers, parameter

TAG = "Webhooks"

_ANY_BODY: Node = {
    "application/json": {"schema": {}},
    "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
    "text/plain": {"schema": {"type": "string"}},
}
"""What senders send; only the sender's documentation says more."""

_ANSWERED: Node = {
    "application/json": {
        "schema": {},
        "examples": {
            "run": {"value": {"event": "message", "answer": "Thank you for the report."}},
            "skipped": {"value": {"skipped": True}},
            "duplicate": {"value": {"duplicate": True}},
        },
    },
    "application/x-ndjson": {"schema": {"type": "string"}},
    "text/event-stream": {"schema": {"type": "string"}},
    "text/plain": {"schema": {"type": "string"}},
}


@cache
def group() -> Group:
    """This route."""
    take = {
        "operationId": "takeDelivery",
        "summary": "Take a delivery of a webhook and run an app on it",
        "description": (
            "Signed as the setting `webhook_sender` says; with `none` it needs a key. A delivery "
            "that was seen before, or that carries no work, is acknowledged and not run."
        ),
        "tags": [TAG],
        "parameters": [
            {
                "name": "output",
                "in": "query",
                "description": "What of the run is the answer; empty is as if it were not given.",
                "schema": {"type": "string", "enum": ["text", "outputs", "full", ""]},
            },
            parameter("RequestId"),
        ],
        "requestBody": {"content": _ANY_BODY},
        "responses": {
            "200": {
                "description": "The run, in the format that is asked for, or an acknowledgement.",
                "headers": headers(),
                "content": _ANSWERED,
            },
            "204": {"description": "A handshake that wants no content.", "headers": headers()},
            **errors(400, 401, 403, 404, 413, 415, 429, "4XX", 500, 502, 503, 504),
        },
    }
    prove = {
        "operationId": "answerHandshake",
        "summary": "Answer a sender that asks whether this is its receiver",
        "tags": [TAG],
        "parameters": [parameter("RequestId")],
        "responses": {
            "200": {
                "description": "The sender's challenge.",
                "headers": headers(),
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **errors(400, 401, 403, 404, "4XX", 500, 503),
        },
    }
    item: Node = {"parameters": [parameter("App")], "get": prove, "post": take}
    return Group(TAG, "Take what external systems send.", {"/hooks/{app}": item})
