"""An app that plays exactly what the test writes into its input `script`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from localserver.apps.base import Call, DifyError, Event, SentError
from localserver.apps.forms import parameters, text_field

YIELD_EVERY = 50
"""Events without a pause after which the other streams get their turn."""


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, dict):
        return {key: _numbered(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item, number) for item in value]
    return value


class ScriptApp:
    """Plays `event`, `repeat`, `sleep`, `raise`, `http_error` and `hang` steps in order."""

    headers_at_once = True

    def form(self) -> Event:
        """One input, the script."""
        return parameters([text_field("paragraph", "script", 1_000_000)])

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Play the script.

        Raises:
            DifyError: the script is none, or an `http_error` step was reached.
            SentError: a `raise` step was reached.
        """
        for step in _parse(call.inputs.get("script")):
            if "event" in step:
                async for event in _repeated(step):
                    yield event
            elif "sleep" in step:
                await asyncio.sleep(float(step["sleep"]))
            elif "raise" in step:
                raise SentError(str(step["raise"]))
            elif "http_error" in step:
                error = step["http_error"]
                raise DifyError(int(error["status"]), error.get("body", {}))
            elif step.get("hang"):
                await asyncio.Event().wait()
            else:
                raise DifyError.invalid(f"unknown step in script: {json.dumps(step)}")


def _parse(script: Any) -> list[dict[str, Any]]:
    try:
        steps = json.loads(script) if isinstance(script, str) else script
    except json.JSONDecodeError as error:
        raise DifyError.invalid(f"script: {error}") from error
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise DifyError.invalid("script is required in input form: a list of steps")
    return steps


async def _repeated(step: dict[str, Any]) -> AsyncIterator[Event]:
    times = int(step.get("repeat", 1))
    every = float(step.get("every", 0))
    numbered = "repeat" in step and "{n}" in json.dumps(step["event"])
    for number in range(times):
        if number and every:
            await asyncio.sleep(every)
        elif number and number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        yield _numbered(step["event"], number) if numbered else step["event"]
