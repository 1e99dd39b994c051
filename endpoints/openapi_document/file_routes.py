"""The route that takes files."""

from functools import cache

from endpoints.openapi_document.parts import (
    Group,
    Node,
    errors,
    headers,
    json_content,
    parameter,
    schema,
)
from endpoints.openapi_document.requests import BINARY, MULTIPART

TAG = "Files"

_SCHEMAS: Node = {
    "UploadedFile": {
        "type": "object",
        "description": "A file object: use it as it is in `inputs` or `files` of a run.",
        "required": ["type", "transfer_method", "tool_file_id", "name", "size", "mime_type"],
        "properties": {
            "type": {"type": "string", "enum": ["document", "image", "audio", "video"]},
            "transfer_method": {"type": "string", "const": "tool_file"},
            "tool_file_id": {"type": "string"},
            "name": {"type": "string"},
            "size": {"type": "integer", "description": "In bytes."},
            "mime_type": {"type": "string"},
        },
    },
    "UploadedFiles": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": schema("UploadedFile")}},
    },
}

_UPLOADED = {
    "type": "document",
    "transfer_method": "tool_file",
    "tool_file_id": "7aad0733-2b23-470b-9d8e-0e4b2d8cdf02",
    "name": "hello.txt",
    "size": 12,
    "mime_type": "text/plain",
}


@cache
def group() -> Group:
    """This route."""
    upload = {
        "operationId": "uploadFiles",
        "summary": "Upload files for runs",
        "tags": [TAG],
        "parameters": [parameter("RequestId")],
        "requestBody": {
            "required": True,
            "content": {
                MULTIPART: {
                    "schema": {
                        "type": "object",
                        "description": "Any number of file parts, of any name.",
                        "properties": {"file": {"type": "array", "items": BINARY}},
                    }
                }
            },
        },
        "responses": {
            "200": {
                "description": "The files, in the order of their parts.",
                "headers": headers(),
                "content": json_content(schema("UploadedFiles"), one={"data": [_UPLOADED]}),
            },
            **errors(400, 401, 413, 415, 429, "4XX", 500, 502, 503, 504),
        },
    }
    return Group(TAG, "Upload files for runs.", {"/files": {"post": upload}}, _SCHEMAS)
