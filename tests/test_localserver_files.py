"""The local server takes files over its Service API, and its apps tell what they got."""

from __future__ import annotations

import hashlib
import re
import shlex
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localserver import APP_IDS, SERVICE_API_KEYS, Config, LocalServer
from localserver.__main__ import EXAMPLES, greeting
from localserver.apps import Call, Clock, DifyError
from localserver.apps.demo import MODES, demo_apps
from localserver.apps.file_types import MEBIBYTE
from localserver.apps.inputs import prepared_inputs
from localserver.config import DEFAULT_SETTINGS, load
from localserver.upload_failures import UPLOAD_WORDS
from tests.conftest import Json
from tests.readme import REPOSITORY, table, unquoted

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
PDF = b"%PDF-1.7 what is in it"
REMOTE = {"type": "image", "transfer_method": "remote_url", "url": "http://h/a%20b.png?x=1"}
PATHS = {"workflow": "/workflows/run"}
DELAY = 0.5


@pytest.fixture(scope="module")
def dify() -> Iterator[LocalServer]:
    with LocalServer.running(Config(pace=0, upload_delay=DELAY)) as running:
        yield running


def key(app: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SERVICE_API_KEYS[app]}"}


def upload(dify: LocalServer, *files: Any, app: str = "reader", **fields: str) -> httpx.Response:
    """Post parts `(name of the field, (file name, content, MIME type))` as they are."""
    url = dify.service_api_url + "/files/upload"
    return httpx.post(url, headers=key(app), files=list(files), data=fields, timeout=30)


def uploaded(
    dify: LocalServer, name: str, content: bytes, mime_type: str, kind: str = "document"
) -> Json:
    """A reference to a file that is uploaded."""
    answer = upload(dify, ("file", (name, content, mime_type)), user="ann")
    assert answer.status_code == 201
    number = answer.json()["id"]
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": number}


def run(dify: LocalServer, app: str, **body: Any) -> httpx.Response:
    whole = {"inputs": {}, "user": "ann", "response_mode": "blocking", **body}
    url = dify.service_api_url + PATHS.get(MODES[app], "/chat-messages")
    return httpx.post(url, headers=key(app), json=whole, timeout=20)


def answer_of(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["answer"])


def refused(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body["status"] == response.status_code
    assert response.headers["content-type"] == "application/json"
    return body["status"], body["code"], body["message"]


def line(name: str, file_name: str, kind: str, mime_type: str, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"I got {name} {file_name} ({kind}, {mime_type}, {len(content)} bytes, sha256 {digest})."


# The upload


def test_a_file_is_uploaded(dify: LocalServer) -> None:
    response = upload(dify, ("file", ("Bericht \u00fc.pdf", PDF, "application/pdf")), user="ann")
    answer = response.json()
    assert response.status_code == 201
    assert list(answer)[:7] == [
        *("id", "name", "size", "extension", "mime_type", "created_by", "created_at")
    ]
    number = str(uuid.UUID(answer["id"]))
    assert answer["name"] == "Bericht \u00fc.pdf"
    assert (answer["size"], answer["extension"]) == (len(PDF), "pdf")
    assert answer["mime_type"] == "application/pdf"
    assert abs(answer["created_at"] - time.time()) < 60
    record = dify.uploads[number]
    assert record["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (record["transfer_method"], record["app"], record["user"]) == (
        *("local_file", "reader", "ann"),
    )
    assert dify.upload_contents[number] == PDF
    about = {"name": "Bericht \u00fc.pdf", "mime_type": "application/pdf", "size": len(PDF)}
    assert dify.upload_requests[-1] == {"path": "/v1/files/upload", **about}


def test_a_file_without_a_user_is_the_default_users(dify: LocalServer) -> None:
    answers = [
        upload(dify, ("file", ("a.txt", b"a", "text/plain")), **fields).json()
        for fields in ({}, {"user": ""}, {"user": "ann"})
    ]
    users = [dify.uploads[answer["id"]]["user"] for answer in answers]
    assert users == ["DEFAULT-USER", "DEFAULT-USER", "ann"]
    owners = [answer["created_by"] for answer in answers]
    assert owners[0] == owners[1] != owners[2]


FILE = ("file", ("a.txt", b"a", "text/plain"))
TOO_LARGE = (413, "file_too_large", "File size exceeded. {message}")
NO_FILE = (400, "no_file_uploaded", "Please upload your file.")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("other", FILE[1])], NO_FILE),
        ([FILE, ("other", FILE[1])], (400, "too_many_files", "Only one file is allowed.")),
        (
            [("file", ("a.txt", b"a", ""))],
            (415, "unsupported_file_type", "File type not allowed."),
        ),
        (
            [("file", ("a/b.txt", b"a", "text/plain"))],
            (400, "invalid_param", "Filename contains invalid characters"),
        ),
        ([("file", ("a.png", bytes(10 * MEBIBYTE + 1), "image/png"))], TOO_LARGE),
        ([("file", ("a.pdf", bytes(15 * MEBIBYTE + 1), "application/pdf"))], TOO_LARGE),
    ],
    ids=["none", "two", "no type", "slash", "image", "document"],
)
def test_uploads_that_dify_refuses(
    dify: LocalServer, parts: list[Any], expected: tuple[int, str, str]
) -> None:
    before = len(dify.uploads)
    assert refused(upload(dify, *parts)) == expected
    assert len(dify.uploads) == before


