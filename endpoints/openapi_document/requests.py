"""The bodies of runs: as JSON and as forms."""

from endpoints.openapi_document.parts import JSON, Node, nullable, or_null, schema

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"

UUID_OR_EMPTY = "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$"

RESPONSE_MODE: Node = or_null(schema("ResponseMode"))
CONVERSATION: Node = nullable(
    "string",
    pattern=UUID_OR_EMPTY,
    description="The conversation to continue, a UUID; empty for a new one.",
)
USER: Node = nullable(
    "string", description="Who calls. It reaches the app over the Service API only."
)
FILES: Node = {
    "type": ["array", "null"],
    "items": schema("FileObject"),
    "description": (
        "Files for the whole run. Over reverse invocation the one file variable of the app takes "
        "them, if it has exactly one; else they are refused."
    ),
}
INPUTS: Node = nullable("object", description="The app's input variables by name.")

BINARY: Node = {"type": "string", "format": "binary"}

_FORM_FIELDS: Node = {
    "response_mode": schema("ResponseMode"),
    "conversation_id": {"type": "string", "pattern": UUID_OR_EMPTY},
    "user": {"type": "string"},
    "inputs": {
        "type": "string",
        "contentMediaType": JSON,
        "contentSchema": {"type": "object"},
        "description": "Input variables as a JSON object, beside those that are fields here.",
    },
}

QUERY: dict[str, Node] = {
    "chat": {"type": "string", "pattern": r"\S", "description": "What the user says."},
    "completion": nullable(
        "string", description="Becomes the input variable `query`, unless that is given."
    ),
    "any": nullable("string", description="What the user says. Chats need it."),
}
"""By kind of route. A workflow has none: a query that is not blank is refused there."""


def json_request(query: Node | None, inputs: Node, description: str, *needed: str) -> Node:
    """The schema of a JSON body.

    Args:
        query: the schema of `query`, None if the app takes none.
        inputs: the schema of `inputs`.
        description: what it runs.
        needed: fields that have to be there.
    """
    return {
        "type": "object",
        "description": f"{description} Unknown fields are ignored.",
        **({"required": list(needed)} if needed else {}),
        "properties": {
            **({"query": query} if query else {}),
            "inputs": inputs,
            "response_mode": RESPONSE_MODE,
            "conversation_id": CONVERSATION,
            "user": USER,
            "files": FILES,
        },
    }


def form_request(query: Node | None, variables: Node, *needed: str, files: bool) -> Node:
    """The schema of a form.

    Args:
        query: as in `json_request`.
        variables: the app's input variables, those that are known.
        needed: fields that have to be there.
        files: it is a multipart form, whose parts may be files.
    """
    return {
        "type": "object",
        "description": (
            "Every other field is an input variable, a file part that variable's file; a text "
            "field with an http(s) URL is a file too where the app's form wants one."
        ),
        **({"required": list(needed)} if needed else {}),
        "properties": {
            **variables,
            **({"query": {"type": "string"}} if query else {}),
            **_FORM_FIELDS,
            **({"files": {"type": "array", "items": BINARY}} if files else {}),
        },
        "additionalProperties": True,
    }


def request_body(json: Node, multipart: Node, urlencoded: Node, *, required: bool) -> Node:
    """A request body of three kinds; an empty one is `{}`.

    Args:
        json: the JSON media type object.
        multipart: the schema of a multipart form.
        urlencoded: the schema of an urlencoded form.
        required: an empty body would be refused.
    """
    return {
        "required": required,
        "content": {
            JSON: json,
            MULTIPART: {"schema": multipart},
            URLENCODED: {"schema": urlencoded},
        },
    }


SCHEMAS: Node = {
    "ResponseMode": {
        "type": "string",
        "enum": ["streaming", "blocking"],
        "description": "`streaming` (default), or `blocking` for one JSON object at the end.",
    },
    "FileObject": {
        "type": "object",
        "description": (
            "A file, as `POST /files` gives it or as a URL; the value of a file variable in "
            "`inputs`, or an item of a list of files."
        ),
        "properties": {
            "type": {"examples": ["document", "image", "audio", "video"]},
            "transfer_method": {"examples": ["tool_file", "remote_url", "local_file"]},
            "tool_file_id": {"description": "With `tool_file`."},
            "upload_file_id": {"description": "With `local_file`: of Dify's own upload."},
            "url": {"description": "With `remote_url`: http or https."},
        },
        "examples": [
            {"type": "image", "transfer_method": "remote_url", "url": "https://dify.example/a.png"}
        ],
    },
}
