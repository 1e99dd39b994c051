"""Many uploads at once, and slow ones: all whole, none held, nothing left behind."""

import asyncio
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from localserver import APP_IDS, Config, LocalServer
from tests.conftest import ENDPOINTS, KEY, Client

pytestmark = pytest.mark.long

UPLOADS, AT_ONCE, SIZE = 200, 10, 5_000_000

BASE_BYTES_A_REQUEST = 6 * SIZE
"""What the SDK holds of a request: the line in hex, its JSON, the bytes, the body."""


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plugin")


@pytest.fixture(scope="module")
def server(temporary: Path) -> Iterator[LocalServer]:
    config = Config(endpoints=ENDPOINTS, pace=0, plugin_env={"TMPDIR": str(temporary)})
    with LocalServer.running(config) as running:
        yield running


def memory(server: LocalServer, field: str) -> int:
    """Bytes of the plugin process: `VmRSS` now, `VmHWM` at the most so far."""
    status = Path(f"/proc/{server.plugin_pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith(field)]
    return int(line.split()[1]) * 1024


def open_files(server: LocalServer) -> int:
    return len(list(Path(f"/proc/{server.plugin_pid}/fd").iterdir()))


def content(number: int) -> bytes:
    return random.Random(number).randbytes(SIZE)


async def upload(client: httpx.AsyncClient, server: LocalServer, number: int) -> tuple[str, str]:
    """Send a file one of three ways; what was sent and what arrived, as hashes."""
    data = content(number)
    sent = hashlib.sha256(data).hexdigest()
    parts = {"document": (f"{number}.png", data, "image/png")}
    if number % 3 == 0:
        answer = await client.post(server.url("tests") + "/files", files=parts)
        [file] = answer.json()["data"]
        return sent, str(server.uploads[file["tool_file_id"]]["sha256"])
    hook = "tests" if number % 3 == 1 else "service"
    answer = await client.post(
        f"{server.url(hook)}/chat/{APP_IDS['reader']}",
        files=parts,
        data={"query": "hi"},
        headers={"Accept": "text/plain"},
    )
    return sent, answer.text.partition("sha256 ")[2][:64]


def test_200_uploads_of_5_mb_ten_at_a_time(server: LocalServer, temporary: Path) -> None:
    async def gather(numbers: range) -> list[tuple[str, str]]:
        gate = asyncio.Semaphore(AT_ONCE)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(timeout=120, headers=headers) as client:

            async def one(number: int) -> tuple[str, str]:
                async with gate:
                    return await upload(client, server, number)

            return await asyncio.gather(*(one(number) for number in numbers))

    asyncio.run(gather(range(AT_ONCE * 3)))  # a process keeps some of what it once had
    resting, files = memory(server, "VmRSS"), open_files(server)
    pairs = asyncio.run(gather(range(UPLOADS)))
    assert len(pairs) == UPLOADS
    for sent, arrived in pairs:
        assert arrived == sent
    peak = memory(server, "VmHWM") - resting
    after = memory(server, "VmRSS") - resting
    assert peak < AT_ONCE * (BASE_BYTES_A_REQUEST + 2 * SIZE)
    assert after < AT_ONCE * SIZE
    # idle connections to Dify may be kept for the next upload, one for each that was under way
    assert open_files(server) <= files + AT_ONCE
    assert list(temporary.iterdir()) == []
    assert server.open_sessions == 0
    assert (server.restarts, server.bad_lines) == (0, 0)


def test_an_upload_that_dify_does_not_answer_in_time(server: LocalServer) -> None:
    parts = [("f", ("a.txt", b"a")), ("f", ("!slow.txt", b"b"))]
    with Client(server.url("tests")) as client:
        answer = client.call("POST", "/files", files=parts)
        message = answer.assert_error(504, "app_timeout")["message"]
    assert "`f`, !slow.txt (file 2 of 2)" in message
    assert "10 s" in message
