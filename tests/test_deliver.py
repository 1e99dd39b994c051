"""`make deliver`: README's commands, through the command itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localserver import LocalServer
from localserver.__main__ import greeting
from localserver.config import DEFAULT_SETTINGS, load
from localserver.senders import PLAYED
from localserver.senders.__main__ import main
from tests.readme import Block, blocks, commands

DELIVERIES = [block for block in blocks("sh") if "make deliver" in block.code]
OPTIONS = {"FILE": "--file", "APP": "--app", "OUTPUT": "--output", "URL": "--url"}


@pytest.fixture(scope="module")
def demo() -> Iterator[LocalServer]:
    with LocalServer.running(load(DEFAULT_SETTINGS)) as running:
        yield running


def arguments(words: list[str]) -> list[str]:
    """The command's arguments for make's; a test holds the two together."""
    found: list[str] = []
    for word in words[2:]:
        name, _, value = word.partition("=")
        if name == "SENDER":
            found.insert(0, value)
        elif name == "AGAIN":
            found.append("--again")
        else:
            found += [OPTIONS[name], value]
    return found


@pytest.mark.parametrize("block", DELIVERIES, ids=lambda block: block.code.strip()[:60])
def test_readmes_deliveries(
    demo: LocalServer, block: Block, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in commands(block, {}):
        assert main([*arguments(words), "--url", demo.base_url]) == 0
    shown = capsys.readouterr().out.replace(demo.base_url, "http://127.0.0.1:8080")
    if block.shown is not None:
        assert shown.strip() == block.shown.code.strip()


@pytest.mark.parametrize("name", list(PLAYED))
def test_every_sender_can_be_tried_out_of_the_box(
    demo: LocalServer, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    again = [name, "--url", demo.base_url, "--app", "agent", "--output", "text", "--again"]
    assert main(again) == 0
    first = capsys.readouterr().out
    assert main(again) == 0
    second = capsys.readouterr().out
    assert "HTTP 200 OK\n" in first
    assert '{"duplicate":true}' in second
    assert name in greeting(demo) or name == "none"


def test_a_file_of_ones_own(
    demo: LocalServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "slash.txt"
    file.write_text("command=%2Fask&text=from+a+file")
    assert main(["slack", "--file", str(file), "--url", demo.base_url, "--output", "text"]) == 0
    assert capsys.readouterr().out.endswith("Hello, you said: from a file\n")


def test_what_goes_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("endpoints: {only: {webhook_sender: github, webhook_secret: s}}")
    assert main(["slack", "--config", str(settings)]) == 1
    assert "no endpoint has `webhook_sender: slack`" in capsys.readouterr().err
    assert main(["github", "--file", str(tmp_path / "none.json")]) == 1
    assert main(["github", "--url", "http://127.0.0.1:9"]) == 1
    assert "make serve" in capsys.readouterr().err
