"""Uploads by signed URL, through the real SDK: as strict as Dify's, and bounded in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from localserver import APP_IDS, Config, LocalServer
from tests.conftest import Json
from tests.test_localserver_strictness import sample_plugin

SAMPLE = """\
import json
from dify_plugin import Endpoint
from dify_plugin.core.entities.invocation import InvokeType
from werkzeug import Response

class Sample(Endpoint):
    def _invoke(self, r, values, settings):
        name, kind = r.args["name"], r.args["type"]
        if values["word"] == "url":
            asked = {"filename": name, "mimetype": kind}
            for data in self.session.file._backwards_invoke(InvokeType.UploadFile, dict, asked):
                return Response(data["url"])
        try:
            file = self.session.file.upload(name, r.get_data(), kind)
        except Exception as error:
            return Response(str(error), status=502)
        if values["word"] == "upload":
            return Response(file.model_dump_json())
        inputs = {"document": file.to_app_parameter()}
        events = self.session.app.chat.invoke(r.args["app"], "q", inputs, "streaming")
        return Response("".join(event.get("answer", "") for event in events))
"""
FORBIDDEN = {"code": "forbidden", "message": "Invalid request.", "status": 403}
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def dify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server whose plugin uploads what is posted to it."""
    plugin = sample_plugin(tmp_path_factory.mktemp("uploader"), SAMPLE)
    config = Config(endpoints={"one": {}}, plugin=plugin, pace=0, upload_delay=0.5)
    with LocalServer.running(config) as running:
        yield running


def ask(dify: LocalServer, word: str, name: str, mime_type: str, **more: Any) -> httpx.Response:
    """Call the plugin."""
    content = more.pop("content", b"")
    query = {"name": name, "type": mime_type, **more}
    return httpx.post(f"{dify.url('one')}/{word}", params=query, content=content, timeout=30)


def signed(dify: LocalServer, name: str, mime_type: str) -> str:
    return ask(dify, "url", name, mime_type).text


def post(url: str, name: str, content: bytes, mime_type: str, **more: Any) -> httpx.Response:
    return httpx.post(url, files={"file": (name, content, mime_type)}, timeout=60, **more)


def test_a_file_that_the_sdk_uploads_reaches_an_app(dify: LocalServer) -> None:
    content = os.urandom(2 * MEBIBYTE)
    digest = hashlib.sha256(content).hexdigest()
    name = 'B\u00fccher "1" \u4e66.pdf'
    answer = ask(dify, "upload", name, "application/pdf", content=content).json()
    assert (answer["name"], answer["size"]) == (name, len(content))
    assert (answer["extension"], answer["mime_type"]) == (".pdf", "application/pdf")
    record = dify.uploads[answer["id"]]
    assert (record["sha256"], record["transfer_method"]) == (digest, "tool_file")
    assert dify.upload_contents[answer["id"]] == content
    app = APP_IDS["reader"]
    text = ask(dify, "run", "a.pdf", "application/pdf", content=content, app=app).text
    about = f"document, application/pdf, {len(content)} bytes, sha256 {digest}"
    assert text == f"I got document a.pdf ({about}).\nYou said: q"


def test_dify_goes_by_the_mime_type_not_by_the_name(dify: LocalServer) -> None:
    answer = ask(dify, "upload", "notes.md", "application/octet-stream", content=b"# a").json()
    assert answer["extension"] == ".bin"
    app = APP_IDS["reader"]
    refused = ask(dify, "run", "notes.md", "application/octet-stream", content=b"# a", app=app)
    assert refused.status_code == 500
    assert "Detected file type does not match the specified type" in refused.text


def test_a_signed_url_is_good_for_what_was_signed(dify: LocalServer) -> None:
    url = signed(dify, "a.txt", "text/plain")
    before = len(dify.uploads)
    for wrong in (
        post(url, "b.txt", b"a", "text/plain"),
        post(url, "a.txt", b"a", "text/html"),
        post(url, "", b"a", "text/plain"),
        post(url.replace("sign=", "sign=A"), "a.txt", b"a", "text/plain"),
        post(url.replace("timestamp=1", "timestamp=2"), "a.txt", b"a", "text/plain"),
        post(url.partition("?")[0], "a.txt", b"a", "text/plain"),
        httpx.post(url, data={"file": "a"}, files={"other": b"a"}),
    ):
        assert wrong.status_code in (400, 403)
        assert wrong.json()["code"] in ("forbidden", "no_file_uploaded")
    assert len(dify.uploads) == before
    right = post(url, "a.txt", b"a", "text/plain; charset=utf-8")
    assert right.status_code == 201
    keys: set[str] = set(right.json())
    assert {"id", "name", "size", "mime_type", "preview_url", "tenant_id", "file_key"} < keys
    assert not keys & {"sha256", "transfer_method"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a!refuse.txt", FORBIDDEN),
        (
            "a!too-large.txt",
            {"code": "file_too_large", "message": "File size exceeded. {message}", "status": 413},
        ),
        (
            "a!upload-500.txt",
            {"message": "Internal Server Error", "code": "unknown", "status": 500},
        ),
    ],
)
def test_words_in_a_name_provoke_failures(dify: LocalServer, name: str, expected: Json) -> None:
    answer = post(signed(dify, name, "text/plain"), name, b"a", "text/plain")
    assert (answer.status_code, answer.json()) == (expected["status"], expected)
    told = ask(dify, "upload", name, "text/plain", content=b"a").text
    assert told.startswith(f"upload file failed, status code: {expected['status']}, response: ")


def test_a_word_in_a_name_makes_the_answer_slow(dify: LocalServer) -> None:
    url = signed(dify, "!slow.txt", "text/plain")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, files={"file": ("!slow.txt", b"a", "text/plain")}, timeout=0.1)
    assert post(url, "!slow.txt", b"a", "text/plain").status_code == 201


def test_the_newest_contents_are_kept(dify: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localserver.uploads.CONTENTS_KEPT", 2500)
    ids = [
        post(signed(dify, "a.txt", "text/plain"), "a.txt", bytes(1000), "text/plain").json()["id"]
        for _ in range(4)
    ]
    assert list(dify.upload_contents) == ids[-2:]
    assert set(ids) <= set(dify.uploads)
    assert dify.uploads[ids[0]]["sha256"] == hashlib.sha256(bytes(1000)).hexdigest()


@pytest.mark.long
def test_a_gigabyte_is_taken_ten_files_at_a_time(dify: LocalServer) -> None:
    kind, random = "application/octet-stream", os.urandom(5 * MEBIBYTE)
    url = signed(dify, "a.bin", kind)

    def upload(number: int) -> tuple[str, str]:
        content = number.to_bytes(4, "big") + random[4:]
        answer = post(url, "a.bin", content, kind)
        return answer.json()["id"], hashlib.sha256(content).hexdigest()

    with ThreadPoolExecutor(10) as pool:
        expected = dict(pool.map(upload, range(200)))
    assert len(expected) == 200
    assert {number: dify.uploads[number]["sha256"] for number in expected} == expected
    kept = dify.upload_contents
    assert sum(map(len, kept.values())) <= 512 * MEBIBYTE
    assert {number: hashlib.sha256(kept[number]).hexdigest() for number in kept} == {
        number: expected[number] for number in kept
    }
