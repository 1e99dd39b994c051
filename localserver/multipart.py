"""Multipart bodies, read by werkzeug as Dify reads them."""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import dataclass
from typing import Any

from werkzeug.formparser import parse_form_data


@dataclass(frozen=True, slots=True)
class PostedFile:
    """A file of a form."""

    name: str
    mime_type: str
    """In lower case and without parameters; "" if the part has none."""
    content: bytes
    sha256: str
    """Of the content, in hex."""


@dataclass(frozen=True, slots=True)
class PostedForm:
    """A form; of fields and files of one name the first."""

    fields: dict[str, str]
    files: dict[str, PostedFile]


async def read_form(content_type: str, body: bytes) -> PostedForm:
    """Read a form beside the event loop, which a large one would hold up.

    Args:
        content_type: the request's header; what is no form is read as an empty one.
        body: the request's body.
    """
    return await asyncio.to_thread(_parse, content_type, body)


def _parse(content_type: str, body: bytes) -> PostedForm:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    # In memory: without this, werkzeug writes what is large to the disk.
    _, fields, files = parse_form_data(environ, stream_factory=_in_memory)
    return PostedForm(
        fields.to_dict(),
        {
            name: _posted(file.filename or "", file.mimetype, file.stream.read())
            for name, file in files.items()
        },
    )


def _in_memory(*_: Any, **__: Any) -> io.BytesIO:
    return io.BytesIO()


def _posted(name: str, mime_type: str, content: bytes) -> PostedFile:
    return PostedFile(name, mime_type, content, hashlib.sha256(content).hexdigest())
