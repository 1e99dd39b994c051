"""The routes that explain this endpoint: this document, and the console page."""

from functools import cache

from endpoints.openapi_document.parts import Group, errors, headers, json_content, parameter

TAG = "Document"


@cache
def group() -> Group:
    """These routes. A key is not needed; with one the document is this endpoint's own."""
    console = {
        "operationId": "console",
        "summary": "A page to try apps in",
        "tags": [TAG],
        "parameters": [parameter("RequestId")],
        "responses": {
            "200": {
                "description": "The page; what it shows of apps it asks for with a key.",
                "headers": headers(),
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
            **errors(500, 503),
        },
    }
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
    paths = {"/": {"get": console}, "/openapi.json": {"get": document}}
    return Group(TAG, "This endpoint, explained.", paths)


OPEN_PATHS = frozenset({"/", "/openapi.json", "/hooks/{app}"})
"""Paths that answer without a key, too; deliveries of webhooks are signed by their sender."""
