"""What the page sends, and that the curl command which it shows sends the same."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from localserver import LocalServer
from tests.conftest import KEY, Json
from tests.console.browser import PICTURE, Console
from tests.readme import Block, commands

pytestmark = pytest.mark.long

Visit = Callable[[str], Console]

NASTY = (
    """it's "q" $HOME `id` $(id) \\ \\n !x #y; %41 & | > <@ ~ {a,b}\n\ttab """
    "\u00e9 \u6f22 \U0001f600 \u2028line\u0085"
)
"""All that means something to a shell, to curl, to JSON or to a URL."""


def curl(script: str, folder: Path) -> str:
    """Run what was copied, in a shell, with the key where the script expects it."""
    if shutil.which("curl") is None:
        missing = "no curl was found: install it (Debian: apt-get install curl)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    run = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "KEY": KEY, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def sent(server: LocalServer) -> Json:
    """The run that Dify was asked for last."""
    request: Json = server.invocations[-1]["request"]
    return {name: request.get(name) for name in ("app_id", "query", "inputs")}


def test_the_copied_command_does_what_the_page_did(
    visit: Visit, server: LocalServer, tmp_path: Path
) -> None:
    console = visit("reverse").enter().pick("chatbot")
    console.run(NASTY, persona="o'hara").await_end()
    by_page = sent(server)
    assert (by_page["query"], by_page["inputs"]) == (NASTY, {"persona": "o'hara"})
    command = console.copied("Copy command")
    assert KEY not in command
    [words] = commands(Block("sh", command), {"KEY": KEY})
    assert words[:3] == ["curl", "-N", f"{console.url}/apps/chatbot"]
    assert f"Authorization: Bearer {KEY}" in words
    lines = curl(command, tmp_path).splitlines()
    answer = "".join(json.loads(line).get("answer", "") for line in lines)
    assert answer == f"Hello, you said: {NASTY}"
    assert sent(server) == by_page


@pytest.mark.long
@pytest.mark.parametrize("choice", ["NDJSON", "SSE", "Text", "JSON", "Blocking"])
def test_the_command_asks_for_the_same_format(
    console: Console, server: LocalServer, tmp_path: Path, choice: str
) -> None:
    console.pick("chatflow").choose(choice).run("hi").await_end()
    by_page = server.responses[-1].headers["content-type"]
    console.button("New conversation").click()
    output = curl(console.copied("Copy command"), tmp_path)
    assert server.responses[-1].headers["content-type"] == by_page
    if choice == "Text":
        assert output == "Hello, you said: hi"
    if choice in ("JSON", "Blocking"):
        assert json.loads(output)["answer"] == "Hello, you said: hi"


@pytest.mark.long
def test_a_file_reaches_the_app_and_the_command_sends_it_too(
    console: Console, server: LocalServer, tmp_path: Path
) -> None:
    file = tmp_path / "o'hara; a,b=c.txt"
    file.write_text("what it says\n", "utf-8")
    console.pick("reader")
    console.field("document").set_input_files(file)
    console.field("pages").fill("7")
    console.field("tone").select_option("formal")
    console.run("what is in it? <@;type=x").await_end()
    expect(console.answers).to_contain_text("13 bytes")
    expect(console.answers).to_contain_text("You said: what is in it? <@;type=x")
    expect(console.answers).to_contain_text("o'hara; a,b=c.txt")
    assert list(server.upload_contents.values())[-1] == b"what it says\n"
    shown = console.answers.text_content()
    console.button("New conversation").click()
    console.choose("Text")
    uploads = len(server.upload_requests)
    assert curl(console.copied("Copy command"), tmp_path) == shown
    assert len(server.upload_requests) == uploads + 1


