"""Bringing files to Dify before a run that uses them."""

from collections.abc import Callable

from endpoints.http.errors import InvalidParam, PayloadTooLarge, ProxyError
from provider.app_form import CUSTOM, MEGABYTE, AppForm
from provider.files import FileObject, GivenFile, LocalFile, is_surely
from provider.ways import Way

MAX_SHOWN_CHARACTERS = 100
"""Of a field's name in a message."""

type Files = dict[str, list[GivenFile]]
"""Files by the name under which they came; those with content are to be uploaded."""


def upload_all(
    files: Files, form: AppForm, way: Way, user: str, check_goes_on: Callable[[], None]
) -> dict[str, list[FileObject]]:
    """Upload every file that has content, one after the other.

    Args:
        files: what came.
        form: the app's own; it knows Dify's limits, which are checked before any upload.
        way: how the app is reached, and so where its files have to be.
        user: who calls.
        check_goes_on: called behind each upload; raises if nobody waits for the rest any more.

    Returns:
        Dify file objects in place of the contents, in the same order.

    Raises:
        PayloadTooLarge: a file is above Dify's limit.
        InvalidParam: its variable takes no files of its type.
        ProxyError: an upload failed; the message says which.
    """
    local = [file for same in files.values() for file in same if isinstance(file, LocalFile)]
    for file in local:
        _check_size(file, form)
        _check_type(file, form)
    number = 0
    objects: dict[str, list[FileObject]] = {}
    for name, same in files.items():
        objects[name] = []
        for given in same:
            if isinstance(given, LocalFile):
                number += 1
                uploaded = upload(given, way, user, number, len(local))
                check_goes_on()
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
    part = file.part if len(file.part) <= MAX_SHOWN_CHARACTERS else f"{file.part[:99]}…"
    return f"`{' '.join(part.split())}`, {file.name}"


def _check_size(file: LocalFile, form: AppForm) -> None:
    limit = form.max_bytes.get(file.type)
    if limit is not None and len(file.content) > limit:
        raise PayloadTooLarge(
            f"{described(file)}: Dify takes {file.type} files of {limit // MEGABYTE} MB at most."
        )


def _check_type(file: LocalFile, form: AppForm) -> None:
    entry = form.fields.get(file.part)
    if entry is None or not entry.takes or entry.takes & {file.type, CUSTOM}:
        return
    takes = " and ".join(sorted(entry.takes))
    raise InvalidParam(f"{described(file)}: it is {file.mime_type}; the app takes {takes} files.")


def _fitting(uploaded: FileObject, file: LocalFile, form: AppForm) -> FileObject:
    """A file object that Dify takes in this place.

    Dify (from 1.12 on) refuses a tool file whose type is not what it finds itself, and `custom` in
    every case; one without a type it takes for what it finds.
    """
    entry = form.fields.get(file.part)
    only_custom = entry is not None and bool(entry.takes) and file.type not in entry.takes
    in_doubt = only_custom or not is_surely(file.type, file.mime_type)
    may_lack = uploaded["transfer_method"] == "tool_file" or (entry and CUSTOM in entry.takes)
    if form.fields and in_doubt and may_lack:
        return {key: value for key, value in uploaded.items() if key != "type"}
    return uploaded