def test_the_size_limit_is_that_of_the_type(dify: LocalServer) -> None:
    content = bytes(10 * MEBIBYTE + 1)
    for name, mime_type in (("a.pdf", "application/pdf"), ("a.mp3", "audio/mpeg")):
        assert upload(dify, ("file", (name, content, mime_type))).status_code == 201
    exact = ("file", ("a.png", content[:-1], "image/png"))
    assert upload(dify, exact).status_code == 201


def test_uploads_that_are_no_form_or_have_no_name(dify: LocalServer) -> None:
    url = dify.service_api_url + "/files/upload"
    assert refused(httpx.get(url))[:2] == (405, "method_not_allowed")
    assert refused(httpx.post(url, files=[FILE]))[:2] == (401, "unauthorized")
    assert refused(httpx.post(url, headers=key("reader"), json={})) == NO_FILE
    body = (
        b"--b\r\nContent-Disposition: form-data; name=file; filename=%s\r\n"
        b"Content-Type: text/plain\r\n\r\na\r\n--b--\r\n"
    )
    headers = {**key("reader"), "Content-Type": "multipart/form-data; boundary=b"}
    named = httpx.post(url, headers=headers, content=body % b"a.txt")
    assert named.json()["name"] == "a.txt"
    nameless = httpx.post(url, headers=headers, content=body % b'""')
    expected = (400, "filename_not_exists_error", "The specified filename does not exist.")
    assert refused(nameless) == expected


def test_a_long_name_is_cut(dify: LocalServer) -> None:
    answer = upload(dify, ("file", ("n" * 300 + ".md", b"a", "text/markdown"))).json()
    assert answer["name"] == "n" * 200 + ".md"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a!refuse.txt", (403, "forbidden", "The app's API service has been disabled.")),
        ("!too-large", TOO_LARGE),
        ("a !upload-500 b.txt", (500, "unknown", "Internal Server Error")),
    ],
)
def test_words_in_a_name_provoke_failures(
    dify: LocalServer, name: str, expected: tuple[int, str, str]
) -> None:
    before = len(dify.uploads)
    assert refused(upload(dify, ("file", (name, b"a", "text/plain")))) == expected
    assert len(dify.uploads) == before
    assert dify.upload_requests[-1]["name"] == name


def test_a_word_in_a_name_makes_the_answer_slow(dify: LocalServer) -> None:
    url = dify.service_api_url + "/files/upload"
    for name in ("!slowly.txt", "slow.txt"):
        assert upload(dify, ("file", (name, b"a", "text/plain"))).status_code == 201
    slow = {"file": ("!slow.txt", b"a", "text/plain")}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, headers=key("reader"), files=slow, timeout=DELAY / 5)
    assert httpx.post(url, headers=key("reader"), files=slow, timeout=20).status_code == 201


def test_the_words_are_those_of_the_readme() -> None:
    words = {unquoted(word): meaning for word, meaning in table("Provoking failures", 1)}
    assert words == {f"!{word}": meaning for word, meaning in UPLOAD_WORDS.items()}


# The apps


