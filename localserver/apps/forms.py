"""The parameters of an app in the shape that Dify's `fetch_app` gives them."""

from __future__ import annotations

from typing import Any

from localserver.apps.file_types import SIZE_LIMIT, SIZE_LIMITS

Event = dict[str, Any]

OFF = {"enabled": False}
UPLOAD_METHODS = ["remote_url", "local_file"]


def text_field(kind: str, name: str, max_length: int, *, required: bool = True) -> Event:
    """A `text-input`, `paragraph` or `number` field."""
    return field(kind, name, required=required, max_length=max_length)


def file_field(kind: str, name: str, types: list[str], *, required: bool, **more: Any) -> Event:
    """A `file` or `file-list` field that takes files of these types."""
    allowed = {
        "allowed_file_types": types,
        "allowed_file_extensions": [],
        "allowed_file_upload_methods": UPLOAD_METHODS[::-1],
    }
    return field(kind, name, required=required, **allowed, **more)


def field(kind: str, name: str, *, required: bool, **more: Any) -> Event:
    """A field of a form; `more` are the attributes that only its kind has."""
    return {
        kind: {
            "variable": name,
            "label": name,
            "type": kind,
            "required": required,
            "max_length": 256,
            "options": [],
            **more,
        }
    }


def file_upload(types: list[str], number: int) -> Event:
    """A file upload that is switched on: up to `number` files of these types beside the inputs."""
    image = {"detail": "high", "enabled": True, "number_limits": number}
    return {
        "enabled": True,
        "image": {**image, "transfer_methods": UPLOAD_METHODS},
        "allowed_file_types": types,
        "allowed_file_extensions": [],
        "allowed_file_upload_methods": UPLOAD_METHODS,
        "number_limits": number,
    }


def parameters(fields: list[Event], upload: Event | None = None) -> Event:
    """The twelve parameters, with everything but form and file upload switched off."""
    return {
        "opening_statement": "",
        "suggested_questions": [],
        "suggested_questions_after_answer": OFF,
        "speech_to_text": OFF,
        "text_to_speech": {"enabled": False, "language": "", "voice": ""},
        "retriever_resource": {"enabled": True},
        "annotation_reply": OFF,
        "more_like_this": OFF,
        "user_input_form": fields,
        "sensitive_word_avoidance": OFF,
        "file_upload": upload or OFF,
        "system_parameters": {
            **{f"{kind}_file_size_limit": limit for kind, limit in SIZE_LIMITS.items()},
            "file_size_limit": SIZE_LIMIT,
            "workflow_file_upload_limit": 10,
        },
    }
