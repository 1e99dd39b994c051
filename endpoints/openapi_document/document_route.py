"""The route of this document itself."""

from functools import cache

from endpoints.openapi_document.parts import Group, errors, headers, json_content, parameter

TAG = "Document"


@cache
def group() -> Group:
    """This route. A key is not needed; with one the document is this endpoint's own."""
    document = {
        "operationId": "openapi",
        "summary": "This document",
        "description": "With a valid key it names the apps and their inputs; else it is generic.",
        "tags": [TAG],
        "parameters": [parameter("RequestId")],
        "responses": {
            "200": {
                "description": "An OpenAPI 3.1 document.",
                "headers": headers(),
                "content": json_content({"type": "object", "required": ["openapi", "paths"]}),
            },
            **errors(500, 503),
        },
    }
    return Group(TAG, "This document.", {"/openapi.json": {"get": document}})


OPEN_PATHS = frozenset({"/openapi.json", "/hooks/{app}"})
"""Paths that answer without a key, too; deliveries of webhooks are signed by their sender."""
