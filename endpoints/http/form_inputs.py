"""The fields of a form as an app's inputs: the app's own form says what each one is.

A form can only send text and files, and Dify refuses a value of the wrong kind, so here, and only
here, text is converted. What stands in JSON is passed on as it is.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from endpoints.http.body import FILES
from endpoints.http.errors import InvalidParam
from endpoints.http.form_data import FormPart, shown
from endpoints.http.json_input import parse_json
from provider.app_form import AppForm, FieldKind, FormField
from provider.files import MAX_FILES, FileObject, GivenFile, is_web_url, local_file, remote_file

MAX_SHOWN_NAMES = 50
"""Of the variables that a message lists."""

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
"""As many digits as 64 bits hold: the daemon is written in Go."""

_DECIMAL = re.compile(
    r"[+-]?(\d{1,400}\.\d{0,400}|\.\d{1,400}|\d{1,400}(?=[eE]))([eE][+-]?\d{1,4})?", re.ASCII
)
_TRUE = frozenset({"true", "on", "1", "yes"})
_FALSE = frozenset({"false", "off", "0", "no"})


@dataclass(slots=True)
class FilledForm:
    """What a form gives an app.

    Attributes:
        values: of variables that hold no files.
        files: of those that do, in the order in which they came; those of the whole call under
            `files`.
    """

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, list[GivenFile]] = field(default_factory=dict)


def fill_in(parts: Iterable[FormPart], form: AppForm, given: Mapping[str, Any]) -> FilledForm:
    """Read the fields of a form as the app's form says.

    Args:
        parts: the fields.
        form: the app's own.
        given: the inputs that the caller gave as JSON.

    Raises:
        InvalidParam: the app has no such variable, or the value is none of its kind.
        PayloadTooLarge: a text would take too much memory.
    """
    filled = FilledForm()
    for name, same in _by_name(parts).items():
        if name == FILES:
            filled.files[name] = _files(same, FormField(name, FieldKind.FILE_LIST))
            continue
        entry = form.fields.get(name)
        if entry is None:
            raise InvalidParam(_no_such_variable(name, form))
        if entry.holds_files:
            if files := _checked(_files(same, entry), entry):
                filled.files[name] = files
        elif (value := _value(same, entry)) is not None:
            filled.values[name] = value
        if name in given and (name in filled.files or name in filled.values):
            raise InvalidParam(f"`{shown(name)}` is given as a field and in `inputs`.")
    return filled


def _by_name(parts: Iterable[FormPart]) -> dict[str, list[FormPart]]:
    named: dict[str, list[FormPart]] = {}
    for part in parts:
        named.setdefault(part.name, []).append(part)
    return named


def _no_such_variable(name: str, form: AppForm) -> str:
    names = [f"`{shown(known)}`" for known in form.fields]
    if len(names) > MAX_SHOWN_NAMES:
        names[MAX_SHOWN_NAMES:] = ["..."]
    has = f"It has {', '.join(names)}." if names else "It has none."
    return f"The app has no input variable `{shown(name)}`. {has}"


def _value(parts: list[FormPart], entry: FormField) -> Any:
    """The value of a variable that holds no files; None if the field was left empty."""
    if len(parts) > 1:
        raise InvalidParam(f"`{shown(entry.name)}` is given {len(parts)} times.")
    [part] = parts
    if part.filename is not None:
        raise InvalidParam(f"`{shown(entry.name)}` takes text, not a file.")
    return _CONVERSIONS[entry.kind](part.text, shown(entry.name))


def _text(text: str, _name: str) -> str:
    return text


def _choice(text: str, _name: str) -> str | None:
    return text or None


def _number(text: str, name: str) -> int | float | None:
    text = text.strip()
    if not text:
        return None
    number: int | float = math.nan
    if _INTEGER.fullmatch(text):
        number = int(text)
    elif _DECIMAL.fullmatch(text):
        number = float(text)
    if not math.isfinite(number):
        raise InvalidParam(f"`{name}` has to be a number.")
    return number


def _checkbox(text: str, name: str) -> bool | None:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    if not word:
        return None
    raise InvalidParam(f"`{name}` has to be `true` or `false`.")


def _json(text: str, name: str) -> Any:
    if not text.strip():
        return None
    try:
        return parse_json(text)
    except ValueError:
        raise InvalidParam(f"`{name}` has to be JSON.") from None


_CONVERSIONS: dict[FieldKind, Callable[[str, str], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.SELECT: _choice,
    FieldKind.NUMBER: _number,
    FieldKind.CHECKBOX: _checkbox,
    FieldKind.JSON: _json,
}


def _checked(files: list[GivenFile], entry: FormField) -> list[GivenFile]:
    name = shown(entry.name)
    if entry.kind is FieldKind.FILE and len(files) > 1:
        raise InvalidParam(f"`{name}` takes one file, not {len(files)}.")
    if entry.max_files and len(files) > entry.max_files:
        raise InvalidParam(f"`{name}` takes {entry.max_files} files at most, not {len(files)}.")
    return files


def _files(parts: Iterable[FormPart], entry: FormField) -> list[GivenFile]:
    files: list[GivenFile] = []
    for part in parts:
        files += _files_of(part, entry)
        if len(files) > MAX_FILES:
            raise InvalidParam(f"`{shown(entry.name)}` takes {MAX_FILES} files at most.")
    return files


def _files_of(part: FormPart, entry: FormField) -> list[GivenFile]:
    """What a part for files gives: its content, a URL, file objects as JSON, or nothing."""
    if not part.filename and not part.content:
        return []  # so browsers send a field in which no file was chosen
    if part.is_file:
        return [local_file(entry.name, part.filename or "", part.mime_type, part.content)]
    text = part.text.strip()
    if not text:
        return []
    if is_web_url(text):
        return [remote_file(text, entry.takes)]
    return list(_file_objects(text, entry.name))


def _file_objects(text: str, name: str) -> list[FileObject]:
    try:
        objects = parse_json(text) if text.startswith(("{", "[")) else None
    except ValueError:
        objects = None
    if isinstance(objects, dict):
        objects = [objects]
    if not isinstance(objects, list) or not all(isinstance(item, dict) for item in objects):
        raise InvalidParam(
            f"`{shown(name)}` is for files: attach one (curl: `-F {shown(name)}=@path`), or give "
            "an http(s) URL or a file object as JSON."
        )
    return objects
