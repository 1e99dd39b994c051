"""A plugin process, started as the daemon's local runtime starts it, and what it uses."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
COMPARISONS = Path(__file__).resolve().parent / "plugins"
TUNED_START = Path(__file__).resolve().parent / "tuned.py"

PIPE_BYTES = 1024 * 1024
"""Of each pipe, the most that Linux gives a user: neither side shall wait for the other."""

START_SECONDS = 60.0
STOP_SECONDS = 5.0

_ALL_THREADS = 2
"""The low bits of Linux's clock ids: the CPU time, in nanoseconds, of a process with its threads
(`CPUCLOCK_SCHED` in the kernel's `posix-timers_types.h`)."""


TUNED = "tuned "
"""Before the name of a comparison: with this plugin's own tuning of the SDK."""


def folder_of(plugin: str) -> Path:
    """Where a plugin lies: `relay` is this repository, the others are comparisons."""
    return REPOSITORY if plugin == "relay" else COMPARISONS / plugin.removeprefix(TUNED)


class PluginProcess:
    """A running plugin.

    Args:
        plugin: `relay`, or `floor`, `plain` or `empty`, these also with `tuned ` before them.

    Attributes:
        stdin: the pipe's file descriptor, which does not block.
        stdout: the same.
        startup_seconds: from the start of the process to its first heartbeat.
        rest: what came behind that heartbeat.
    """

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        environment = os.environ | {"INSTALL_METHOD": "local"}
        how = [str(TUNED_START)] if plugin.startswith(TUNED) else ["-m", "main"]
        started_at = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *how],
            cwd=folder_of(plugin),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.stdin = self._process.stdin.fileno()
        self.stdout = self._process.stdout.fileno()
        for pipe in (self.stdin, self.stdout):
            with contextlib.suppress(OSError):  # a system may grant a user less
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.rest = self._await_heartbeat()
        self.startup_seconds = time.perf_counter() - started_at
        os.set_blocking(self.stdin, False)
        os.set_blocking(self.stdout, False)

    def _await_heartbeat(self) -> bytes:
        received, give_up_at = b"", time.monotonic() + START_SECONDS
        while True:
            data = os.read(self.stdout, PIPE_BYTES)
            if not data or time.monotonic() > give_up_at:
                raise RuntimeError(f"the plugin `{self.plugin}` did not start")
            received += data
            lines = received.split(b"\n")
            for number, line in enumerate(lines[:-1]):
                if line.startswith(b'{"event":"heartbeat"'):
                    return b"\n".join(lines[number + 1 :])

    def cpu_ns(self) -> int:
        """CPU time used so far by all threads, user and system, in nanoseconds."""
        pid = self._process.pid
        return time.clock_gettime_ns((~pid << 3) | _ALL_THREADS)

    def rss_bytes(self) -> int:
        """Memory in use."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "PluginProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
