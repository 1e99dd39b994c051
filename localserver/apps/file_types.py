"""What Dify takes a file for, and how large it may be.

The lists are those of `api/constants/__init__.py`, the limits the defaults of
`UPLOAD_IMAGE_FILE_SIZE_LIMIT` and its siblings.
"""

from __future__ import annotations

MEBIBYTE = 1024 * 1024
CUSTOM = "custom"
FILE_TYPES = ("image", "document", "audio", "video", CUSTOM)

EXTENSIONS = {
    "image": "jpg jpeg png webp gif svg",
    "video": "mp4 mov mpeg webm",
    "audio": "mp3 m4a wav amr mpga",
    "document": "txt markdown md mdx pdf html htm xlsx xls docx csv vtt properties",
}
"""Type to the extensions that say so, without the dot."""
SIZE_LIMITS = {"image": 10, "video": 100, "audio": 50}
"""MiB that a file of a type may have; any other may have `SIZE_LIMIT`."""
SIZE_LIMIT = 15
"""MiB that a file may have which is neither image nor video nor audio."""

_TYPES = {
    spelling: kind
    for kind, extensions in EXTENSIONS.items()
    for extension in extensions.split()
    for spelling in (extension, extension.upper())
}
_MIME_MARKS = (
    ("image", "image"),
    ("video", "video"),
    ("audio", "audio"),
    ("text", "document"),
    ("pdf", "document"),
)


def file_type(extension: str, mime_type: str) -> str:
    """What a file is by its extension (with or without the dot), else by its MIME type.

    As in Dify, capitals count: `.Pdf` is not known.
    """
    known = _TYPES.get(extension.lstrip("."))
    if known is not None:
        return known
    return next((kind for mark, kind in _MIME_MARKS if mark in mime_type), CUSTOM)


def size_limit(extension: str) -> int:
    """The bytes that a file with this extension (without the dot) may have."""
    return SIZE_LIMITS.get(_TYPES.get(extension, CUSTOM), SIZE_LIMIT) * MEBIBYTE
