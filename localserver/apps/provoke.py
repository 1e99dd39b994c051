"""Words in a query that make a demo app do what can go wrong with a real one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from localserver.apps.base import Call, DifyError, RunError

WORDS: dict[str, str] = {
    "error-first": "Dify refuses the run: an HTTP 400",
    "dify-500": "Dify fails: an HTTP 500",
    "rate-limit": "Dify refuses the run: an HTTP 429",
    "error-event": "the first event is an error event",
    "error-mid": "an error event after half of the answer",
    "exception-mid": "an exception inside Dify after half of the answer",
    "fail": "the run fails after half of the answer (a workflow: status failed)",
    "stop": "the stream just ends after half of the answer",
    "silence": "35 s of silence after half of the answer; !silence=5 for 5 s",
    "huge": "one event of 3 MB; !huge=N for N bytes",
    "burst": "5,000 events as fast as possible; !burst=N for N events",
    "moderation": "the answer is replaced after it was written (message_replace)",
}
SILENCE_SECONDS = 35.0
HUGE_BYTES = 3_000_000
BURST_EVENTS = 5_000
YIELD_EVERY = 50
"""Events of a burst after which the other streams get their turn."""

_WORD = re.compile(r"!(" + "|".join(WORDS) + r")(?:=(\d+(?:\.\d+)?))?(?![\w-])")


class ErrorEvent(Exception):
    """The app sends an error event and ends."""


class FailedRun(Exception):
    """The run fails; the message is the reason."""


class Stopped(Exception):
    """The stream ends without a terminal event."""


class Provocation:
    """The provoking word of a text, if there is one."""

    def __init__(self, text: str) -> None:
        found = _WORD.search(text)
        self.word = found[1] if found else ""
        self.number = float(found[2]) if found and found[2] else None

    def before(self) -> None:
        """What happens before the first event.

        Raises:
            DifyError: the word is one that Dify answers with an HTTP error.
        """
        if self.word == "error-first":
            raise DifyError.invalid("Run failed: refused, as the query asked")
        if self.word == "dify-500":
            raise DifyError.internal()
        if self.word == "rate-limit":
            body = {"code": "rate_limit_error", "message": "Rate Limit Error", "status": 429}
            raise DifyError(429, body)

    def first(self) -> None:
        """What happens in place of the first event."""
        if self.word == "error-event":
            raise ErrorEvent

    async def middle(self) -> AsyncIterator[str]:
        """What happens after half of the answer; texts that come in between."""
        match self.word:
            case "silence":
                await asyncio.sleep(SILENCE_SECONDS if self.number is None else self.number)
            case "huge":
                yield "x" * int(self.number or HUGE_BYTES)
            case "burst":
                for number in range(int(self.number or BURST_EVENTS)):
                    if number % YIELD_EVERY == 0:
                        await asyncio.sleep(0)
                    yield f"{number} "
            case "error-mid":
                raise ErrorEvent
            case "exception-mid":
                raise RunError("the model's connection broke, as the query asked")
            case "fail":
                raise FailedRun("[models] Server Unavailable Error, as the query asked")
            case "stop":
                raise Stopped


async def tokens(text: str, call: Call, provocation: Provocation) -> AsyncIterator[str]:
    """Give a text word by word at the pace of a model, with what was provoked in its middle."""
    words = re.findall(r"\S+\s*|\s+", text)
    for number, word in enumerate(words):
        if number == (len(words) + 1) // 2:
            async for extra in provocation.middle():
                yield extra
        if call.clock.pace:
            await asyncio.sleep(call.clock.pace)
        yield word
    if len(words) < 2:
        async for extra in provocation.middle():
            yield extra