def test_the_reader_tells_what_it_got(dify: LocalServer) -> None:
    document = uploaded(dify, "report.pdf", PDF, "application/pdf")
    picture = uploaded(dify, "a.png", PNG, "image/png", "image")
    inputs = {"document": document, "pages": "3", "brief": "on", "tone": "plain", "other": 1}
    response = run(dify, "reader", query="What is in it?", inputs=inputs, files=[picture, REMOTE])
    assert answer_of(response).split("\n") == [
        line("files", "a.png", "image", "image/png", PNG),
        "I got files a b.png (image, image/png, from http://h/a%20b.png?x=1).",
        line("document", "report.pdf", "document", "application/pdf", PDF),
        "pages=3 brief=true tone=plain.",
        "You said: What is in it?",
    ]
    assert answer_of(run(dify, "reader", query="Hi")) == "You said: Hi"
    typed = {"pages": 2.5, "brief": False}
    answer = answer_of(run(dify, "reader", query="Hi", inputs=typed))
    assert answer == "pages=2.5 brief=false.\nYou said: Hi"


def test_the_reader_streams_and_goes_on_with_a_conversation(dify: LocalServer) -> None:
    first = run(dify, "reader", query="one").json()
    response = run(
        dify,
        "reader",
        query="two",
        response_mode="streaming",
        conversation_id=first["conversation_id"],
        inputs={"document": uploaded(dify, "a.md", b"# a", "text/markdown")},
    )
    names = re.findall(r'"event":"(\w+)"', response.text)
    assert names[0] == "workflow_started"
    assert names[-2:] == ["workflow_finished", "message_end"]
    assert names.count("message") > 5
    assert first["conversation_id"] in response.text
    assert '"sys.dialogue_count":2' in response.text
    assert '"filename":"a.md","extension":".md","mime_type":"text/markdown"' in response.text


def test_the_album_gives_its_pictures_back(dify: LocalServer) -> None:
    pictures = [
        uploaded(dify, f"{number}.png", PNG + bytes(number), "image/png", "image")
        for number in (1, 2)
    ]
    inputs = {"pictures": [*pictures, REMOTE], "caption": "By the sea"}
    data = run(dify, "album", inputs=inputs).json()["data"]
    assert data["status"] == "succeeded"
    assert list(data["outputs"]) == ["text", "pictures"]
    assert data["outputs"]["text"].split("\n") == [
        line("pictures", "1.png", "image", "image/png", PNG + bytes(1)),
        line("pictures", "2.png", "image", "image/png", PNG + bytes(2)),
        "I got pictures a b.png (image, image/png, from http://h/a%20b.png?x=1).",
        "caption=By the sea.",
    ]
    files = data["outputs"]["pictures"]
    assert {file["dify_model_identity"] for file in files} == {"__dify__file__"}
    assert [file["related_id"] for file in files[:2]] == [
        picture["upload_file_id"] for picture in pictures
    ]
    assert [file["size"] for file in files] == [len(PNG) + 1, len(PNG) + 2, -1]
    assert files[2]["url"] == files[2]["remote_url"] == REMOTE["url"]


def test_words_in_query_and_caption_provoke_failures_too(dify: LocalServer) -> None:
    assert refused(run(dify, "reader", query="!error-first"))[0] == 400
    inputs = {"pictures": [REMOTE], "caption": "!fail"}
    assert run(dify, "album", inputs=inputs).json()["data"]["status"] == "failed"


def test_the_chatbot_names_its_pictures(dify: LocalServer) -> None:
    inputs = {"persona": "butler"}
    assert answer_of(run(dify, "chatbot", query="hi", inputs=inputs)) == "Hello, you said: hi"
    files = [uploaded(dify, "a.png", PNG, "image/png", "image"), REMOTE]
    answer = answer_of(run(dify, "chatbot", query="hi", inputs=inputs, files=files))
    assert answer.split("\n") == [
        "Hello, you said: hi",
        line("files", "a.png", "image", "image/png", PNG),
        "I got files a b.png (image, image/png, from http://h/a%20b.png?x=1).",
    ]
    stream = run(dify, "chatbot", query="hi", inputs=inputs, files=files, response_mode="streaming")
    assert set(re.findall(r'"event":"(\w+)"', stream.text)) == {"message_file", "message_end"}
    document = uploaded(dify, "a.pdf", PDF, "application/pdf")
    for refused_files, words in (
        ([document], "File validation failed for file: a.pdf"),
        ([REMOTE] * 4, "Number of image files exceeds the maximum limit 3"),
    ):
        response = run(dify, "chatbot", query="hi", inputs=inputs, files=refused_files)
        assert refused(response) == (400, "invalid_param", words)


