"""README.md as the tests read it: its blocks of code, its tables, and what its commands do."""

import argparse
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).parent.parent
TEXT = (REPOSITORY / "README.md").read_text("utf-8")

TIMEOUT_SECONDS = 30.0
"""For one command; the slowest takes less than a second on a machine that is not busy."""

_FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_ARGUMENT_END, _COMMAND_END = "\x1f", "\x1e"
_FORM = "application/x-www-form-urlencoded"
_CURLS_TYPES = {
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""What curl knows of names; it calls everything else `application/octet-stream`."""

_STUBS = r"""
set -eu
PATH=
record() { printf '%s\037' "$@"; printf '\036'; }
curl() { record curl "$@"; }
make() { record make "$@"; }
"""
"""The shell takes a block apart as it would for a reader, but notes the commands instead of running
them. Whatever is neither of the two is not found, and fails."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code.

    Attributes:
        language: what stands behind its fence.
        code: its lines.
        shown: the block right behind it, which shows what it gives, or None.
    """

    language: str
    code: str
    shown: "Block | None" = None


def blocks(language: str) -> list[Block]:
    """Every block in a language, in their order."""
    return [block for block in reversed(list(_blocks())) if block.language == language]


def _blocks() -> Iterator[Block]:
    """Every block, the last one first: which block follows has to be known."""
    shown, shown_at = None, len(TEXT)
    for match in reversed(list(_FENCE.finditer(TEXT))):
        follows = shown is not None and not TEXT[match.end() : shown_at].strip()
        indent, language, code = match.groups()
        lines = (line.removeprefix(indent) for line in code.splitlines(keepends=True))
        block = Block(language, "".join(lines), shown if follows else None)
        yield block
        shown, shown_at = block, match.start()


def table(heading: str, nth: int = 0) -> list[list[str]]:
    """The rows of a table under a heading, each a list of cells, without its head."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", TEXT, re.M | re.S)
    assert section is not None, f"README has no section {heading}"
    tables = re.findall(r"(?:^\|.*\n)+", section[1], re.MULTILINE)
    rows = tables[nth].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def unquoted(cell: str) -> str:
    """What stands between the backticks of a cell."""
    return cell.strip("`")


def commands(block: Block, variables: Mapping[str, str]) -> list[list[str]]:
    """The commands of a shell block, each a list of its words, as the shell understands them.

    Args:
        block: the block; it may use curl, make and what the shell itself has.
        variables: the shell's variables.
    """
    shell = subprocess.run(
        ["/bin/sh", "-c", _STUBS + block.code],
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shell.returncode, shell.stderr) == (0, ""), block.code
    found = shell.stdout.split(_COMMAND_END)[:-1]
    return [command.split(_ARGUMENT_END)[:-1] for command in found]


def exported(block: Block) -> dict[str, str]:
    """The variables that a shell block exports."""
    return dict(
        word.split("=", 1)
        for line in block.code.splitlines()
        if line.startswith("export ")
        for word in line.split()[1:]
    )


def request_of(words: list[str]) -> tuple[httpx.Request, bool]:
    """The request that a curl command makes, and whether it shows the head of the answer.

    Not curl itself: a machine that runs the tests need not have it.

    Args:
        words: the command and its arguments.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    parser.add_argument("url")
    parser.add_argument("-N", action="store_true")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    parser.add_argument("-F", action="append", default=[])
    parser.add_argument("-o")
    given = parser.parse_args(words[1:])
    headers = httpx.Headers({"Accept": "*/*"})
    files = [_form_part(*field.split("=", 1)) for field in given.F]
    if given.d is not None:
        assert not given.d.startswith("@")
        headers["Content-Type"] = _FORM
    headers.update([header.split(": ", 1) for header in given.H])
    method = "GET" if given.d is None and not files else "POST"
    request = httpx.Request(
        method, given.url, headers=headers, content=given.d, files=files or None
    )
    return request, given.i


def _form_part(name: str, value: str) -> tuple[str, tuple[str | None, bytes, str | None]]:
    """A field as curl's `-F` sends it; a file lies in the repository, as for a reader."""
    if not value.startswith("@"):
        return name, (None, value.encode(), None)
    file, _, mime_type = value[1:].partition(";type=")
    path = Path(file)
    mime_type = mime_type or _CURLS_TYPES.get(path.suffix, "application/octet-stream")
    return name, (path.name, (REPOSITORY / path).read_bytes(), mime_type)


def perform(request: httpx.Request) -> httpx.Response:
    """Send a request and read the whole answer."""
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        return client.send(request)
