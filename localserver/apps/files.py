"""Files in the inputs of an app."""

from __future__ import annotations

from typing import Any

from localserver.apps.base import Call, DifyError, Event


def file_value(name: str, value: Any, call: Call) -> Event:
    """Turn the value of the file input `name` into what a workflow makes of it.

    Raises:
        DifyError: it is no file, or a tool file that was never uploaded.
    """
    if not isinstance(value, dict):
        raise DifyError.invalid(f"{name} in input form must be a file")
    file: Event = {
        "dify_model_identity": "__dify__file__",
        "id": None,
        "type": value.get("type", "document"),
        "transfer_method": value.get("transfer_method"),
        "remote_url": None,
        "related_id": None,
    }
    if value.get("transfer_method") == "remote_url":
        url = str(value.get("url", ""))
        filename = url.rpartition("/")[2]
        return {**file, "remote_url": url, "filename": filename, "url": url}
    upload = call.uploads.get(str(value.get("tool_file_id")))
    if upload is None:
        raise DifyError.invalid(f"ToolFile {value.get('tool_file_id')} not found")
    return {
        **file,
        "related_id": upload["id"],
        "filename": upload["name"],
        "extension": upload["extension"],
        "mime_type": upload["mime_type"],
        "size": upload["size"],
        "url": upload["preview_url"],
    }
