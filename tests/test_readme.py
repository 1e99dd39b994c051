"""README says what is: its commands run, its outputs are real, its tables are complete."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from endpoints.http.errors import ProxyError
from endpoints.http.routes import ROUTES
from endpoints.http.settings import parse_settings
from localserver import LocalServer
from localserver.__main__ import EXAMPLES
from localserver.apps.provoke import WORDS
from localserver.config import DEFAULT_SETTINGS, load
from tests.readme import (
    REPOSITORY,
    TEXT,
    Block,
    blocks,
    commands,
    exported,
    perform,
    request_of,
    table,
    unquoted,
)
from tests.readme_outputs import assert_same_body, assert_same_head

ADDRESS = "http://127.0.0.1:8080"
MAKEFILE = (REPOSITORY / "Makefile").read_text("utf-8")
SHELL = blocks("sh")
CURLS = [block for block in SHELL if "curl " in block.code]
VARIABLES = {name: value for block in SHELL for name, value in exported(block).items()}


@pytest.fixture(scope="module")
def demo() -> Iterator[LocalServer]:
    """What `make serve` starts, on a port of its own."""
    with LocalServer.running(load(DEFAULT_SETTINGS)) as running:
        yield running


@pytest.mark.parametrize("block", CURLS, ids=lambda block: re.sub(r"\s+", "_", block.code[:72]))
def test_a_curl_command_gives_what_is_shown(demo: LocalServer, block: Block) -> None:
    code = block.code.replace(ADDRESS, demo.base_url)
    variables = VARIABLES | {"URL": demo.url("local")}
    [words] = commands(Block("sh", code), variables)
    request, with_head = request_of(words)
    answer = perform(request)
    if with_head:
        assert block.shown is not None
        head, _, body = block.shown.code.partition("\n\n")
        assert_same_head(head, answer)
        assert_same_body(body, answer)
        return
    assert answer.status_code == 200, answer.text
    if block.shown is not None:
        assert_same_body(block.shown.code, answer)


def test_every_format_is_shown() -> None:
    assert len(CURLS) >= 8
    shown = " ".join(block.code for block in CURLS)
    for asked in ("text/event-stream", "text/plain", "application/json", "blocking", "events="):
        assert asked in shown


def test_the_variables_are_those_of_make_serve() -> None:
    settings = yaml.safe_load(DEFAULT_SETTINGS.read_text("utf-8"))
    key = settings["endpoints"]["local"]["api_key"]
    assert {"URL": f"{ADDRESS}/e/local", "KEY": key} == VARIABLES


def test_every_make_target_and_variable_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    inline = re.findall(r"(?:`|^ *)make ([a-z-]+)", TEXT, re.MULTILINE)
    assert {"serve", "test", "lint", "package"} <= set(inline) <= targets
    in_blocks = [words for block in SHELL if block not in CURLS for words in commands(block, {})]
    assert all(words[0] == "make" for words in in_blocks)
    for words in in_blocks:
        assert words[1] in targets
        for assignment in words[2:]:
            assert re.search(rf"^{words[1]}: .*{assignment.split('=')[0]}=", MAKEFILE, re.M)


def test_the_settings_are_those_of_the_form() -> None:
    form = yaml.safe_load((REPOSITORY / "group/app_proxy.yaml").read_text("utf-8"))["settings"]
    rows = table("Settings")
    assert [unquoted(row[0]) for row in rows] == [setting["name"] for setting in form]
    for setting, (_name, required, meaning) in zip(form, rows, strict=True):
        assert required == ("yes" if setting["required"] else "no")
        for option in setting.get("options", []):
            assert f"`{option['value']}`" in meaning


def _errors(error: type[ProxyError] = ProxyError) -> Iterator[tuple[str, str]]:
    if "code" in vars(error):
        yield str(error.status), error.code
    for special in error.__subclasses__():
        yield from _errors(special)


def test_every_error_code_is_in_the_table() -> None:
    *rows, passed_on = table("Errors")
    assert {(status, unquoted(code)) for status, code, _ in rows} == set(_errors())
    assert passed_on[:2] == ["any other 4xx", "Dify's code"]


def test_every_route_is_in_the_table() -> None:
    served = {f"{method} {path}" for path, methods in ROUTES.items() for method in methods}
    assert {unquoted(row[0]) for row in table("Routes")} == served


def test_the_demo_apps_and_provoking_words_are_those_of_the_local_server() -> None:
    apps = {unquoted(name): unquoted(route) for name, route, _ in table("The local server")}
    assert apps == {name: f"/{route}" for name, (route, _) in EXAMPLES.items()}
    words = {unquoted(word): meaning for word, meaning in table("Provoking failures")}
    assert list(words) == [f"!{word}" for word in WORDS]


def test_the_configuration_file_can_be_loaded(tmp_path: Path) -> None:
    [block] = blocks("yaml")
    file = tmp_path / "my-settings.yaml"
    file.write_text(block.code, "utf-8")
    config = load(file)
    assert len(config.endpoints) == 2
    for settings in config.endpoints.values():
        assert parse_settings(settings).api_keys


def test_every_file_and_section_that_is_named_exists() -> None:
    for row in table("Development", 1):
        assert (REPOSITORY / unquoted(row[0])).exists()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        known = target[1:] in anchors if target[0] == "#" else (REPOSITORY / target).exists()
        assert known, target


def test_it_is_written_in_english() -> None:
    assert re.findall(r"[^\x00-\x7f]", TEXT) == []
    assert "## Performance\n" in TEXT
