"""Dify's file uploads for plugins: a signed URL, and what happens when a file is posted there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import mimetypes
import secrets
import time
import uuid
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import FileStorage
from werkzeug.formparser import parse_form_data

UPLOAD_PATH = "/files/upload/for-plugin"
VALIDITY = 300
"""Seconds for which a signed URL is good."""
TENANT_ID = "e1d0c5a4-0000-4000-8000-00000000aa01"
USER_ID = "e1d0c5a4-0000-4000-8000-00000000aa02"

FORBIDDEN = {"code": "forbidden", "message": "Invalid request.", "status": 403}
NO_FILE = {"code": "no_file_uploaded", "message": "Please upload your file.", "status": 400}

Answer = tuple[int, dict[str, Any]]


class Uploads:
    """The files that the plugin has uploaded."""

    def __init__(self, base_url: Callable[[], str]) -> None:
        """Make URLs under what `base_url` gives."""
        self._base_url = base_url
        self._key = secrets.token_bytes(32)
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}

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

    def receive(self, query: dict[str, str], content_type: str, body: bytes) -> Answer:
        """Take a posted multipart body and give the status and the JSON of the answer."""
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        file = parse_form_data(environ)[2].get("file")
        if file is None:
            # A part without a file name is no file to werkzeug, which reads Dify's uploads too.
            return (403, FORBIDDEN) if b'filename=""' in body else (400, NO_FILE)
        # Line breaks arrive escaped, types without parameters and in lower case.
        name, mime_type = file.filename or "", file.mimetype
        timestamp, nonce = query.get("timestamp", "0"), query.get("nonce", "")
        expected = self._signature(name, mime_type, timestamp, nonce)
        fresh = timestamp.isdigit() and time.time() - int(timestamp) <= VALIDITY
        if not fresh or not name or not hmac.compare_digest(expected, query.get("sign", "")):
            return 403, FORBIDDEN
        return 201, self._keep(file, name, mime_type)

    def _keep(self, file: FileStorage, name: str, mime_type: str) -> dict[str, Any]:
        content = file.stream.read()
        number = str(uuid.uuid4())
        suffix = mimetypes.guess_extension(mime_type) or PurePosixPath(name).suffix or ".bin"
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        sign = self._signature(number, mime_type, timestamp, nonce)
        answer = {
            "id": number,
            "name": name,
            "size": len(content),
            "extension": suffix,
            "mime_type": mime_type,
            "created_by": None,
            "created_at": None,
            "preview_url": f"{self._base_url()}/files/tools/{number}{suffix}"
            f"?timestamp={timestamp}&nonce={nonce}&sign={sign}",
            "source_url": None,
            "original_url": None,
            "user_id": USER_ID,
            "tenant_id": TENANT_ID,
            "conversation_id": None,
            "file_key": f"tools/{TENANT_ID}/{uuid.uuid4().hex}{suffix}",
        }
        self.files[number] = answer
        self.contents[number] = content
        return answer
