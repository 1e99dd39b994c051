"""The routes that tell of apps."""

from functools import cache

from endpoints.openapi_document.parts import (
    Group,
    Node,
    errors,
    headers,
    json_content,
    nullable,
    parameter,
    schema,
)

TAG = "Apps"

_ID = "1f0c6b1e-2a5b-4c7d-8e9f-0a1b2c3d4e5f"

_SCHEMAS: Node = {
    "AppList": {
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "app_id"],
                    "properties": {
                        "name": nullable("string"),
                        "app_id": {"type": "string", "format": "uuid"},
                    },
                },
            },
            "any": {
                "type": "boolean",
                "const": True,
                "description": "There if every app of the workspace may be called, by its id.",
            },
        },
    },
    "AppDescription": {
        "type": "object",
        "description": "What Dify's `/parameters` tells of an app, and how it is reached.",
        "required": ["app_id", "name", "via"],
        "properties": {
            "app_id": {"type": "string", "format": "uuid"},
            "name": nullable("string", description="On this endpoint; null if it has none."),
            "via": {
                "type": "string",
                "enum": ["reverse_invocation", "service_api"],
                "description": "How this endpoint reaches it.",
            },
            "mode": {
                "type": "string",
                "description": "In Dify's words, where it can be known.",
                "examples": ["chat", "agent-chat", "advanced-chat", "workflow", "completion"],
            },
            "user_input_form": {
                "description": "The input variables, in Dify's words: `[{kind: {variable, ...}}]`."
            },
        },
        "additionalProperties": True,
    },
}

_FORM = [
    {"text-input": {"label": "persona", "variable": "persona", "required": True, "max_length": 48}}
]


def description_operation(operation_id: str, summary: str, tag: str = TAG) -> Node:
    """An operation that describes an app; the app may be a parameter of its path item."""
    shown = {"app_id": _ID, "name": "support", "via": "service_api", "mode": "chat"}
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": [tag],
        "parameters": [parameter("RequestId")],
        "responses": {
            "200": {
                "description": "The app, as it was at most a minute ago.",
                "headers": headers(),
                "content": json_content(
                    schema("AppDescription"), chat={"user_input_form": _FORM, **shown}
                ),
            },
            **errors(401, 403, 404, 500, 502, 503),
        },
    }


@cache
def group() -> Group:
    """These routes."""
    listed = {"data": [{"name": "support", "app_id": _ID}]}
    app_list = {
        "operationId": "listApps",
        "summary": "The apps that this endpoint exposes",
        "tags": [TAG],
        "parameters": [parameter("RequestId")],
        "responses": {
            "200": {
                "description": "Names and ids.",
                "headers": headers(),
                "content": json_content(
                    schema("AppList"), named=listed, every_app=listed | {"any": True}
                ),
            },
            **errors(401, 500, 503),
        },
    }
    return Group(
        TAG,
        "What this endpoint exposes.",
        {
            "/apps": {"get": app_list},
            "/apps/{app}": {
                "parameters": [parameter("App")],
                "get": description_operation("describeApp", "An app's form, and how it is reached"),
            },
        },
        _SCHEMAS,
    )
