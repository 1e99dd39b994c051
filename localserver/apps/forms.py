"""The parameters of an app in the shape that Dify's `fetch_app` gives them."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]


def text_field(kind: str, name: str, max_length: int, *, required: bool = True) -> Event:
    """A `text-input`, `paragraph` or `number` field."""
    return field(kind, name, required=required, max_length=max_length)


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


def parameters(fields: list[Event]) -> Event:
    """The twelve parameters, with everything but the form switched off."""
    off = {"enabled": False}
    return {
        "opening_statement": "",
        "suggested_questions": [],
        "suggested_questions_after_answer": off,
        "speech_to_text": off,
        "text_to_speech": {"enabled": False, "language": "", "voice": ""},
        "retriever_resource": {"enabled": True},
        "annotation_reply": off,
        "more_like_this": off,
        "user_input_form": fields,
        "sensitive_word_avoidance": off,
        "file_upload": off,
        "system_parameters": {
            "image_file_size_limit": 10,
            "video_file_size_limit": 100,
            "audio_file_size_limit": 50,
            "file_size_limit": 15,
            "workflow_file_upload_limit": 10,
        },
    }


def missing_input(form: Event, inputs: Event) -> str | None:
    """Name the first required input that isn't there, as Dify checks it."""
    for entry in form["user_input_form"]:
        for spec in entry.values():
            if spec["required"] and inputs.get(spec["variable"]) in (None, ""):
                return str(spec["variable"])
    return None
