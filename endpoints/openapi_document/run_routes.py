"""The routes that run an app."""

from functools import cache

from endpoints.openapi_document import answers, events, requests
from endpoints.openapi_document.answers import run_responses
from endpoints.openapi_document.parts import Group, Node, parameter, schema

TAG = "Runs"

_REQUESTS: Node = {
    "ChatRequest": requests.json_request(
        requests.QUERY["chat"], requests.INPUTS, "A chatbot, agent or chatflow.", "query"
    ),
    "WorkflowRequest": requests.json_request(
        None,
        requests.INPUTS,
        "A workflow. A `query` that is not blank is refused: Dify would drop it.",
    ),
    "CompletionRequest": requests.json_request(
        requests.QUERY["completion"], requests.INPUTS, "A text generation app."
    ),
    "RunRequest": requests.json_request(
        requests.QUERY["any"], requests.INPUTS, "An app of any kind."
    ),
}

_EXAMPLES: dict[str, Node] = {
    "chat": {"query": "good morning", "inputs": {"persona": "butler"}},
    "workflow": {"inputs": {"text": "hello"}},
    "completion": {"inputs": {"query": "good morning"}, "response_mode": "blocking"},
}


def run_operation(
    operation_id: str, summary: str, body: Node, responses: Node, tag: str = TAG
) -> Node:
    """An operation that runs an app; the app may be a parameter of its path item."""
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": [tag],
        "parameters": [parameter("Events"), parameter("RequestId")],
        "requestBody": body,
        "responses": responses,
    }


def _run(kind: str, request: str, summary: str, *shown: str) -> Node:
    query, needed = requests.QUERY.get(kind), ("query",) if kind == "chat" else ()
    body = requests.request_body(
        {
            "schema": schema(request),
            "examples": {name: {"value": _EXAMPLES[name]} for name in shown},
        },
        requests.form_request(query, {}, *needed, files=True),
        requests.form_request(query, {}, *needed, files=False),
        required=bool(needed),
    )
    operation_id = "runApp" if kind == "any" else f"run{kind.capitalize()}"
    return run_operation(operation_id, summary, body, run_responses(schema("Answer"), *shown))


@cache
def group() -> Group:
    """These routes; made when they are first asked for, since the examples are in a file."""
    app = [parameter("App")]
    runs = {
        "/chat/{app}": _run("chat", "ChatRequest", "Run a chatbot, agent or chatflow", "chat"),
        "/workflow/{app}": _run("workflow", "WorkflowRequest", "Run a workflow", "workflow"),
        "/completion/{app}": _run(
            "completion", "CompletionRequest", "Run a text generation app", "completion"
        ),
        "/apps/{app}": _run(
            "any", "RunRequest", "Run an app, whatever it is", "chat", "workflow", "completion"
        ),
    }
    return Group(
        TAG,
        "Run an app; its events come back as they are made, or folded into one object.",
        {path: {"parameters": app, "post": run} for path, run in runs.items()},
        _REQUESTS | requests.SCHEMAS | answers.SCHEMAS | events.SCHEMAS,
    )
