"""The package's bytes: a zip archive that is the same for the same files."""

import io
import zipfile
from collections.abc import Mapping

from packager import PackageError

MAX_ARCHIVE = 5_000_000
"""Bytes. The plugin is text of some 100 KB; a daemon takes 50 MiB by default, so anything near this
means that a file got in that should not have."""

_TIMESTAMP = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can hold
_MODE = 0o100644  # a regular file, readable by all: what the work tree says would vary
_UNIX = 3  # the system that the mode is of
_LEVEL = 9


def archive_bytes(files: Mapping[str, bytes]) -> bytes:
    """A deflated zip archive of `files`, content by name.

    Order, times and modes are fixed, so the same files give the same bytes wherever zlib
    compresses alike. Raises PackageError above MAX_ARCHIVE.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, _LEVEL)
    content = buffer.getvalue()
    if len(content) > MAX_ARCHIVE:
        largest = sorted(files, key=lambda name: -len(files[name]))[:5]
        sizes = ", ".join(f"{name} ({len(files[name]):,} bytes)" for name in largest)
        raise PackageError(
            f"the archive has {len(content):,} bytes, more than {MAX_ARCHIVE:,}; largest: {sizes}"
        )
    return content
