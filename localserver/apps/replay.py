"""An app that plays a recorded stream, event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from localserver.apps.base import Call, DifyError, Event
from localserver.apps.forms import field, parameters, text_field


class ReplayApp:
    """Plays the capture named by its input `file`, `pace` seconds from one event to the next."""

    headers_at_once = True

    def form(self) -> Event:
        """The capture, and how fast it is played."""
        pace = field("number", "pace", required=False)
        return parameters([text_field("text-input", "file", 256), pace])

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Play the capture.

        Raises:
            DifyError: the capture is an error body, or there is none of that name.
        """
        path = _find(call)
        if path.name.endswith(".body.json"):
            text = path.read_text("utf-8")
            raise DifyError(int(json.loads(text)["status"]), text)
        pace = float(call.inputs.get("pace") or 0)
        # Only "\n" ends a line: texts may hold U+2028 and U+0085.
        for number, line in enumerate(path.read_text("utf-8").split("\n")):
            if line.strip():
                await asyncio.sleep(pace if number else 0)
                event: Event = json.loads(line)
                yield event


def _find(call: Call) -> Path:
    name = str(call.inputs.get("file") or "")
    root = call.captures.resolve()
    path = (root / name).resolve()
    if not name or not path.is_relative_to(root) or not path.is_file():
        raise DifyError.invalid(f"file is required in input form: no capture {name!r}")
    return path