# What Dify refuses of inputs


def call(**inputs: Any) -> Call:
    """A call of an app with a few files uploaded before."""
    uploads = {
        number: {
            "id": number,
            "name": name,
            "extension": extension,
            "mime_type": mime_type,
            "size": 1,
            "preview_url": "http://h/p",
            "sha256": "0",
            "transfer_method": method,
        }
        for number, name, extension, mime_type, method in (
            (LOCAL, "a.pdf", "pdf", "application/pdf", "local_file"),
            (LOCAL_BIN, "a.bin", "bin", "application/octet-stream", "local_file"),
            (TOOL, "b.pdf", ".pdf", "application/pdf", "tool_file"),
        )
    }
    return Call(
        "id",
        inputs,
        "query",
        response_mode="streaming",
        conversation_id="",
        user="",
        clock=Clock(0),
        captures=Path(),
        uploads=uploads,
    )


LOCAL, LOCAL_BIN, TOOL, UNKNOWN = (str(uuid.UUID(int=number)) for number in range(1, 5))
READER, ALBUM, CHATBOT = (
    demo_apps("mended")[APP_IDS[name]].form() for name in ("reader", "album", "chatbot")
)
MISMATCH = "Detected file type does not match the specified type. Please verify the file."


def local(number: str = LOCAL, **more: Any) -> Json:
    return {"type": "document", "transfer_method": "local_file", "upload_file_id": number, **more}


def tool(number: str = TOOL, **more: Any) -> Json:
    return {"type": "document", "transfer_method": "tool_file", "tool_file_id": number, **more}


def refusal_of(form: Json, inputs: Json) -> tuple[int, str]:
    with pytest.raises(DifyError) as raised:
        prepared_inputs(form, call(**inputs))
    return raised.value.status, re.sub(r'.*"message": "(.*)", "[sc].*\n', r"\1", raised.value.text)


@pytest.mark.parametrize(
    ("form", "inputs", "words"),
    [
        (CHATBOT, {}, "persona is required in input form"),
        (CHATBOT, {"persona": None}, "persona is required in input form"),
        (CHATBOT, {"persona": 1}, "(type 'text-input') persona in input form must be a string"),
        (CHATBOT, {"persona": "x" * 49}, "persona in input form must be less than 48 characters"),
        (READER, {"tone": True}, "(type 'select') tone in input form must be a string"),
        (
            READER,
            {"tone": ""},
            "tone in input form must be one of the following: ['plain', 'formal']",
        ),
        (READER, {"pages": "three"}, "pages in input form must be a valid number"),
        (READER, {"pages": "1e3"}, "pages in input form must be a valid number"),
        (READER, {"brief": {}}, "Invalid input type"),
        (READER, {"document": "a.pdf"}, "document in input form must be a file"),
        (READER, {"document": [local()]}, "document in input form must be a file"),
        (READER, {"document": {"type": "image"}}, "transfer_method is required in file mapping"),
        (
            READER,
            {"document": local(transfer_method="post")},
            "No matching enum found for value 'post'",
        ),
        (READER, {"document": local("")}, "Invalid upload file id"),
        (READER, {"document": local("x")}, "Invalid upload file id format"),
        (READER, {"document": local(UNKNOWN)}, "Invalid upload file"),
        (READER, {"document": local(TOOL)}, "Invalid upload file"),
        (READER, {"document": tool(UNKNOWN)}, f"ToolFile {UNKNOWN} not found"),
        (READER, {"document": tool(LOCAL)}, f"ToolFile {LOCAL} not found"),
        (READER, {"document": local(type="image")}, MISMATCH),
        (READER, {"document": tool(type="image")}, MISMATCH),
        (READER, {"document": tool(type="custom")}, MISMATCH),
        (READER, {"document": {**REMOTE, "type": "document"}}, MISMATCH),
        (READER, {"document": {**REMOTE, "url": ""}}, "Invalid file url"),
        (
            READER,
            {"document": local(LOCAL_BIN, type="custom")},
            "File validation failed for file: a.bin",
        ),
        (ALBUM, {}, "pictures is required in input form"),
        (ALBUM, {"pictures": REMOTE}, "pictures in input form must be a list of files"),
        (ALBUM, {"pictures": ["a.png"]}, "pictures in input form must be a list of files"),
        (ALBUM, {"pictures": [REMOTE] * 6}, "pictures in input form must be less than 5 files"),
        (ALBUM, {"pictures": [local()]}, "File validation failed for file: a.pdf"),
        (ALBUM, {"pictures": [tool(type="film")]}, "'film' is not a valid FileType"),
    ],
)
def test_inputs_that_dify_refuses(form: Json, inputs: Json, words: str) -> None:
    assert refusal_of(form, inputs) == (400, words)


