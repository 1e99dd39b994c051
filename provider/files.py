"""Files that callers send, as Dify wants them named and typed."""

import re
from dataclasses import dataclass, field
from mimetypes import MimeTypes
from posixpath import splitext
from typing import Any
from urllib.parse import unquote, urlsplit

type FileObject = dict[str, Any]
"""A file as Dify's runs take it: `type`, `transfer_method` and what the method needs."""

MAX_FILES = 500
"""Of a request; each is an upload, or an object that Dify looks up."""

MAX_NAME_CHARACTERS = 200
"""Dify keeps names in a column of 255 characters."""

MAX_LOOKED_AT_CHARACTERS = 1000
"""Of a name that a caller sent; file systems end names at 255."""

MAX_URL_CHARACTERS = 8192
"""Of a file's URL. Servers take no longer ones, and Python keeps those that it parsed last."""

UNKNOWN_TYPE = "application/octet-stream"
"""What senders say who don't know (RFC 2046, 4.5.1); curl does for most names."""

_MORE_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eml": "message/rfc822",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".md": "text/markdown",
    ".mdx": "text/markdown",
    ".msg": "application/vnd.ms-outlook",
    ".ogg": "audio/ogg",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".properties": "text/plain",
    ".vtt": "text/vtt",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""Of files that Dify reads and Python's own table lacks (IANA's registered types)."""

_DOCUMENTS = frozenset(
    {
        "application/pdf",
        "application/vnd.ms-excel",
        _MORE_TYPES[".docx"],
        _MORE_TYPES[".xlsx"],
    }
)
"""What every Dify calls documents, beside all text (its `constants` and `file_factory`)."""

_TYPES = MimeTypes(filenames=())  # the same on every machine: none of the system's files is read
for _extension, _type in _MORE_TYPES.items():
    _TYPES.add_type(_type, _extension)

_MIME_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
"""A bare type and subtype (RFC 6838, 4.2), in lower case."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""Control characters, line breaks and halves of characters: Dify refuses such names."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file with its content.

    Attributes:
        part: the form field in which it came, for telling the caller which file is meant.
        name: clean and not empty.
        mime_type: bare and in lower case: Dify refuses parameters and capitals.
        content: its bytes.
    """

    part: str
    name: str
    mime_type: str
    content: bytes = field(repr=False)

    @property
    def type(self) -> str:
        """What Dify calls such a file."""
        return type_of(self.mime_type)


type GivenFile = LocalFile | FileObject
"""A file as a caller gives it: its content, or a Dify file object."""


def local_file(part: str, name: str, mime_type: str, content: bytes) -> LocalFile:
    """A file as a caller sent it, made fit for Dify.

    Args:
        part: the form field in which it came.
        name: as the caller says, "" if unknown; whatever stands before its last slash is dropped
            (RFC 7578, 4.2).
        mime_type: as the caller says, with parameters or without, "" if unknown.
        content: its bytes.
    """
    bare = mime_type.partition(";")[0].strip().lower()
    if bare == UNKNOWN_TYPE or not _MIME_TYPE.fullmatch(bare):
        bare = guess_mime_type(name)
    return LocalFile(part, clean_name(name, bare), bare, content)


def type_of(mime_type: str) -> str:
    """What Dify calls a file of a MIME type: image, audio, video, or else document."""
    family = mime_type.partition("/")[0]
    return family if family in ("image", "audio", "video") else "document"


def is_surely(type_: str, mime_type: str) -> bool:
    """Whether Dify, looking at the file itself, calls it the same.

    Args:
        type_: image, audio, video or document.
        mime_type: of the file.
    """
    return type_ != "document" or mime_type.startswith("text/") or mime_type in _DOCUMENTS


def guess_mime_type(name: str) -> str:
    """The MIME type that a file's name tells; `application/octet-stream` if it tells none."""
    # not with pathlib, which keeps every name that it has ever taken apart
    extension = splitext(_last_segment(name))[1].lower()
    return _TYPES.types_map[1].get(extension, UNKNOWN_TYPE)


def _last_segment(name: str) -> str:
    """What stands behind the last slash; of that the end, which has the extension."""
    return name[-MAX_LOOKED_AT_CHARACTERS:].replace("\\", "/").rpartition("/")[2]


def clean_name(name: str, mime_type: str) -> str:
    """A file name that Dify takes.

    Args:
        name: any text.
        mime_type: gives a file without a name its extension.
    """
    base = _UNFIT.sub(" ", _last_segment(name)).strip()
    if not base.strip("."):
        return f"file{_TYPES.guess_extension(mime_type) or ''}"
    if len(base) > MAX_NAME_CHARACTERS:
        extension = splitext(base)[1][:20]
        base = base[: MAX_NAME_CHARACTERS - len(extension)] + extension
    return base


def is_web_url(text: str) -> bool:
    """Whether a text is an absolute http or https URL."""
    if len(text) > MAX_URL_CHARACTERS or not text.isprintable():
        return False
    if not text.lower().startswith(("http://", "https://")):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def remote_file(url: str, takes: frozenset[str] = frozenset()) -> FileObject:
    """The file object of a file that Dify is to fetch.

    Args:
        url: an absolute http or https URL; the name in it tells the type.
        takes: the types that its variable takes; where the name tells nothing, the only one of
            these is it.
    """
    mime_type = guess_mime_type(unquote(urlsplit(url).path))
    type_ = type_of(mime_type)
    if mime_type == UNKNOWN_TYPE and len(takes) == 1:
        [type_] = takes
    return {"type": type_, "transfer_method": "remote_url", "url": url}
