"""Valid deliveries of every sender, as the verifier gets them; each test breaks one thing."""

from collections.abc import Mapping
from typing import Any

import yaml

from endpoints.senders.hmac_signature import HmacSignature
from endpoints.senders.other_schemes import Ed25519, SharedToken
from endpoints.senders.received import Received
from endpoints.senders.sender import Scheme
from endpoints.senders.webhook_setting import Webhook, parse_webhook
from localserver.config import DEFAULT_SETTINGS
from localserver.senders import PLAYED

NOW = 1_764_058_530.0
"""Seconds since the epoch."""

SECRETS: dict[str, str] = {
    str(settings["webhook_sender"]): str(settings["webhook_secret"])
    for settings in yaml.safe_load(DEFAULT_SETTINGS.read_text("utf-8"))["endpoints"].values()
    if "webhook_sender" in settings
}
"""Of the local server's endpoints, by sender."""

SIGNED = [name for name in PLAYED if name not in ("none", "telegram")]
"""Senders that sign the body; the others present a token."""


def webhook(name: str, secret: str | None = None, **settings: str) -> Webhook:
    """The settings of an endpoint."""
    return parse_webhook(
        name,
        SECRETS[name] if secret is None else secret,
        settings.get("generic", ""),
        settings.get("query", ""),
        settings.get("inputs", ""),
    )


def received(headers: Mapping[str, str], body: bytes, **more: Any) -> Received:
    """A delivery with these headers."""
    lower = {name.lower(): value for name, value in headers.items()}
    content_type = lower.get("content-type", "").partition(";")[0]
    given = {"method": "POST", "path": "/hooks/bot", "content_type": content_type, **more}
    return Received(headers=lower, body=body, **given)


def delivery(
    name: str, body: bytes | None = None, now: float = NOW, secret: str | None = None
) -> Received:
    """What a sender sends."""
    played = PLAYED[name]
    content = played.fresh(played.example if body is None else body, now)
    headers = played.headers(
        SECRETS[name] if secret is None else secret, content, now, delivery_id="delivery-1"
    )
    return received(headers, content)


def scheme_of(name: str) -> tuple[Scheme, tuple[bytes, ...]]:
    """The scheme that the local server's secret of a sender is for, with its keys."""
    return webhook(name).checks[0]


def signature_header(name: str) -> tuple[str, HmacSignature | None]:
    """Where a sender's signature stands, and its row if it is an HMAC."""
    scheme, _ = scheme_of(name)
    assert isinstance(scheme, HmacSignature | SharedToken | Ed25519)
    return scheme.header, scheme if isinstance(scheme, HmacSignature) else None
