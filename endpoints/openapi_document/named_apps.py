"""The apps of one endpoint: a path of its own for each name whose form is known.

`/apps/support` stands beside `/apps/{app}`: OpenAPI matches a concrete path before a templated one
(3.1, Paths Object), and a generator makes methods of it that have the app's own inputs as types.
The route is `/apps` since it runs an app of any mode, and not every way to an app tells its mode.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from endpoints.http.encoding import encode_json
from endpoints.openapi_document import requests
from endpoints.openapi_document.answers import run_responses
from endpoints.openapi_document.app_routes import description_operation
from endpoints.openapi_document.inputs import Inputs, read_inputs
from endpoints.openapi_document.parts import Node, or_null, schema
from endpoints.openapi_document.run_routes import run_operation
from provider.ways import Description, Via

TAG = "Named apps"

MAX_BYTES = 1024 * 1024
"""Of all named apps together, as JSON: half of what goes out as one message."""

MAX_BYTES_OF_APP = 64 * 1024
"""A longer one is left open, so that a single form can't take the room of all."""

_DOT_SEGMENTS = frozenset({".", ".."})
"""Names that a URL can't have as a segment (RFC 3986, 5.2.4)."""

_CHATS = frozenset({"chat", "agent-chat", "advanced-chat"})

_ANSWERS = {
    "workflow": "WorkflowAnswer",
    "completion": "CompletionAnswer",
    **dict.fromkeys(_CHATS, "ChatAnswer"),
}


@dataclass(frozen=True, slots=True)
class NamedApp:
    """An app with a name, how it is reached, and what Dify told of it."""

    name: str
    via: Via
    description: Description


def named_paths(apps: Iterable[NamedApp], all_names: Sequence[str]) -> tuple[Node, Node]:
    """Paths and schemas of named apps, as many as there is room for.

    Args:
        apps: those whose form is known.
        all_names: every name of the endpoint, in its order: an app is called the same in the
            document whether or not the others' forms could be fetched.
    """
    called = identifiers(all_names)
    paths: Node = {}
    schemas: Node = {}
    room = MAX_BYTES
    for app in apps:
        inputs = read_inputs(app.description.parameters)
        if inputs is None or app.name in _DOT_SEGMENTS:
            continue
        parts = _parts(app, called[app.name], inputs)
        size = len(encode_json(parts))
        if size > min(room, MAX_BYTES_OF_APP):
            continue
        room -= size
        path, own = parts
        paths[f"/apps/{app.name}"] = path
        schemas |= own
    return paths, schemas


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """What each app is called where only letters and digits may stand: `order-desk` is OrderDesk.

    Two names never get the same one, also where case makes no difference (files of generated code).
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        words = re.findall(r"[A-Za-z0-9]+", name)
        base = "".join(word[0].upper() + word[1:] for word in words) or "App"
        candidate, number = base, 2
        while candidate.lower() in taken:
            candidate, number = f"{base}V{number}", number + 1
        taken.add(candidate.lower())
        found[name] = candidate
    return found


def _parts(app: NamedApp, called: str, inputs: Inputs) -> tuple[Node, Node]:
    mode = app.description.mode
    request, own = f"{called}AppRequest", f"{called}AppInputs"
    query = None if mode == "workflow" else requests.QUERY["chat" if mode in _CHATS else "any"]
    needed = ("query",) if mode in _CHATS else ()
    body = requests.request_body(
        {"schema": schema(request)},
        requests.form_request(query, inputs.form_fields, *needed, files=True),
        requests.form_request(query, inputs.form_fields, *needed, files=False),
        required=bool(needed or inputs.required),
    )
    responses = run_responses(schema(_ANSWERS.get(mode or "", "Answer")))
    path = {
        "get": description_operation(f"describe{called}App", f"The form of {app.name}", TAG),
        "post": run_operation(f"run{called}App", f"Run {app.name}", body, responses, TAG),
    }
    json_needed = (*needed, *(("inputs",) if inputs.required else ()))
    taken = schema(own) if inputs.required else or_null(schema(own))
    run = requests.json_request(query, taken, f"A run of {app.name}.", *json_needed)
    if app.via is Via.REVERSE_INVOCATION:
        del run["properties"]["files"]  # a file reaches the app as the value of its variable alone
    return path, {own: inputs.schema, request: run}
