"""Files of a whole call, where the way to the app has no place for them."""

from collections.abc import Sequence
from typing import Any

from endpoints.http.errors import InvalidParam
from provider.app_form import AppForm, FieldKind
from provider.files import FileObject


def place(files: Sequence[FileObject], inputs: dict[str, Any], form: AppForm) -> dict[str, Any]:
    """The inputs with the files in the app's one variable for files.

    Args:
        files: Dify file objects, at least one.
        inputs: the other input variables.
        form: the app's own.

    Raises:
        InvalidParam: there is no one place for them.
    """
    candidates = form.file_fields
    if len(candidates) != 1:
        names = ", ".join(f"`{entry.name}`" for entry in candidates)
        found = f"has several variables for files ({names})" if candidates else "has none"
        raise InvalidParam(
            "`files` can't be delivered: over reverse invocation they go into the app's one "
            f"variable for files, and this app {found}. Give them as input variables, or let the "
            "administrator give the app a key in the setting `service_api_keys`."
        )
    [entry] = candidates
    if inputs.get(entry.name):
        raise InvalidParam(
            f"`files` can't be delivered: they would go into `{entry.name}`, which is given too."
        )
    if entry.kind is FieldKind.FILE and len(files) > 1:
        raise InvalidParam(
            f"`files` can't be delivered: `{entry.name}` takes one file, not {len(files)}."
        )
    value = files[0] if entry.kind is FieldKind.FILE else list(files)
    return inputs | {entry.name: value}