@pytest.mark.long
def test_a_list_takes_files_and_links_together(
    console: Console, server: LocalServer, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for number, path in enumerate(paths):
        path.write_bytes(b"x" * (number + 1))
    console.pick("album")
    console.field("pictures").set_input_files(paths)
    console.page.get_by_label("Link for pictures").fill("https://pictures.example/c.png")
    console.run().await_end()
    for name in ("a.png", "b.png", "c.png"):
        expect(console.answers).to_contain_text(name)
    shown = console.answers.text_content()
    console.choose("Text")
    assert curl(console.copied("Copy command"), tmp_path) == shown


@pytest.mark.long
def test_files_of_the_message_go_beside_the_inputs(visit: Visit, server: LocalServer) -> None:
    console = visit("service").enter().pick("reader")
    console.page.get_by_label("Files of the message").set_input_files(PICTURE)
    console.page.get_by_label("User", exact=True).fill("somebody")
    console.run("look").await_end()
    expect(console.answers).to_contain_text("files a.png")
    assert server.service_api_calls[-1]["user"] == "somebody"


def inputs_of(console: Console) -> Any:
    console.run("go").await_end()
    return json.loads(console.answers.last.text_content() or "")


@pytest.mark.long
def test_each_kind_of_field_sends_what_its_app_expects(form: Console) -> None:
    defaults = {"story": "once\nupon", "count": 3, "tone": "formal", "brief": True}
    form.field("title").fill("a")
    assert inputs_of(form) == defaults | {"title": "a"}
    form.field("story").fill("")
    form.field("count").fill("2.5")
    form.field("tone").select_option("plain")
    form.field("brief").uncheck()
    form.field("shape").fill('{"a": [1, null]}')
    form.field("later").fill("text")
    form.page.get_by_label("Link for document").fill("https://files.example/a.pdf")
    form.page.get_by_label("Link for pictures").fill(
        "https://files.example/a.png https://b.example"
    )
    remote = {"transfer_method": "remote_url"}
    assert inputs_of(form) == {
        "title": "a",
        "count": 2.5,
        "tone": "plain",
        "brief": False,
        "shape": {"a": [1, None]},
        "later": "text",
        "document": {"type": "document", "url": "https://files.example/a.pdf", **remote},
        "pictures": [
            {"type": "image", "url": "https://files.example/a.png", **remote},
            {"type": "image", "url": "https://b.example", **remote},
        ],
    }


@pytest.mark.long
@pytest.mark.parametrize(
    ("label", "value"),
    [("title", ""), ("title", "more than twelve"), ("count", ""), ("shape", "{no json")],
)
def test_what_the_app_would_refuse_is_not_sent(
    form: Console, server: LocalServer, label: str, value: str
) -> None:
    form.field("title").fill("a")
    form.field(label).fill(value)
    before = len(server.invocations)
    form.run("go")
    expect(form.field(label)).to_be_focused()
    expect(form.status).to_have_text("Nothing has run yet")
    assert len(server.invocations) == before


FETCH = """async ([url, key]) => {
  try {
    const answer = await fetch(url, {headers: {Authorization: `Bearer ${key}`}});
    return [answer.status, (await answer.json()), answer.headers.get("X-Request-Id")];
  } catch (failure) {
    return failure.name;
  }
}"""


@pytest.mark.long
def test_a_page_of_another_origin_is_refused_unless_it_is_allowed(
    page: Page, server: LocalServer, other_origin: str
) -> None:
    page.goto(other_origin)
    assert page.evaluate(FETCH, [f"{server.url('reverse')}/apps", KEY]) == "TypeError"
    status, body, request_id = page.evaluate(FETCH, [f"{server.url('allowing')}/apps", KEY])
    assert (status, body["data"][0]["name"]) == (200, "chatbot")
    assert request_id
    status, body, request_id = page.evaluate(FETCH, [f"{server.url('allowing')}/apps", "no"])
    assert (status, body["code"], body["request_id"]) == (401, "unauthorized", request_id)


@pytest.mark.long
def test_no_other_page_may_show_it_in_a_frame(
    page: Page, server: LocalServer, other_origin: str
) -> None:
    page.goto(other_origin)
    make_frame = """url => {
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
    }"""
    with page.expect_event("framenavigated"):
        page.evaluate(make_frame, f"{server.url('reverse')}/")
    page.wait_for_load_state("load")
    assert all("API key" not in frame.content() for frame in page.frames)
