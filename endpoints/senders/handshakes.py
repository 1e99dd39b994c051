"""Requests by which a sender finds out that somebody is there, answered as each one wants it."""

import hmac
import re
from collections.abc import Mapping
from typing import Any

import orjson
from werkzeug import Response

from endpoints.http.errors import InvalidSignature
from endpoints.http.logs import logger
from endpoints.senders.hmac_signature import as_bytes
from endpoints.senders.received import Received

TEXT = "text/plain; charset=utf-8"

MAX_TOKEN_BODY_BYTES = 1024
"""Of Notion's request with a verification token; it has about a hundred."""

_NOTION_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")
"""Nothing else gets into the log."""

_DISCORD_PING, _DISCORD_EVENT_PING = 1, 0


def github(_received: Received, document: Mapping[str, Any]) -> Response | None:
    """`ping`, sent when a webhook is made (GitHub, "Webhook events and payloads")."""
    return Response(b"", content_type=TEXT) if document["event"] == "ping" else None


def slack(_received: Received, document: Mapping[str, Any]) -> Response | None:
    """`url_verification`: the challenge comes back (Slack, "url_verification event")."""
    body = document["body"]
    if not isinstance(body, dict) or body.get("type") != "url_verification":
        return None
    challenge = body.get("challenge")
    return Response(challenge, content_type=TEXT) if isinstance(challenge, str) else None


def discord(_received: Received, document: Mapping[str, Any]) -> Response | None:
    """Pings of both kinds (Discord, "Interactions overview" and "Webhook events").

    An interaction's ping has type 1, and so has a webhook event that is no ping; only the latter
    has an `event`.
    """
    body = document["body"]
    if not isinstance(body, dict) or isinstance(body.get("type"), bool):
        return None
    if body.get("type") == _DISCORD_PING and "event" not in body:
        return Response(b'{"type":1}', content_type="application/json")
    if body.get("type") == _DISCORD_EVENT_PING:
        return Response(status=204)
    return None


def meta(received: Received, keys: tuple[bytes, ...]) -> Response:
    """GET with a challenge (Meta, "Webhooks, Getting started").

    Raises:
        InvalidSignature: a 403; the verify token is none of the secrets.
    """
    presented = as_bytes(received.query.get("hub.verify_token", ""))
    matches = [hmac.compare_digest(presented, key) for key in keys]
    if not any(matches) or received.query.get("hub.mode") != "subscribe":
        raise InvalidSignature("`hub.verify_token` does not hold the secret.").with_status(403)
    challenge = received.query.get("hub.challenge", "")
    return Response(as_bytes(challenge), content_type=TEXT)


def notion(received: Received) -> Response | None:
    """The verification token, once, before there is a secret (Notion, "Webhooks, Verification").

    It is shown to the administrator and never trusted: anyone may send one.
    """
    if len(received.body) > MAX_TOKEN_BODY_BYTES:
        return None
    try:
        body = orjson.loads(received.body)
    except ValueError:
        return None
    if not isinstance(body, dict) or body.keys() != {"verification_token"}:
        return None
    token = body["verification_token"]
    if not isinstance(token, str) or not _NOTION_TOKEN.fullmatch(token):
        return None
    logger.warning(
        "Notion's verification token, as somebody sent it: %s - take it only if you are setting up "
        "the subscription now: put it into the setting webhook_secret and confirm it in Notion.",
        token,
    )
    return Response(b"", content_type=TEXT)
