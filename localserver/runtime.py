"""The plugin process, kept alive as the daemon's local runtime keeps it."""

from __future__ import annotations

import asyncio
import contextlib
import time

from localserver.config import Config
from localserver.instance import Instance, SessionHandler
from localserver.log import Log

HEARTBEAT_CHECK = 30.0
"""Seconds between two looks at the heartbeat."""
RESTART_PAUSES = (0.0, 0.3, 1.0, 2.0, 5.0)
"""Seconds before a process is started again, by how many died without a heartbeat."""


class PluginError(Exception):
    """The plugin process did not come up; the message has what it wrote to stderr."""


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