@pytest.mark.parametrize("value", [[], {}, [3], "1.e999", "9" * 400])
def test_a_number_that_dify_stumbles_over(value: Any) -> None:
    assert refusal_of(READER, {"pages": value})[0] == 500


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("pages", "3", 3),
        ("pages", "-2.50", -2.5),
        ("pages", " ", None),
        ("pages", 7, 7),
        ("brief", "true", True),
        ("brief", "On", True),
        ("brief", "0", False),
        ("brief", 1, True),
        ("brief", "maybe", "maybe"),
        ("document", "", None),
        ("tone", "formal", "formal"),
    ],
)
def test_inputs_that_dify_converts(name: str, value: Any, expected: Any) -> None:
    inputs = prepared_inputs(READER, call(**{name: value, "unknown": 1}))
    assert inputs == {**dict.fromkeys(["document", "pages", "brief", "tone"]), name: expected}
    assert type(inputs[name]) is type(expected)


def test_files_that_dify_takes_although_one_would_not_think_so() -> None:
    untyped = {"transfer_method": "tool_file", "tool_file_id": TOOL}
    assert prepared_inputs(READER, call(document=untyped))["document"]["type"] == "document"
    # a tool file passes whatever types the form allows, and what names no file falls away
    listed = prepared_inputs(ALBUM, call(pictures=[tool(), {}, {**REMOTE, "url": ""}]))
    assert [file["filename"] for file in listed["pictures"]] == ["b.pdf"]
    # a real Dify would ask the server what it is
    unknown = {**REMOTE, "type": "document", "url": "http://h/report"}
    document = prepared_inputs(READER, call(document=unknown))["document"]
    assert (document["type"], document["filename"]) == ("document", "report")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
references = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["image", "document", "custom"]) | json_values,
        "transfer_method": st.sampled_from(["local_file", "tool_file", "remote_url"]) | json_values,
        "upload_file_id": st.sampled_from([LOCAL, TOOL, UNKNOWN]) | json_values,
        "tool_file_id": st.sampled_from([LOCAL, TOOL, UNKNOWN]) | json_values,
        "url": st.sampled_from(["http://[", "http://h/a.png", "http://h/x:%2F%2F[.png"])
        | json_values,
    },
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([READER, ALBUM, CHATBOT]),
    st.dictionaries(
        st.sampled_from(["document", "pages", "brief", "tone", "pictures", "caption", "persona"]),
        json_values | references | st.lists(references, max_size=6),
    ),
)
def test_whatever_comes_is_taken_or_refused(form: Json, inputs: Json) -> None:
    try:
        prepared_inputs(form, call(**inputs))
    except DifyError as error:
        assert error.status in (400, 500)


# Examples


def test_every_demo_app_has_a_command_and_its_files_exist() -> None:
    server = LocalServer(replace(load(DEFAULT_SETTINGS), port=8080))
    commands = [shlex.split(text) for text in greeting(server).splitlines() if "curl" in text]
    assert {command[2].rpartition("/")[2] for command in commands} == set(EXAMPLES) == set(MODES)
    for command in commands:
        files = [word.partition("=@")[2] for word in command if "=@" in word]
        assert all((REPOSITORY / file).is_file() for file in files)
    [reader] = [command for command in commands if command[2].endswith("/chat/reader")]
    assert reader[-4:] == ["-F", "query=what is in it?", "-F", "document=@README.md"]
