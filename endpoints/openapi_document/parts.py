"""What the groups of routes are built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Node = dict[str, Any]
"""A part of an OpenAPI document, as JSON has it."""

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that belong together.

    Attributes:
        name: the tag that they carry.
        description: what they are for, in a sentence.
        paths: path -> path item.
        schemas: components that they refer to, by name.
    """

    name: str
    description: str
    paths: Mapping[str, Node]
    schemas: Mapping[str, Node] = field(default_factory=dict)


def schema(name: str) -> Node:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(name: str) -> Node:
    """A reference to a parameter."""
    return {"$ref": f"#/components/parameters/{name}"}


def headers(*names: str) -> Node:
    """The headers of a response: those of every answer, and others."""
    every = ("X-Request-Id", "Cache-Control")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*every, *names)}


def errors(*statuses: int | str) -> Node:
    """References to the responses of errors, by their statuses."""
    return {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}


def json_content(schema_: Node, /, **examples: Any) -> Node:
    """The content of a JSON body.

    Args:
        schema_: of the body.
        examples: whole bodies by name.
    """
    named = {"examples": {name: {"value": value} for name, value in examples.items()}}
    return {JSON: {"schema": schema_} | (named if examples else {})}


def nullable(type_: str, /, **more: Any) -> Node:
    """A value that may as well be null, which means the same as leaving it out."""
    return {"type": [type_, "null"], **more}


def or_null(value: Node) -> Node:
    """The same for a value that is a reference."""
    return {"anyOf": [value, {"type": "null"}]}
