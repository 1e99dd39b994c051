"""What a form's fields become, by the app's own form."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import InvalidParam, PayloadTooLarge
from endpoints.http.form_data import FormPart
from endpoints.http.form_inputs import fill_in
from endpoints.http.json_input import parse_json
from provider.app_form import AppForm, FieldKind, read_app_form
from provider.apps import App
from provider.call import Call, Event
from provider.files import (
    FileObject,
    LocalFile,
    clean_name,
    guess_mime_type,
    is_web_url,
    local_file,
    remote_file,
)
from provider.top_level_files import place
from provider.uploads import upload_all
from provider.ways import Description, Via

KINDS = ("text-input", "paragraph", "select", "number", "checkbox", "json_object", "file")
SPECS: list[dict[str, Any]] = [{kind: {"variable": kind.replace("-", "_")}} for kind in KINDS]
SPECS.append({"file-list": {"variable": "files_", "max_length": 2}})
SPECS.append({"external_data_tool": {"variable": "other"}})
FORM = read_app_form(
    {
        "user_input_form": SPECS,
        "system_parameters": {"image_file_size_limit": 10, "file_size_limit": 15},
    }
)
URL = "https://example.com/a/picture.PNG?x=1"
REMOTE = {"type": "image", "transfer_method": "remote_url", "url": URL}


def filled(name: str, *texts: str) -> Any:
    parts = [FormPart(name, text.encode()) for text in texts]
    form = fill_in(parts, FORM, {})
    return form.values.get(name, form.files.get(name))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text_input", " as it is ", " as it is "),
        ("text_input", "", ""),
        ("paragraph", "3", "3"),
        ("other", "true", "true"),
        ("select", "red", "red"),
        ("select", "", None),
        ("number", "3", 3),
        ("number", " -3 ", -3),
        ("number", "3.0", 3.0),
        ("number", ".5", 0.5),
        ("number", "1e3", 1000.0),
        ("number", "999999999999999999", 999999999999999999),
        ("number", "", None),
        ("checkbox", "true", True),
        ("checkbox", "on", True),
        ("checkbox", "1", True),
        ("checkbox", "False", False),
        ("checkbox", "0", False),
        ("checkbox", "", None),
        ("json_object", '{"a": [1]}', {"a": [1]}),
        ("json_object", " ", None),
        ("file", URL, [REMOTE]),
        ("file", f" {URL}\n", [REMOTE]),
        ("file", '{"tool_file_id": "x"}', [{"tool_file_id": "x"}]),
        ("file", "", None),
        ("files_", '[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
    ],
)
def test_a_text_becomes_what_the_variable_holds(name: str, text: str, value: Any) -> None:
    found = filled(name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("number", ["three"]),
        ("number", ["1_000"]),
        ("number", ["NaN"]),
        ("number", ["1e999"]),
        ("number", ["."]),
        ("number", ["\u0663"]),
        ("number", ["9" * 5000]),
        ("number", ["1234567890123456789"]),
        ("file", ["https://example.com/" + "y" * 9000]),
        ("files_", [json.dumps([{}] * 501)]),
        ("checkbox", ["maybe"]),
        ("json_object", ["{"]),
        ("file", ["hello"]),
        ("file", ["ftp://example.com/x"]),
        ("file", ["https://"]),
        ("file", ['["x"]']),
        ("file", [URL, URL]),
        ("files_", [URL, URL, URL]),
        ("text_input", ["a", "b"]),
    ],
)
def test_what_it_can_not_become_is_refused_by_name(name: str, texts: list[str]) -> None:
    with pytest.raises(InvalidParam, match=f"`{name}`"):
        filled(name, *texts)


def test_an_unknown_variable_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InvalidParam) as refusal:
        filled("colour", "red")
    assert "`colour`" in refusal.value.message
    for name in FORM.fields:
        assert f"`{name}`" in refusal.value.message
    with pytest.raises(InvalidParam, match="It has none"):
        fill_in([FormPart("x", b"")], AppForm(), {})


def test_a_field_that_was_left_empty_leaves_what_inputs_say() -> None:
    parts = [FormPart("number", b""), FormPart("file", b"", ""), FormPart("select", b"")]
    filled_form = fill_in(parts, FORM, {"number": 3, "file": {}, "select": "red"})
    assert (filled_form.values, filled_form.files) == ({}, {})


def test_long_names_and_urls_are_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(200):
            name = f"{number}" + "x" * 200_000
            local_file("x", name, "", b"")
            local_file("x", f"{name}/a.pdf", "", b"")
            assert not is_web_url(f"https://example.com/{name}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000


def test_json_has_a_limit_of_values() -> None:
    assert parse_json("[" + "1," * 100_000 + "1]")
    with pytest.raises(PayloadTooLarge):
        parse_json(b"[" + b"[]," * 200_000 + b"[]]")


class Uploads:
    """A way that notes what is uploaded."""

    takes_files = True
    via = Via.SERVICE_API

    def __init__(self) -> None:
        self.names: list[str] = []

    def upload(self, file: LocalFile, user: str, /) -> FileObject:
        self.names.append(file.name)
        return {"type": file.type, "transfer_method": "tool_file", "tool_file_id": file.name}

    def run(self, call: Call) -> Iterator[Event]:
        return iter(())

    def describe(self, app: App, /) -> Description:
        return Description({}, None)


def test_uploads_stop_when_nobody_waits_any_more() -> None:
    way, files = Uploads(), [local_file("f", f"{n}.png", "", b"") for n in range(5)]

    def left() -> None:
        if len(way.names) == 2:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        upload_all({"f": [*files]}, AppForm(), way, "", left)
    assert way.names == ["0.png", "1.png"]


def test_a_file_that_is_surely_no_document_goes_without_a_type() -> None:
    """Under the name of its variable, and as a file of the whole call."""
    form = AppForm({"doc": FORM.fields["file"]})
    for part in ("doc", "files"):
        files = [local_file(part, "a.json", "", b""), local_file(part, "a.txt", "", b"")]
        uploaded = upload_all({part: [*files]}, form, Uploads(), "", lambda: None)[part]
        assert ["type" in file for file in uploaded] == [False, True]


def test_a_variable_is_given_once() -> None:
    with pytest.raises(InvalidParam, match="in `inputs`"):
        fill_in([FormPart("number", b"3")], FORM, {"number": 3})


def test_files_keep_their_order_and_empty_choices_are_none() -> None:
    parts = [
        FormPart("files_", b"", ""),
        FormPart("files_", b"1", "a.txt", "text/plain; charset=UTF-8"),
        FormPart("files", b"", "empty.bin", "application/octet-stream"),
        FormPart("files_", URL.encode()),
        FormPart("file", b"\x89PNG", None, "image/PNG"),
    ]
    assert fill_in(parts, FORM, {}).files == {
        "files_": [LocalFile("files_", "a.txt", "text/plain", b"1"), REMOTE],
        "files": [LocalFile("files", "empty.bin", "application/octet-stream", b"")],
        "file": [LocalFile("file", "file.png", "image/png", b"\x89PNG")],
    }
    with pytest.raises(InvalidParam, match="`number`"):
        fill_in([FormPart("number", b"1", "a.txt")], FORM, {})


@pytest.mark.parametrize(
    ("name", "said", "mime_type", "type_"),
    [
        ("a.png", "image/png", "image/png", "image"),
        ("a.png", "", "image/png", "image"),
        ("a.PDF", "application/octet-stream", "application/pdf", "document"),
        ("a.mp3", "Audio/MPEG; x=y", "audio/mpeg", "audio"),
        ("a.mov", "nonsense", "video/quicktime", "video"),
        ("a.docx", "", guess_mime_type("x.DOCX"), "document"),
        ("a.md", "application/octet-stream", "text/markdown", "document"),
        ("a", "", "application/octet-stream", "document"),
        ("", "text/csv", "text/csv", "document"),
    ],
)
def test_the_mime_type_is_the_parts_or_what_the_name_tells(
    name: str, said: str, mime_type: str, type_: str
) -> None:
    file = local_file("x", name, said, b"")
    assert (file.mime_type, file.type) == (mime_type, type_)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("r\u00e9sum\u00e9 \u2603 \U0001f600.pdf", "r\u00e9sum\u00e9 \u2603 \U0001f600.pdf"),
        ("C:\\Users\\me\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb\x00.pdf", "a b .pdf"),
        ('quo"ted.pdf', 'quo"ted.pdf'),
        ("\ud800.pdf", ".pdf"),
        ("", "file.pdf"),
        ("..", "file.pdf"),
        (" / ", "file.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_names_are_clean_and_not_empty(name: str, clean: str) -> None:
    assert clean_name(name, "application/pdf") == clean


@given(st.text(), st.text())
def test_no_name_makes_a_file_that_dify_refuses(name: str, said: str) -> None:
    file = local_file("x", name, said, b"")
    assert 0 < len(file.name) <= 200
    assert not set(file.name) & set("/\\\r\n\0\x7f\u2028")
    file.name.encode()
    assert file.mime_type == file.mime_type.strip().lower()
    assert ";" not in file.mime_type


@given(st.text())
def test_any_text_is_a_url_or_is_none(text: str) -> None:
    if is_web_url(text):
        assert remote_file(text)["url"] == text


def test_a_form_of_another_shape_is_no_form() -> None:
    shapes: tuple[Any, ...] = (
        None,
        {},
        [None],
        [[]],
        [{"file": None}],
        [{"file": {"variable": 1}}],
        "x",
    )
    for odd in shapes:
        assert not read_app_form({"user_input_form": odd, "system_parameters": odd}).fields
    form = read_app_form(
        {"system_parameters": {"file_size_limit": "x", "image_file_size_limit": 0}}
    )
    assert not form.max_bytes
    assert FORM.max_bytes == {"image": 10 * 1024 * 1024, "document": 15 * 1024 * 1024}
    assert FORM.fields["other"].kind is FieldKind.TEXT


def test_files_of_the_whole_call_go_into_the_one_variable_for_files() -> None:
    one = AppForm({"doc": FORM.fields["file"]})
    several = AppForm({"docs": FORM.fields["files_"]})
    assert place([REMOTE], {"a": 1}, AppForm({"file": FORM.fields["file"]})) == {
        "a": 1,
        "file": REMOTE,
    }
    assert place([REMOTE, REMOTE], {}, several) == {"files_": [REMOTE, REMOTE]}
    for files, inputs, form in (
        ([REMOTE], {}, AppForm()),
        ([REMOTE], {}, FORM),
        ([REMOTE, REMOTE], {}, one),
        ([REMOTE], {"file": REMOTE}, one),
    ):
        with pytest.raises(InvalidParam, match="`files`"):
            place(files, inputs, form)
