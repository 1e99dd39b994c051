"""An app's own form (`user_input_form` of Dify's `/parameters`) as a schema of its inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from endpoints.openapi_document.parts import Node, or_null, schema
from endpoints.openapi_document.requests import BINARY
from provider.app_form import FieldKind, FormField, read_app_form

MAX_FIELDS = 200
"""Of a form; one with more is left open, so that its schema is made in a few milliseconds."""

MAX_OPTIONS = 200
"""Of a choice; one with more is described as any text."""

MAX_LABEL_CHARACTERS = 500
"""Of a label or hint, which the app's author wrote."""

MAX_TEXT_LENGTH = 10_000_000
"""A larger `max_length` is none: no body could hold such a text."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an app takes.

    Attributes:
        variables: variable -> its schema in a JSON body.
        form_fields: variable -> its schema in a multipart form.
        required: the variables that have to be there.
    """

    variables: Node
    form_fields: Node
    required: tuple[str, ...]

    @property
    def schema(self) -> Node:
        """Of `inputs`. More variables may be there: Dify ignores them."""
        needed = {"required": list(self.required)} if self.required else {}
        return {"type": "object", **needed, "properties": self.variables}


def read_inputs(parameters: Mapping[str, Any]) -> Inputs | None:
    """What an app's parameters say of its inputs; None if the form is too long to be described."""
    fields = read_app_form(parameters).fields
    if len(fields) > MAX_FIELDS:
        return None
    specs = dict(_specs(parameters.get("user_input_form")))
    variables: Node = {}
    form_fields: Node = {}
    required = []
    for name, entry in fields.items():
        kind, spec = specs[name]
        about = _about(spec)
        needed = spec.get("required") is True
        value = _value(entry, kind, spec, needed=needed)
        variables[name] = (value if needed else _optional(value)) | about
        form_fields[name] = _form_field(entry, value) | about
        if needed:
            required.append(name)
    return Inputs(variables, form_fields, tuple(required))


def _specs(form: Any) -> Iterator[tuple[str, tuple[str, Mapping[str, Any]]]]:
    """Variable -> kind and attributes, of the entries that `read_app_form` understands."""
    for entry in form if isinstance(form, list) else ():
        for kind, spec in entry.items() if isinstance(entry, Mapping) else ():
            if isinstance(spec, Mapping):
                yield str(spec.get("variable")), (str(kind), spec)


def _about(spec: Mapping[str, Any]) -> Node:
    label, hint = spec.get("label"), spec.get("hint") or spec.get("description")
    about: Node = {}
    if isinstance(label, str) and label:
        about["title"] = label[:MAX_LABEL_CHARACTERS]
    if isinstance(hint, str) and hint:
        about["description"] = hint[:MAX_LABEL_CHARACTERS]
    return about


def _value(entry: FormField, kind: str, spec: Mapping[str, Any], *, needed: bool) -> Node:
    match entry.kind:
        case FieldKind.NUMBER:
            return {"type": "number"}
        case FieldKind.CHECKBOX:
            return {"type": "boolean"}
        case FieldKind.JSON:
            return {"type": "object"}
        case FieldKind.FILE:
            return schema("FileObject")
        case FieldKind.FILE_LIST:
            most = {"maxItems": entry.max_files} if entry.max_files else {}
            return {"type": "array", "items": schema("FileObject"), **most}
        case FieldKind.TEXT | FieldKind.SELECT:
            return _text(kind, spec, needed=needed)


def _optional(value: Node) -> Node:
    """A value or null, which Dify takes for a missing one."""
    if "$ref" in value:
        return or_null(value)
    choices = {"enum": [*value["enum"], None]} if "enum" in value else {}
    return value | {"type": [value["type"], "null"]} | choices


def _text(kind: str, spec: Mapping[str, Any], *, needed: bool) -> Node:
    text: Node = {"type": "string"}
    options = spec.get("options")
    if kind == "select" and isinstance(options, list) and 0 < len(options) <= MAX_OPTIONS:
        choices = list(dict.fromkeys(option for option in options if isinstance(option, str)))
        return text | ({"enum": choices} if choices else {})
    longest = spec.get("max_length")
    if isinstance(longest, int) and 0 < longest < MAX_TEXT_LENGTH:
        text["maxLength"] = longest
    if needed:
        text["minLength"] = 1  # Dify takes an empty text for a missing one
    return text


def _form_field(entry: FormField, value: Node) -> Node:
    """In a form there are texts and files."""
    match entry.kind:
        case FieldKind.FILE:
            return dict(BINARY)
        case FieldKind.FILE_LIST:
            return {"type": "array", "items": BINARY}
        case FieldKind.TEXT | FieldKind.SELECT:
            return value
        case FieldKind.NUMBER | FieldKind.CHECKBOX:
            return value
        case FieldKind.JSON:
            return {"type": "string", "contentMediaType": "application/json"}
