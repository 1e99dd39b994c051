"""The events of a stream: one schema for each kind that is known, and one for all others.

What Dify sends differs by version, so of each event only what every version has is required, and
more may always be there. An event of a name that is not known here is valid too: `OtherEvent`
takes exactly those, so a validator is content, and clients pass over them.
"""

from endpoints.openapi_document.parts import Node, nullable, schema

_TEXT: Node = {"type": "string"}
_OBJECT: Node = {"type": "object"}
_TIME: Node = nullable("integer", description="Unix time in seconds.")
_IDS: Node = {
    "task_id": nullable("string"),
    "message_id": nullable("string"),
    "conversation_id": nullable("string"),
    "created_at": _TIME,
}
_RUN: Node = {"task_id": nullable("string"), "workflow_run_id": nullable("string")}
_RUN_STATUSES = ("succeeded", "failed", "partial-succeeded", "stopped", "paused")


def _event(name: str, description: str, needed: Node, more: Node) -> Node:
    return {
        "type": "object",
        "description": description,
        "required": ["event", *needed],
        "properties": {"event": {"type": "string", "const": name}, **needed, **more},
    }


_FINISHED_DATA: Node = {
    "type": "object",
    "properties": {
        "id": nullable("string"),
        "workflow_id": nullable("string"),
        "status": {"type": "string", "examples": list(_RUN_STATUSES)},
        "outputs": nullable("object"),
        "error": nullable("string"),
        "elapsed_time": nullable("number", description="In seconds."),
        "total_tokens": nullable("integer"),
        "total_steps": nullable("integer"),
        "created_at": _TIME,
        "finished_at": _TIME,
    },
}

_KNOWN: dict[str, tuple[str, Node]] = {
    "message": (
        "MessageEvent",
        _event("message", "The next piece of the answer.", {"answer": _TEXT}, _IDS),
    ),
    "agent_message": (
        "AgentMessageEvent",
        _event("agent_message", "The next piece of an agent's answer.", {"answer": _TEXT}, _IDS),
    ),
    "message_file": (
        "MessageFileEvent",
        _event(
            "message_file",
            "A file of the answer; with `answer` (seen in Dify 1.12.1) the next piece of it.",
            {},
            _IDS | {"id": nullable("string"), "url": nullable("string"), "answer": _TEXT},
        ),
    ),
    "message_replace": (
        "MessageReplaceEvent",
        _event(
            "message_replace",
            "Moderation: this text replaces the answer so far.",
            {"answer": _TEXT},
            _IDS,
        ),
    ),
    "message_end": (
        "MessageEndEvent",
        _event("message_end", "The answer is complete.", {}, _IDS | {"metadata": _OBJECT}),
    ),
    "agent_thought": (
        "AgentThoughtEvent",
        _event(
            "agent_thought",
            "A step of an agent; the same `id` may come again with a later state.",
            {},
            _IDS
            | {name: nullable("string") for name in ("id", "thought", "tool", "observation")}
            | {"position": nullable("integer")},
        ),
    ),
    "workflow_started": (
        "WorkflowStartedEvent",
        _event("workflow_started", "A workflow or chatflow begins.", {"data": _OBJECT}, _RUN),
    ),
    "node_started": (
        "NodeStartedEvent",
        _event("node_started", "A node begins.", {"data": _OBJECT}, _RUN),
    ),
    "node_finished": (
        "NodeFinishedEvent",
        _event("node_finished", "A node is done.", {"data": _OBJECT}, _RUN),
    ),
    "text_chunk": (
        "TextChunkEvent",
        _event(
            "text_chunk",
            "The next piece of a workflow's text.",
            {"data": {"type": "object", "required": ["text"], "properties": {"text": _TEXT}}},
            _RUN,
        ),
    ),
    "workflow_finished": (
        "WorkflowFinishedEvent",
        _event(
            "workflow_finished",
            "A workflow is done. In a chatflow `message_end` or `error` follows, or came before.",
            {"data": _FINISHED_DATA},
            _RUN,
        ),
    ),
    "workflow_paused": (
        "WorkflowPausedEvent",
        _event("workflow_paused", "A run waits for a person.", {"data": _OBJECT}, _RUN),
    ),
    "error": (
        "ErrorEvent",
        _event(
            "error",
            "The run failed. If this plugin says so, it has the fields of `Error`.",
            {},
            _IDS
            | {
                "status": nullable("integer"),
                "code": nullable("string"),
                "message": nullable("string"),
                "request_id": _TEXT,
            },
        ),
    ),
    "ping": (
        "PingEvent",
        _event("ping", "Nothing was sent for 10 s; the stream goes on.", {}, {}),
    ),
}
"""Event -> the name of its schema, and the schema."""

SCHEMAS: Node = {
    "Event": {
        "description": (
            "One event of a stream. `message_end`, `workflow_finished`, `workflow_paused` or "
            "`error` stands in every stream that is whole."
        ),
        "anyOf": [*(schema(name) for name, _ in _KNOWN.values()), schema("OtherEvent")],
        "discriminator": {
            "propertyName": "event",
            "mapping": {event: schema(name)["$ref"] for event, (name, _) in _KNOWN.items()},
        },
    },
    **dict(_KNOWN.values()),
    "OtherEvent": {
        "type": "object",
        "description": "Any other event: Dify has more, and newer versions add some.",
        "required": ["event"],
        "properties": {"event": {"type": "string", "not": {"enum": list(_KNOWN)}}},
        "additionalProperties": True,
    },
}
