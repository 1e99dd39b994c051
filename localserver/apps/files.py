"""Files that an app is given, in its inputs or beside them.

What is accepted, and the words for what is not, are those of Dify 1.12's
`api/factories/file_factory.py`.
"""

from __future__ import annotations

import mimetypes
import uuid
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from localserver.apps.base import TENANT_ID, Call, DifyError, Event
from localserver.apps.file_types import CUSTOM, FILE_TYPES, file_type

TRANSFER_METHODS = ("remote_url", "local_file", "tool_file", "datasource_file")
MISMATCH = "Detected file type does not match the specified type. Please verify the file."


def file_value(given: Event, call: Call, config: Event | None, *, strict: bool) -> Event:
    """Turn a reference to a file into what a workflow makes of it.

    Args:
        given: the reference, as it came in.
        call: the run that it came with.
        config: `allowed_file_types` and so on, of a field or of an app's file upload; None
            allows any file.
        strict: whether the type that is given must be the one that Dify detects; it must for a
            `file` input and for a chatflow's files, not in a `file-list`.

    Raises:
        DifyError: it is none, there is no such upload, or it isn't allowed.
    """
    method = given.get("transfer_method")
    if not method:
        raise DifyError.invalid("transfer_method is required in file mapping")
    match method:
        case "tool_file":
            file = _tool_file(given, call)
            wanted = given.get("type")
        case "local_file":
            file = _local_file(given, call)
            wanted = given.get("type", CUSTOM)
        case "remote_url":
            file = _remote_file(given)
            wanted = given.get("type")
        case _ if method in TRANSFER_METHODS:
            raise DifyError.invalid("DatasourceFile None not found")
        case _:
            raise DifyError.invalid(f"No matching enum found for value '{method}'")
    detected = file["type"]
    unknown = method == "remote_url" and detected == CUSTOM  # a real Dify asks the server
    if strict and wanted and not unknown and wanted != detected:
        raise DifyError.invalid(MISMATCH)
    if wanted and wanted not in FILE_TYPES:
        raise DifyError.invalid(f"{wanted!r} is not a valid FileType")
    if config is not None and not _allowed(given.get("type", CUSTOM), file, config):
        raise DifyError.invalid(f"File validation failed for file: {file['filename']}")
    return {**file, "type": wanted if wanted and wanted != CUSTOM else detected}


def file_values(given: list[Any], call: Call, config: Event | None, *, strict: bool) -> list[Event]:
    """Turn a list of references into what a workflow makes of it; empty ones fall away.

    Args:
        given: the references.
        call: the run that they came with.
        config: as for one file; `number_limits` bounds the list.
        strict: as for one file.

    Raises:
        DifyError: one of them is refused, or there are too many.
    """
    files = [file_value(one, call, config, strict=strict) for one in given if not _empty(one)]
    limit = (config or {}).get("number_limits")
    if limit and sum(file["type"] == "image" for file in files) > limit:
        raise DifyError.invalid(f"Number of image files exceeds the maximum limit {limit}")
    if limit and len(files) > limit:
        raise DifyError.invalid(f"Number of files exceeds the maximum limit {limit}")
    return files


def system_files(form: Event, call: Call, *, strict: bool) -> list[Event]:
    """The files beside the inputs; an app whose file upload is off gets none.

    Raises:
        DifyError: one of them is refused, or there are too many.
    """
    config = form["file_upload"]
    return file_values(call.files, call, config, strict=strict) if config["enabled"] else []


def described(name: str, file: Event, call: Call) -> str:
    """Tell of a file, in one line: what and how large it is, and what its bytes are.

    Args:
        name: of the variable that holds it.
        file: what `file_value` made of it.
        call: the run that it came with.
    """
    about = [file["type"], file["mime_type"] or "no MIME type"]
    if file["transfer_method"] == "remote_url":
        about.append(f"from {file['url']}")
    else:
        digest = call.uploads[file["related_id"]]["sha256"]
        about += [f"{file['size']} bytes", f"sha256 {digest}"]
    return f"I got {name} {file['filename']} ({', '.join(about)})."


def _empty(given: Any) -> bool:
    if not given:
        return True
    if not isinstance(given, dict):
        raise DifyError.internal()
    if not given.get("transfer_method"):
        return True
    remote = given["transfer_method"] == "remote_url"
    return remote and not (given.get("url") or given.get("remote_url"))


def _allowed(kind: Any, file: Event, config: Event) -> bool:
    method = file["transfer_method"]
    if method == "tool_file":  # Dify lets these pass, whatever the form says
        return True
    types, methods = config["allowed_file_types"], config["allowed_file_upload_methods"]
    if kind == CUSTOM and file["extension"] not in config["allowed_file_extensions"]:
        return False
    if kind != CUSTOM and types and kind not in types:
        return False
    # In a field of a form Dify doesn't look at how an image comes.
    free = kind == "image" and "number_limits" not in config
    return free or not methods or method in methods


def _file(method: str, kind: str, **more: Any) -> Event:
    return {
        "dify_model_identity": "__dify__file__",
        "id": None,
        "tenant_id": TENANT_ID,
        "type": kind,
        "transfer_method": method,
        "remote_url": None,
        "related_id": None,
        **more,
    }


def _stored(upload: Event, method: str, extension: str, **more: Any) -> Event:
    return _file(
        method,
        file_type(extension, upload["mime_type"]),
        **more,
        related_id=upload["id"],
        filename=upload["name"],
        extension=extension,
        mime_type=upload["mime_type"],
        size=upload["size"],
        url=upload["preview_url"] or upload["source_url"],
    )


def _tool_file(given: Event, call: Call) -> Event:
    number = given.get("tool_file_id")
    upload = call.uploads.get(str(number))
    if upload is None or upload["transfer_method"] != "tool_file":
        raise DifyError.invalid(f"ToolFile {number} not found")
    return _stored(upload, "tool_file", upload["extension"])


def _local_file(given: Event, call: Call) -> Event:
    number = given.get("upload_file_id")
    if not number:
        raise DifyError.invalid("Invalid upload file id")
    try:
        known = str(uuid.UUID(str(number)))
    except ValueError:
        raise DifyError.invalid("Invalid upload file id format") from None
    upload = call.uploads.get(known)
    if upload is None or upload["transfer_method"] != "local_file":
        raise DifyError.invalid("Invalid upload file")
    return _stored(upload, "local_file", f".{upload['extension']}", remote_url="")


def _remote_file(given: Event) -> Event:
    url = given.get("url") or given.get("remote_url")
    if not url:
        raise DifyError.invalid("Invalid file url")
    try:  # a real Dify asks the server; here the URL has to tell
        name = unquote(PurePosixPath(urlsplit(str(url)).path).name) or f"{uuid.uuid4().hex}.bin"
        mime_type = mimetypes.guess_type(name)[0] or ""
    except ValueError as error:
        raise DifyError.invalid(str(error)) from error
    extension = mimetypes.guess_extension(mime_type) or PurePosixPath(name).suffix or ".bin"
    kind = file_type(extension, mime_type)
    about = {"extension": extension, "mime_type": mime_type, "size": -1, "url": url}
    return _file("remote_url", kind, remote_url=url, filename=name, **about)
