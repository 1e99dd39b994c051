"""Uploaded files: what is kept of them, and Dify's signed URL at which plugins upload theirs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import mimetypes
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from localserver.apps import DifyError
from localserver.apps.base import TENANT_ID
from localserver.log import KEPT, remember
from localserver.multipart import PostedFile, read_form
from localserver.upload_failures import provoke

UPLOAD_PATH = "/files/upload/for-plugin"
VALIDITY = 300
"""Seconds for which a signed URL is good."""
CONTENTS_KEPT = 512 * 1024 * 1024
"""Bytes of content that are kept, those of the newest files: a test may upload more than a small
machine has memory for."""
USER_ID = "e1d0c5a4-0000-4000-8000-00000000aa02"

FORBIDDEN = {"code": "forbidden", "message": "Invalid request.", "status": 403}
NO_FILE = {"code": "no_file_uploaded", "message": "Please upload your file.", "status": 400}

Record = dict[str, Any]


class Uploads:
    """The files that were uploaded, by signed URL or over the Service API."""

    def __init__(self, base_url: Callable[[], str], delay: float) -> None:
        """Make URLs under what `base_url` gives; a slow answer takes `delay` seconds."""
        self._base_url = base_url
        self._key = secrets.token_bytes(32)
        self._size = 0
        self.delay = delay
        self.files: dict[str, Record] = {}
        self.contents: dict[str, bytes] = {}
        self.requests: list[Record] = []

    def _signature(self, name: str, mime_type: str, timestamp: str, nonce: str) -> str:
        # As in Dify, the name and the type are signed, so another type at upload is refused.
        message = f"upload|{name}|{mime_type}|{TENANT_ID}|{USER_ID}|{timestamp}|{nonce}"
        digest = hmac.digest(self._key, message.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode()

    def signed_url(self, name: str, mime_type: str) -> str:
        """The URL to which a file of this name and type may be posted."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        query = {
            "timestamp": timestamp,
            "nonce": nonce,
            "sign": self._signature(name, mime_type, timestamp, nonce),
            "user_id": USER_ID,
            "tenant_id": TENANT_ID,
        }
        return f"{self._base_url()}{UPLOAD_PATH}?{urlencode(query)}"

    def preview_url(self, path: str, number: str) -> str:
        """A signed URL for looking at a file; `path` stands between host and query."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        sign = self._signature(number, "", timestamp, nonce)
        return f"{self._base_url()}{path}?timestamp={timestamp}&nonce={nonce}&sign={sign}"

    async def receive(self, query: dict[str, str], content_type: str, body: bytes) -> Record:
        """Take a body posted to a signed URL and give the JSON of the answer, a 201.

        Raises:
            DifyError: Dify refuses it.
        """
        file = (await read_form(content_type, body)).files.get("file")
        if file is None:
            # A part without a file name is no file to werkzeug, which reads Dify's uploads too.
            empty = b'filename=""' in body
            raise DifyError(403, FORBIDDEN) if empty else DifyError(400, NO_FILE)
        self.note(UPLOAD_PATH, file)
        # Line breaks arrive escaped, types without parameters and in lower case.
        timestamp, nonce = query.get("timestamp", "0"), query.get("nonce", "")
        expected = self._signature(file.name, file.mime_type, timestamp, nonce)
        fresh = timestamp.isdigit() and time.time() - int(timestamp) <= VALIDITY
        if not fresh or not file.name or not hmac.compare_digest(expected, query.get("sign", "")):
            raise DifyError(403, FORBIDDEN)
        await provoke(file.name, self.delay, str(FORBIDDEN["message"]))
        answer = self._tool_file(file)
        self.keep(answer, file, transfer_method="tool_file")
        return answer

    def note(self, path: str, file: PostedFile) -> None:
        """Remember that a file was posted, whatever becomes of it."""
        about = {"name": file.name, "mime_type": file.mime_type, "size": len(file.content)}
        remember(self.requests, {"path": path, **about})

    def keep(self, answer: Record, file: PostedFile, **about: Any) -> None:
        """Keep a file; the oldest contents make room, and the oldest records of too many.

        Args:
            answer: what Dify answers to the upload.
            file: what was uploaded.
            about: what the record has besides.
        """
        number = answer["id"]
        self.files[number] = {**answer, "sha256": file.sha256, **about}
        self.contents[number] = file.content
        self._size += len(file.content)
        while self._size > CONTENTS_KEPT or len(self.contents) > KEPT:
            self._size -= len(self.contents.pop(next(iter(self.contents))))
        if len(self.files) > KEPT:
            del self.files[next(iter(self.files))]

    def _tool_file(self, file: PostedFile) -> Record:
        number = str(uuid.uuid4())
        suffix = mimetypes.guess_extension(file.mime_type) or ".bin"
        return {
            "id": number,
            "name": file.name,
            "size": len(file.content),
            "extension": suffix,
            "mime_type": file.mime_type,
            "created_by": None,
            "created_at": None,
            "preview_url": self.preview_url(f"/files/tools/{number}{suffix}", number),
            "source_url": None,
            "original_url": None,
            "user_id": USER_ID,
            "tenant_id": TENANT_ID,
            "conversation_id": None,
            "file_key": f"tools/{TENANT_ID}/{uuid.uuid4().hex}{suffix}",
        }
