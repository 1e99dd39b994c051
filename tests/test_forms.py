"""Forms and files through the plugin, as curl and browsers send them, over both ways to an app."""

import hashlib
import json
from typing import Any

import pytest

from localserver import APP_IDS, LocalServer
from tests.conftest import Answer, Client, Json

PDF = b"%PDF-1.7\n\x00\xff\r\n"
PNG = b"\x89PNG\r\n\x1a\n"
URL = "https://example.com/pictures/cat%20one.png"
READER, ALBUM = "/chat/reader", "/workflow/album"


def text_of(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    return str(answer.json["answer"])


def told(name: str, filename: str, about: str, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"I got {name} {filename} ({about}, {len(content)} bytes, sha256 {digest})."


def post(client: Client, path: str, files: Any = None, **fields: Any) -> Answer:
    headers = {"Accept": "application/json"}
    return client.call("POST", path, files=files, data=fields, headers=headers)


def runs(server: LocalServer) -> int:
    apps = sum(1 for invocation in server.invocations if invocation["type"] == "app")
    return apps + len(server.service_api_calls)


def last_inputs(server: LocalServer, client: Client, service: Client) -> Json:
    if client is service:
        inputs: Json = server.service_api_calls[-1]["body"]["inputs"]
    else:
        requests = [call["request"] for call in server.invocations if call["type"] == "app"]
        inputs = requests[-1]["inputs"]
    return inputs


def test_a_file_becomes_the_value_of_its_variable(client: Client) -> None:
    answer = post(
        client,
        READER,
        {"document": ("a \u2603 r\u00e9sum\u00e9.pdf", PDF, "application/pdf")},
        query="Summarise this",
    )
    line = told("document", "a \u2603 r\u00e9sum\u00e9.pdf", "document, application/pdf", PDF)
    assert line in text_of(answer)
    assert "You said: Summarise this" in text_of(answer)


def test_typed_fields_are_converted(client: Client, service: Client, server: LocalServer) -> None:
    fields = {"query": "hi", "pages": "3", "brief": "on", "tone": "plain"}
    for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        files = None if headers else {"document": ("", b"", "application/octet-stream")}
        assert post(client, READER, files, **fields).status == 200
        inputs = last_inputs(server, client, service)
        assert inputs == {"pages": 3, "brief": True, "tone": "plain"}


def test_json_is_never_converted(client: Client, service: Client, server: LocalServer) -> None:
    inputs = {"pages": "3", "brief": "on", "tone": "plain", "unknown": URL}
    assert client.run(READER, {"query": "hi", "inputs": inputs}).status == 200
    assert last_inputs(server, client, service) == inputs
    assert post(client, READER, query="hi", inputs=json.dumps(inputs), document="").status == 200
    assert last_inputs(server, client, service) == inputs


def test_a_list_of_files_keeps_its_order(client: Client) -> None:
    files = [
        ("pictures", ("1.png", PNG, "image/png")),
        ("pictures", (None, URL, None)),
        ("pictures", ("2.jpg", PNG * 2, "IMAGE/JPEG; x=y")),
    ]
    answer = post(client, ALBUM, files, caption="three")
    assert answer.json["data"]["status"] == "succeeded"
    outputs = answer.json["data"]["outputs"]
    lines = outputs["text"].splitlines()
    assert lines[0] == told("pictures", "1.png", "image, image/png", PNG)
    assert URL in lines[1]
    assert lines[2] == told("pictures", "2.jpg", "image, image/jpeg", PNG * 2)
    methods = [picture["transfer_method"] for picture in outputs["pictures"]]
    assert methods[1] == "remote_url"


def test_one_file_is_a_list_of_one(client: Client) -> None:
    answer = post(client, ALBUM, {"pictures": ("1.png", PNG, "image/png")})
    assert len(answer.json["data"]["outputs"]["pictures"]) == 1


@pytest.mark.parametrize("multipart", [True, False])
def test_a_url_becomes_a_remote_file(
    client: Client, service: Client, server: LocalServer, multipart: bool
) -> None:
    if multipart:
        answer = post(client, READER, {"document": (None, URL)}, query="hi")
    else:
        answer = post(client, READER, query="hi", document=URL)
    assert URL in text_of(answer)
    assert last_inputs(server, client, service)["document"] == {
        "type": "image",
        "transfer_method": "remote_url",
        "url": URL,
    }


def test_files_of_the_whole_call(client: Client, service: Client, server: LocalServer) -> None:
    """Over the Service API they are the app's files, else the value of its one variable."""
    name = "files" if client is service else "document"
    line = told(name, "1.png", "image, image/png", PNG)
    answer = post(client, READER, {"files": ("1.png", PNG, "image/png")}, query="hi")
    assert line in text_of(answer)
    remote = {"type": "image", "transfer_method": "remote_url", "url": URL}
    body: Json = {"query": "hi", "files": [remote], "response_mode": "blocking"}
    answer = client.run(READER, body)
    assert f"I got {name}" in text_of(answer)
    if client is not service:
        assert last_inputs(server, client, service) == {"document": remote}
        body["files"] = [remote, remote]
        client.run(READER, body).assert_error(400, "invalid_param")
        body = {"query": "hi", "files": [remote], "inputs": {"document": remote}}
        client.run(READER, body).assert_error(400, "invalid_param")


@pytest.mark.parametrize("path", ["/chat/reader", "/apps/reader", f"/chat/{APP_IDS['reader']}"])
def test_forms_work_on_every_route(client: Client, path: str) -> None:
    answer = post(client, path, {"document": ("a.txt", b"x", "text/plain")}, query="hi")
    assert told("document", "a.txt", "document, text/plain", b"x") in text_of(answer)


def test_reserved_fields_mean_what_they_mean_in_json(
    client: Client, service: Client, server: LocalServer
) -> None:
    first = post(client, READER, query="hi", user="ann")
    conversation = first.json["conversation_id"]
    second = post(client, READER, query="again", conversation_id=conversation, user="ann")
    assert second.json["conversation_id"] == conversation
    if client is service:
        assert server.service_api_calls[-1]["user"] == "ann"
    answer = client.call("POST", READER, data={"query": "hi", "response_mode": "streaming"})
    assert answer.events[-1]["event"] == "message_end"
    answer = client.call("POST", "/completion/completion", data={"query": "hi"})
    assert answer.events[-1]["event"] == "message_end"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"query": "hi", "colour": "red"}, "`colour`"),
        ({"query": "hi", "pages": "three"}, "`pages`"),
        ({"query": "hi", "brief": "perhaps"}, "`brief`"),
        ({"query": "hi", "document": "hello"}, "`document`"),
        ({"query": "hi", "inputs": "{"}, "`inputs`"),
        ({"query": "hi", "inputs": "[]"}, "`inputs`"),
        ({"query": ["hi", "ho"]}, "`query`"),
        ({"query": "hi", "conversation_id": "x"}, "`conversation_id`"),
        ({"query": "hi", "response_mode": "later"}, "`response_mode`"),
        ({"pages": "3"}, "`query`"),
        ({"query": "hi", "inputs": '{"pages": 3}', "pages": "3"}, "`pages`"),
    ],
)
def test_a_field_that_can_not_be_understood_is_named(
    client: Client, server: LocalServer, fields: Json, named: str
) -> None:
    before = runs(server)
    for files in (None, {"files": ("", b"")}):
        error = post(client, READER, files, **fields).assert_error(400, "invalid_param")
        assert named in error["message"]
    assert runs(server) == before


