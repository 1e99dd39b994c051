"""What a run route answers: four formats of a 200, and the errors."""

from endpoints.openapi_document import examples
from endpoints.openapi_document.events import SCHEMAS as EVENT_SCHEMAS
from endpoints.openapi_document.parts import Node, errors, headers, json_content, nullable, schema

RUN_ERRORS = errors(400, 401, 403, 404, 413, 415, 429, "4XX", 500, 502, 503, 504)

_MESSAGE: Node = {
    "task_id": nullable("string"),
    "id": nullable("string"),
    "message_id": nullable("string"),
    "answer": {"type": "string", "description": "The whole answer."},
    "metadata": {"type": "object", "description": "Usage and what was retrieved, as Dify tells."},
    "created_at": nullable("integer", description="Unix time in seconds."),
}

_CHAT_MODES = ["chat", "agent-chat", "advanced-chat"]

SCHEMAS: Node = {
    "ChatAnswer": {
        "type": "object",
        "description": "The answer of a chatbot, agent or chatflow.",
        "required": ["event", "mode", "conversation_id", *_MESSAGE],
        "properties": {
            "event": {
                "type": "string",
                "enum": ["message", "workflow_paused"],
                "description": "`workflow_paused`: the run waits for a person; see `data`.",
            },
            "mode": {"type": "string", "enum": _CHAT_MODES},
            "conversation_id": nullable("string", description="To continue it."),
            **_MESSAGE,
            "workflow_run_id": nullable("string"),
            "data": {"type": "object"},
        },
    },
    "CompletionAnswer": {
        "type": "object",
        "description": "The answer of a text generation app.",
        "required": ["event", "mode", *_MESSAGE],
        "properties": {
            "event": {"type": "string", "const": "message"},
            "mode": {"type": "string", "const": "completion"},
            **_MESSAGE,
        },
    },
    "WorkflowAnswer": {
        "type": "object",
        "description": (
            "The result of a workflow. One that failed has the status `failed` in `data`; one that "
            "waits for a person has the pause event's data there."
        ),
        "required": ["task_id", "workflow_run_id", "data"],
        "properties": {
            "task_id": nullable("string"),
            "workflow_run_id": nullable("string"),
            "data": EVENT_SCHEMAS["WorkflowFinishedEvent"]["properties"]["data"],
        },
    },
    "Answer": {
        "description": "By what the app is: Dify runs it by its own mode, whatever the route.",
        "anyOf": [schema("ChatAnswer"), schema("CompletionAnswer"), schema("WorkflowAnswer")],
    },
}


def run_responses(answer: Node, *shown: str) -> Node:
    """The responses of a run route.

    Args:
        answer: the schema of the JSON answer.
        shown: of which kinds of apps examples are given: `chat`, `workflow`, `completion`.
    """
    return {
        "200": {
            "description": (
                "The run, in the format that `response_mode` and `Accept` ask for: NDJSON where "
                "nothing is asked, one event to a line; SSE, one event to a frame, pings as "
                "`event: ping`; the answer's text alone; or one JSON object at the end. A stream "
                "that fails later ends with an `error` event (text: a last line `error: ...`)."
            ),
            "headers": headers("X-Accel-Buffering"),
            "content": _json(answer, shown) | _streams(shown),
        },
        **RUN_ERRORS,
    }


def _json(answer: Node, shown: tuple[str, ...]) -> Node:
    return json_content(
        answer, **{kind: examples.examples()[f"{kind}_answer"][0] for kind in shown}
    )


def _streams(shown: tuple[str, ...]) -> Node:
    streams = [kind for kind in shown if f"{kind}_stream" in examples.examples()]
    texts = [kind for kind in streams if kind == "chat"]
    return {
        "application/x-ndjson": _stream(
            {kind: examples.ndjson(f"{kind}_stream") for kind in streams}
        ),
        "text/event-stream": _stream({kind: examples.sse(f"{kind}_stream") for kind in streams}),
        "text/plain": {
            "schema": {"type": "string"},
            "examples": {kind: {"value": examples.text(f"{kind}_stream")} for kind in texts},
        },
    }


def _stream(shown: dict[str, str]) -> Node:
    """OpenAPI 3.1 has no word for the items of a stream; `x-item-schema` is what 3.2 calls
    `itemSchema`."""
    return {
        "schema": {"type": "string", "description": "One `Event` after the other."},
        "x-item-schema": schema("Event"),
        "examples": {kind: {"value": value} for kind, value in shown.items()},
    }
