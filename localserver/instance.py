"""One plugin process, spoken to over its pipes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from localserver.config import Config
from localserver.log import Log
from localserver.pipes import Batch, LineReader, StdinPipe

SLICE = 32
"""Lines handled before the streams get their turn; else a batch would overrun their queues."""
STOP_GRACE = 3.0
"""Seconds that a process may take to end."""

SessionHandler = Callable[["Instance", str, dict[str, Any], float], None]


class Instance:
    """One running plugin process."""

    def __init__(self, config: Config, log: Log, on_session: SessionHandler) -> None:
        self._log = log
        self._on_session = on_session
        self._limits = config.limits
        self._loop = asyncio.get_running_loop()
        self._batches: deque[tuple[Batch, int]] = deque()
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self.last_heartbeat = time.monotonic()
        self.stderr: deque[str] = deque(maxlen=50)
        environment = {
            **os.environ,
            "PLUGIN_MAX_EXECUTION_TIMEOUT": f"{config.limits.max_execution_timeout:g}",
            **config.plugin_env,
            "INSTALL_METHOD": "local",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "main"],
            cwd=config.plugin,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C is for the server, which then ends the plugin.
            start_new_session=True,
        )
        process = self._process
        assert process.stdin and process.stdout and process.stderr
        self.stdin = StdinPipe(os.dup(process.stdin.fileno()), self._loop)
        limit = self._limits.stdout_line
        self._stdout = LineReader(
            os.dup(process.stdout.fileno()), limit, self._loop, self._on_stdout, self._on_end
        )
        self._stderr = LineReader(
            os.dup(process.stderr.fileno()), limit, self._loop, self._on_stderr, lambda _: None
        )
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
        self._stdout.start()
        self._stderr.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def _on_stdout(self, batch: Batch) -> None:
        self._batches.append((batch, 0))
        if len(self._batches) == 1:
            self._handle_slice()

    def _handle_slice(self) -> None:
        batch, start = self._batches[0]
        for line in batch.lines[start : start + SLICE]:
            try:
                self._handle_line(line, batch.at)
            except Exception as error:
                # The daemon, too, recovers here: one odd message must not end all streams.
                self._log.daemon(f"plugin event handler panic: {error!r}: {line[:200]!r}")
        if start + SLICE < len(batch.lines):
            self._batches[0] = (batch, start + SLICE)
        else:
            self._batches.popleft()
            self._stdout.handled(batch)
        if self._batches:
            self._loop.call_soon(self._handle_slice)

    def _handle_line(self, line: bytes, at: float) -> None:
        try:
            message = orjson.loads(line)
            event = message.get("event")
        except (orjson.JSONDecodeError, AttributeError):
            if line.strip():
                self._log.bad_line(line)
            return
        if event == "session":
            self._on_session(self, str(message.get("session_id")), message.get("data") or {}, at)
        elif event == "heartbeat":
            self.last_heartbeat = at
            self.ready.set()
        elif event == "log":
            self._log.plugin(str((message.get("data") or {}).get("message")))
        elif event == "error":
            self._log.plugin(f"error: {message.get('data')}")

    def _on_stderr(self, batch: Batch) -> None:
        self._stderr.handled(batch)
        for line in batch.lines:
            text = line.decode("utf-8", "replace")
            self.stderr.append(text)
            self._log.plugin(f"stderr: {text}")

    def _on_end(self, too_long: bool) -> None:
        if too_long:
            self._log.daemon(
                f"the plugin wrote a line of {self._limits.stdout_line:,} bytes or more to "
                f"stdout (bufio.Scanner: token too long): process {self.pid} is killed"
            )
        self.kill()
        self.stdin.close()
        self.ended.set()

    def kill(self) -> None:
        """Kill the process; `ended` is set once its stdout is closed."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def reap(self) -> None:
        """Wait for the process to be gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, STOP_GRACE)