def test_an_unknown_variable_is_answered_with_those_that_exist(client: Client) -> None:
    error = post(client, READER, query="hi", colour="red").assert_error(400, "invalid_param")
    for name in ("document", "pages", "brief", "tone"):
        assert f"`{name}`" in error["message"]


def test_uploads_come_before_the_run_or_not_at_all(
    client: Client, service: Client, server: LocalServer
) -> None:
    uploads, before = len(server.upload_requests), runs(server)
    pictures = [
        ("pictures", (name, PNG, "image/png")) for name in ("1.png", "2 !refuse.png", "3.png")
    ]
    error = post(client, ALBUM, pictures).assert_error(502, "app_error")
    assert "`pictures`, 2 !refuse.png (file 2 of 3)" in error["message"]
    assert len(server.upload_requests) == uploads + 2
    pictures[1] = ("pictures", ("2 !too-large.png", PNG, "image/png"))
    error = post(client, ALBUM, pictures).assert_error(413, "file_too_large")
    assert "(file 2 of 3)" in error["message"]
    assert "File size exceeded." in error["message"]
    pictures[1] = ("pictures", ("2 !upload-500.png", PNG, "image/png"))
    error = post(client, ALBUM, pictures).assert_error(502, "app_error")
    assert "(file 2 of 3)" in error["message"]
    uploads = len(server.upload_requests)
    post(client, ALBUM, [*pictures, ("colour", (None, "red"))]).assert_error(400, "invalid_param")
    post(client, ALBUM, pictures * 2).assert_error(400, "invalid_param")
    assert (len(server.upload_requests), runs(server)) == (uploads, before)


