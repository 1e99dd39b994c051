"""`POST /v1/files/upload`: Dify's `api/controllers/service_api/app/file.py` and `FileService`."""

from __future__ import annotations

import time
import uuid
from pathlib import PurePosixPath
from typing import Any

from localserver.apps import DifyError
from localserver.apps.base import DEFAULT_USER, TENANT_ID
from localserver.apps.file_types import size_limit
from localserver.multipart import PostedFile, PostedForm
from localserver.service_api.requests import refusal
from localserver.upload_failures import FILE_TOO_LARGE, provoke
from localserver.uploads import NO_FILE, Uploads

UPLOAD_PATH = "/v1/files/upload"
API_DISABLED = "The app's API service has been disabled."
"""What Dify says with a 403 to the Service API's callers."""
FORBIDDEN_CHARACTERS = '/\\:*?"<>|'
"""In a file's name; from 1.13 on only the first two."""
NAME_LIMIT = 200
"""Characters of a file's name; the rest is cut off."""


async def receive(uploads: Uploads, app: str, form: PostedForm) -> dict[str, Any]:
    """Take a file and give the JSON of the answer, a 201.

    Args:
        uploads: where it is kept.
        app: the name of the demo app whose key was presented.
        form: what was posted; without a `user` the file is the default user's.

    Raises:
        DifyError: Dify refuses it.
    """
    file = form.files.get("file")
    if file is None:
        raise DifyError(400, NO_FILE)
    uploads.note(UPLOAD_PATH, file)
    if len(form.files) > 1:
        raise refusal(400, "too_many_files", "Only one file is allowed.")
    if not file.mime_type:
        raise refusal(415, "unsupported_file_type", "File type not allowed.")
    if not file.name:
        words = "The specified filename does not exist."
        raise refusal(400, "filename_not_exists_error", words)
    await provoke(file.name, uploads.delay, API_DISABLED)
    user = form.fields.get("user") or DEFAULT_USER
    answer = _upload_file(uploads, app, user, file)
    uploads.keep(answer, file, transfer_method="local_file", app=app, user=user)
    return answer


def _upload_file(uploads: Uploads, app: str, user: str, file: PostedFile) -> dict[str, Any]:
    name = file.name
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    if any(character in name for character in FORBIDDEN_CHARACTERS):
        raise DifyError.invalid("Filename contains invalid characters")
    if len(name) > NAME_LIMIT:
        name = f"{name.split('.')[0][:NAME_LIMIT]}.{extension}"
    if len(file.content) > size_limit(extension):
        raise DifyError(413, FILE_TOO_LARGE)
    number = str(uuid.uuid4())
    return {
        "id": number,
        "name": name,
        "size": len(file.content),
        "extension": extension,
        "mime_type": file.mime_type,
        "created_by": str(uuid.uuid5(uuid.NAMESPACE_URL, f"end-user:{app}:{user}")),
        "created_at": int(time.time()),
        "preview_url": None,
        "source_url": uploads.preview_url(f"/files/{number}/file-preview", number),
        "original_url": None,
        "user_id": None,
        "tenant_id": TENANT_ID,
        "conversation_id": None,
        "file_key": None,
    }
