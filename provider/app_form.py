"""An app's own form: which input variables it has, and of which kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

CUSTOM = "custom"
"""Among the types that a variable takes: files of other kinds, by a list of extensions."""

MEGABYTE = 1024 * 1024
"""Dify's file limits are in these."""


class FieldKind(StrEnum):
    """What a variable holds, as far as it matters for filling it in."""

    TEXT = "text"
    SELECT = "select"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    JSON = "json"
    FILE = "file"
    FILE_LIST = "file-list"


_KINDS = {
    "select": FieldKind.SELECT,
    "number": FieldKind.NUMBER,
    "checkbox": FieldKind.CHECKBOX,
    "json": FieldKind.JSON,
    "json_object": FieldKind.JSON,
    "file": FieldKind.FILE,
    "file-list": FieldKind.FILE_LIST,
}
"""Dify's kinds that are no free text (its `VariableEntityType`)."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One input variable.

    Attributes:
        name: the variable's.
        kind: what it holds.
        takes: the types of files that it takes, in Dify's words; none means any.
        max_files: how many files a list takes; 0 if that is not said.
    """

    name: str
    kind: FieldKind
    takes: frozenset[str] = frozenset()
    max_files: int = 0

    @property
    def holds_files(self) -> bool:
        return self.kind in (FieldKind.FILE, FieldKind.FILE_LIST)


@dataclass(frozen=True, slots=True)
class AppForm:
    """The input variables of an app, and Dify's limits for files.

    Attributes:
        fields: by the variable's name.
        max_bytes: by type of file, those that are known.
    """

    fields: Mapping[str, FormField] = field(default_factory=lambda: MappingProxyType({}))
    max_bytes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def file_fields(self) -> list[FormField]:
        return [entry for entry in self.fields.values() if entry.holds_files]


def read_app_form(parameters: Mapping[str, Any]) -> AppForm:
    """Understand what Dify's `/parameters` (or `fetch_app`) tells; what has another shape is
    passed over."""
    fields = {entry.name: entry for entry in _fields(parameters.get("user_input_form"))}
    return AppForm(MappingProxyType(fields), MappingProxyType(_max_bytes(parameters)))


def _fields(form: Any) -> Iterator[FormField]:
    for entry in form if isinstance(form, list) else ():
        for kind, spec in entry.items() if isinstance(entry, Mapping) else ():
            name = spec.get("variable") if isinstance(spec, Mapping) else None
            if isinstance(name, str) and name:
                yield FormField(
                    name=name,
                    kind=_KINDS.get(str(kind), FieldKind.TEXT),
                    takes=_words(spec.get("allowed_file_types")),
                    max_files=_natural(spec.get("max_length")) if kind == "file-list" else 0,
                )


def _max_bytes(parameters: Mapping[str, Any]) -> dict[str, int]:
    limits = parameters.get("system_parameters")
    if not isinstance(limits, Mapping):
        return {}
    named = {
        "image": limits.get("image_file_size_limit"),
        "audio": limits.get("audio_file_size_limit"),
        "video": limits.get("video_file_size_limit"),
        "document": limits.get("file_size_limit"),
    }
    return {type_: size * MEGABYTE for type_, limit in named.items() if (size := _natural(limit))}


def _words(value: Any) -> frozenset[str]:
    words = value if isinstance(value, list) else []
    return frozenset(word for word in words if isinstance(word, str))


def _natural(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
