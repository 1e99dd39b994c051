"""What the daemon would log, kept for tests and shown on the console."""

from __future__ import annotations

from collections.abc import Callable

SHOWN = 2000
"""Characters of a line that are kept."""
KEPT = 20_000
"""Entries of a record that are kept; a server that runs for days must not grow."""


def remember[T](record: list[T], entry: T) -> None:
    """Append to a record, dropping its older half when it is full."""
    if len(record) >= KEPT:
        del record[: KEPT // 2]
    record.append(entry)


class Log:
    """Collects the lines of the server and of the plugin."""

    def __init__(self, console: Callable[[str], None] | None) -> None:
        self._console = console
        self.plugin_lines: list[str] = []
        self.daemon_lines: list[str] = []
        self.bad_lines = 0

    def plugin(self, line: str) -> None:
        """Keep a log message or a stderr line of the plugin."""
        remember(self.plugin_lines, line[:SHOWN])
        self._show(f"[plugin] {line}")

    def daemon(self, line: str) -> None:
        """Keep something that the daemon would log itself."""
        remember(self.daemon_lines, line[:SHOWN])
        self._show(f"[daemon] {line}")

    def bad_line(self, line: bytes) -> None:
        """Count a line on the plugin's stdout that is no message: a `print()`, usually."""
        self.bad_lines += 1
        self.daemon(f"not a message on the plugin's stdout: {line[:SHOWN]!r}")

    def _show(self, line: str) -> None:
        if self._console is not None:
            self._console(line[:SHOWN])
