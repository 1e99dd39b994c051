"""The plugin process, kept alive as the daemon's local runtime keeps it."""

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
HEARTBEAT_CHECK = 30.0
"""Seconds between two looks at the heartbeat."""
RESTART_PAUSES = (0.0, 0.3, 1.0, 2.0, 5.0)
"""Seconds before a process is started again, by how many died without a heartbeat."""
STOP_GRACE = 3.0
"""Seconds that a process may take to end."""

SessionHandler = Callable[["Instance", str, dict[str, Any], float], None]


class PluginError(Exception):
    """The plugin process did not come up; the message has what it wrote to stderr."""


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
            self._handle_line(line, batch.at)
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


class PluginRuntime:
    """Starts the plugin, starts it again when it dies, and hands out the running instance."""

    def __init__(self, config: Config, log: Log, on_session: SessionHandler) -> None:
        self._config = config
        self._log = log
        self._on_session = on_session
        self._current: Instance | None = None
        self._starting: Instance | None = None
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Process id of the instance that serves requests, if there is one."""
        return self._current.pid if self._current else None

    async def start(self) -> None:
        """Start the plugin and return at its first heartbeat.

        Raises:
            PluginError: it ended or stayed silent.
        """
        first = Instance(self._config, self._log, self._on_session)
        self._starting = first
        ready = asyncio.create_task(first.ready.wait())
        ended = asyncio.create_task(first.ended.wait())
        await asyncio.wait(
            (ready, ended),
            timeout=self._config.start_timeout,
            return_when=asyncio.FIRST_COMPLETED,
        )
        ready.cancel()
        ended.cancel()
        if not first.ready.is_set():
            first.kill()
            await first.reap()
            await asyncio.sleep(0.1)  # what it wrote last is still on its way
            output = "\n".join(first.stderr)
            raise PluginError(f"the plugin in {self._config.plugin} did not start:\n{output}")
        self._task = asyncio.create_task(self._keep_alive(first))

    async def _keep_alive(self, instance: Instance) -> None:
        failures = 0
        while True:
            self._starting = instance
            watch = asyncio.create_task(self._watch(instance))
            await instance.ended.wait()
            watch.cancel()
            self._current = None
            self._ready.clear()
            await instance.reap()
            failures = 0 if instance.ready.is_set() else failures + 1
            self._log.daemon(f"plugin process {instance.pid} has ended; starting another")
            await asyncio.sleep(RESTART_PAUSES[min(failures, len(RESTART_PAUSES) - 1)])
            self.restarts += 1
            instance = Instance(self._config, self._log, self._on_session)

    async def _watch(self, instance: Instance) -> None:
        await instance.ready.wait()
        if instance.ended.is_set():
            return
        self._current = instance
        self._ready.set()
        limit = self._config.limits.heartbeat_timeout
        while True:
            await asyncio.sleep(min(HEARTBEAT_CHECK, limit / 4))
            silent = time.monotonic() - instance.last_heartbeat
            if silent > limit:
                self._log.daemon(f"no heartbeat for {silent:.0f} s: the plugin is killed")
                instance.kill()
                return

    async def instance(self) -> Instance:
        """Give the running instance, waiting for one if need be.

        Raises:
            TimeoutError: there was none within the daemon's retry budget.
        """
        if self._current is None:
            async with asyncio.timeout(self._config.limits.write_retry_budget):
                while self._current is None:
                    await self._ready.wait()
                    await asyncio.sleep(0)
        return self._current

    async def stop(self) -> None:
        """End the plugin process and wait until it is gone."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for instance in {self._current, self._starting} - {None}:
            if instance is not None:
                instance.stdin.close()
                instance.kill()
                await instance.reap()