def test_what_dify_would_refuse_for_its_size_is_not_uploaded(
    client: Client, server: LocalServer
) -> None:
    """The demo apps' limit for pictures is above what a body may have: see the unit tests."""
    uploads = len(server.upload_requests)
    content = b"x" * (10 * 1024 * 1024)
    answer = post(client, ALBUM, {"pictures": ("1.png", content, "image/png")})
    assert "10 MiB" in answer.assert_error(413, "payload_too_large")["message"]
    assert len(server.upload_requests) == uploads


def test_a_file_that_is_no_document_to_dify_still_arrives(
    client: Client, service: Client, server: LocalServer
) -> None:
    answer = post(client, READER, {"document": ("a.zip", b"PK", "application/zip")}, query="hi")
    if client is service:  # there Dify goes by the app's own list
        answer.assert_error(400, "invalid_param")
    else:
        assert "I got document a.zip (custom, application/zip" in text_of(answer)
    assert "type" not in last_inputs(server, client, service)["document"]


def test_uploading_without_a_run(client: Client, server: LocalServer) -> None:
    files = [
        ("a", ("r.pdf", PDF, "application/pdf")),
        ("b", ("x/\u2603.PNG", PNG, "")),
        ("b", ("empty.bin", b"", "application/octet-stream")),
        ("c", (None, "a text is no file")),
    ]
    answer = client.call("POST", "/files", files=files)
    assert answer.status == 200
    data = answer.json["data"]
    ids = [file.pop("tool_file_id") for file in data]
    assert [server.upload_contents[number] for number in ids] == [PDF, PNG, b""]
    assert data == [
        {"type": "document", "name": "r.pdf", "size": len(PDF), "mime_type": "application/pdf",
         "transfer_method": "tool_file"},
        {"type": "image", "name": "\u2603.PNG", "size": len(PNG), "mime_type": "image/png",
         "transfer_method": "tool_file"},
        {"type": "document", "name": "empty.bin", "size": 0,
         "mime_type": "application/octet-stream", "transfer_method": "tool_file"},
    ]  # fmt: skip


def test_an_uploaded_file_can_be_used_as_it_is(client: Client) -> None:
    uploaded = client.call("POST", "/files", files={"x": ("r.pdf", PDF, "application/pdf")})
    [file] = uploaded.json["data"]
    body = {"query": "hi", "inputs": {"document": file}, "response_mode": "blocking"}
    line = told("document", "r.pdf", "document, application/pdf", PDF)
    assert line in text_of(client.run(READER, body))
    assert line in text_of(post(client, READER, query="hi", document=json.dumps(file)))


def test_uploads_that_are_refused(client: Client) -> None:
    def upload(name: str) -> Answer:
        return client.call("POST", "/files", files=[("f", ("a.txt", b"a")), ("f", (name, b"b"))])

    for name, status, code in (
        ("!refuse.txt", 502, "app_error"),
        ("!too-large.txt", 413, "file_too_large"),
        ("!upload-500.txt", 502, "app_error"),
    ):
        assert "(file 2 of 2)" in upload(name).assert_error(status, code)["message"]
    client.call("POST", "/files").assert_error(415, "unsupported_media_type")
    client.call("POST", "/files", data={"a": "b"}).assert_error(415, "unsupported_media_type")
    client.call("POST", "/files", json={}).assert_error(415, "unsupported_media_type")
    answer = client.call("POST", "/files", files={"a": (None, "b")})
    answer.assert_error(400, "invalid_param")
    headers = {"Content-Type": "multipart/form-data"}
    answer = client.call("POST", "/files", content=b"x", headers=headers)
    assert "boundary" in answer.assert_error(400, "invalid_param")["message"]
    headers = {"Authorization": "Bearer wrong"}
    answer = client.call("POST", "/files", files={"a": ("a", b"b")}, headers=headers)
    answer.assert_error(401, "unauthorized")
    client.call("GET", "/files").assert_error(405, "method_not_allowed")


def test_a_form_of_nothing(client: Client) -> None:
    """As a script or a workflow without required inputs might be run."""
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = client.call("POST", ALBUM, headers={"Content-Type": kind})
        assert "pictures is required" in answer.assert_error(400, "invalid_param")["message"]


def test_a_text_above_werkzeugs_own_limit(client: Client) -> None:
    story = "x" * 3_000_000
    answer = post(client, READER, {"files": ("", b"")}, query=story)
    assert text_of(answer).endswith(f"You said: {story}")
