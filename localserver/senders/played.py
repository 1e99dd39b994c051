"""What each sender sends: an example, its ids, how it is signed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localserver.senders import signing
from localserver.senders.signing import Headers, Outgoing

EXAMPLES = Path(__file__).with_name("examples")


@dataclass(frozen=True, slots=True)
class Played:
    """A sender.

    Attributes:
        name: as in the setting `webhook_sender`.
        sign: makes its headers.
        id_path: where its deliveries' ids stand in the body; empty if in a header.
        time_path: where the body has the time in milliseconds, likewise.
    """

    name: str
    sign: Callable[[Outgoing], Headers]
    id_path: tuple[str | int, ...] = ()
    time_path: tuple[str | int, ...] = ()

    @property
    def example(self) -> bytes:
        """A payload as the sender makes it."""
        return (EXAMPLES / f"{self.name}.json").read_bytes()

    def timed(self, body: bytes, now: float | None = None) -> bytes:
        """The same payload as it is sent now, or at another time (seconds since the epoch)."""
        if not self.time_path:
            return body
        milliseconds = int((time.time() if now is None else now) * 1000)
        return _replaced(body, self.time_path, lambda _: milliseconds)

    def fresh(self, body: bytes, now: float | None = None) -> bytes:
        """The same payload as a new delivery: with an id, and a time, of its own."""
        body = self.timed(body, now)
        return _replaced(body, self.id_path, _another) if self.id_path else body

    def headers(
        self, secret: str, body: bytes, now: float | None = None, delivery_id: str = ""
    ) -> Headers:
        """The headers of a delivery.

        Args:
            secret: as it is pasted into the settings.
            body: the exact bytes.
            now: seconds since the epoch; None for now.
            delivery_id: for senders that have it in a header; "" for a new one.
        """
        moment = time.time() if now is None else now
        outgoing = Outgoing(secret, body, moment, delivery_id or str(uuid.uuid4()))
        return {"Content-Type": _content_type(body), **self.sign(outgoing)}


def _content_type(body: bytes) -> str:
    is_json = body.lstrip()[:1] in (b"{", b"[")
    return "application/json" if is_json else "application/x-www-form-urlencoded"


def _another(old: Any) -> Any:
    if isinstance(old, int):
        return old + uuid.uuid4().int % 1_000_000_000 + 1
    return f"{old}-{uuid.uuid4().hex[:12]}"


def _replaced(body: bytes, path: tuple[str | int, ...], new: Callable[[Any], Any]) -> bytes:
    """The body with another value at a path, and every other byte as it was."""
    try:
        old = json.loads(body)
        for step in path:
            old = old[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return body
    return body.replace(json.dumps(old).encode(), json.dumps(new(old)).encode(), 1)


PLAYED = {
    played.name: played
    for played in (
        Played("none", signing.unsigned),
        Played("generic", signing.generic),
        Played("standard-webhooks", signing.standard_webhooks),
        Played("github", signing.github),
        Played("gitlab", signing.gitlab),
        Played("bitbucket", signing.bitbucket),
        Played("slack", signing.slack, id_path=("event_id",)),
        Played("stripe", signing.stripe, id_path=("id",)),
        Played("shopify", signing.shopify),
        Played("discord", signing.discord, id_path=("id",)),
        Played("telegram", signing.telegram, id_path=("update_id",)),
        Played("line", signing.line, id_path=("events", 0, "webhookEventId")),
        Played(
            "meta",
            signing.meta,
            id_path=("entry", 0, "changes", 0, "value", "messages", 0, "id"),
        ),
        Played("linear", signing.linear, time_path=("webhookTimestamp",)),
        Played("notion", signing.notion, id_path=("id",)),
        Played("typeform", signing.typeform, id_path=("event_id",)),
        Played("pagerduty", signing.pagerduty, id_path=("event", "id")),
    )
}
"""By name."""
