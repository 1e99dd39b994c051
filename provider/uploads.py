"""Bringing files to Dify before a run that uses them."""

from endpoints.http.errors import PayloadTooLarge, ProxyError
from provider.app_form import MEGABYTE, AppForm
from provider.files import FileObject, GivenFile, LocalFile, is_surely
from provider.ways import Way

type Files = dict[str, list[GivenFile]]
"""Files by the name under which they came; those with content are to be uploaded."""


def upload_all(files: Files, form: AppForm, way: Way, user: str) -> dict[str, list[FileObject]]:
    """Upload every file that has content, one after the other.

    Args:
        files: what came.
        form: the app's own; it knows Dify's limits, which are checked before any upload.
        way: how the app is reached, and so where its files have to be.
        user: who calls.

    Returns:
        Dify file objects in place of the contents, in the same order.

    Raises:
        PayloadTooLarge: a file is above Dify's limit.
        ProxyError: an upload failed; the message says which.
    """
    local = [file for same in files.values() for file in same if isinstance(file, LocalFile)]
    for file in local:
        _check_size(file, form)
    number = 0
    objects: dict[str, list[FileObject]] = {}
    for name, same in files.items():
        objects[name] = []
        for given in same:
            if isinstance(given, LocalFile):
                number += 1
                uploaded = upload(given, way, user, number, len(local))
                objects[name].append(_fitting(uploaded, given, form))
            else:
                objects[name].append(given)
    return objects


def upload(file: LocalFile, way: Way, user: str, number: int, total: int) -> FileObject:
    """Upload one file of several.

    Args:
        file: the file.
        way: uploads it.
        user: who calls.
        number: which one it is, the first being 1.
        total: how many there are.

    Raises:
        ProxyError: it failed; the message says which file.
    """
    try:
        return way.upload(file, user)
    except ProxyError as error:
        which = f" (file {number} of {total})" if total > 1 else ""
        error.message = f"The upload of {described(file)}{which} failed: {error.message}"
        raise


def described(file: LocalFile) -> str:
    """A file in words that its sender understands."""
    return f"`{file.part}`, {file.name}"


def _check_size(file: LocalFile, form: AppForm) -> None:
    limit = form.max_bytes.get(file.type)
    if limit is not None and len(file.content) > limit:
        raise PayloadTooLarge(
            f"{described(file)}: Dify takes {file.type} files of {limit // MEGABYTE} MB at most."
        )


def _fitting(uploaded: FileObject, file: LocalFile, form: AppForm) -> FileObject:
    """A file object that Dify takes in this place.

    Dify (from 1.12 on) refuses a file whose type is not what it finds itself, and `custom` in
    every case; one without a type it takes for what it finds.
    """
    entry = form.fields.get(file.part)
    allowed = entry.allowed_types if entry else frozenset()
    only_custom = "custom" in allowed and file.type not in allowed
    if entry and (only_custom or not is_surely(file.type, file.mime_type)):
        return {key: value for key, value in uploaded.items() if key != "type"}
    return uploaded
