"""The headers that each sender puts on a delivery."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

from nacl.signing import SigningKey

DISCORD_SEED = bytes(range(32))
"""The private key of the public key `03a107bf...`, which anybody may know."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery about to be signed: the secret as it is pasted, the exact body, seconds since the
    epoch, and the id for senders that have it in a header."""

    secret: str
    body: bytes
    now: float
    id: str

    @property
    def seconds(self) -> str:
        """The time as most senders write it."""
        return str(int(self.now))

    def hmac(self, signed: bytes, key: bytes | None = None) -> bytes:
        """HMAC-SHA256 with the secret, or with another key."""
        return hmac.new(key or self.secret.encode(), signed, hashlib.sha256).digest()

    def field(self, name: str) -> str:
        """A text in the JSON body, "" if there is none."""
        try:
            value = json.loads(self.body)[name]
        except (ValueError, KeyError, TypeError):
            return ""
        return value if isinstance(value, str) else ""


Headers = dict[str, str]


def unsigned(out: Outgoing) -> Headers:
    """An API key instead of a signature."""
    return {"Authorization": f"Bearer {out.secret}", "Idempotency-Key": out.id}


def generic(out: Outgoing) -> Headers:
    """The plugin's own default for senders that it does not know."""
    signature = "sha256=" + out.hmac(out.body).hex()
    return {"X-Signature-256": signature, "X-Delivery-Id": out.id}


def standard_webhooks(out: Outgoing) -> Headers:
    """standardwebhooks.com, its specification."""
    key = b64decode(out.secret.removeprefix("whsec_"))
    signed = f"{out.id}.{out.seconds}.".encode() + out.body
    return {
        "webhook-id": out.id,
        "webhook-timestamp": out.seconds,
        "webhook-signature": "v1," + b64encode(out.hmac(signed, key)).decode(),
    }


def github(out: Outgoing) -> Headers:
    """docs.github.com, "Validating webhook deliveries"."""
    event = "issue_comment" if b'"comment"' in out.body else "push"
    return {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": out.id,
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": "sha256=" + out.hmac(out.body).hex(),
    }


def gitlab(out: Outgoing) -> Headers:
    """docs.gitlab.com, "Webhooks": a signing token if it is one, else the secret token."""
    common = {"X-Gitlab-Event": "Note Hook", "Idempotency-Key": out.id}
    if out.secret.startswith("whsec_"):
        return common | standard_webhooks(out)
    return common | {"X-Gitlab-Token": out.secret}


def bitbucket(out: Outgoing) -> Headers:
    """support.atlassian.com, "Manage webhooks"."""
    return {
        "X-Event-Key": "pullrequest:comment_created",
        "X-Request-UUID": out.id,
        "X-Hub-Signature": "sha256=" + out.hmac(out.body).hex(),
    }


def slack(out: Outgoing) -> Headers:
    """docs.slack.dev, "Verifying requests from Slack"."""
    signed = f"v0:{out.seconds}:".encode() + out.body
    return {
        "X-Slack-Request-Timestamp": out.seconds,
        "X-Slack-Signature": "v0=" + out.hmac(signed).hex(),
    }


def stripe(out: Outgoing) -> Headers:
    """docs.stripe.com, "Verify webhook signatures manually"."""
    signature = out.hmac(f"{out.seconds}.".encode() + out.body).hex()
    return {"Stripe-Signature": f"t={out.seconds},v1={signature},v0={'0' * 64}"}


def shopify(out: Outgoing) -> Headers:
    """shopify.dev, "Deliver webhooks through HTTPS"."""
    return {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": out.id,
        "X-Shopify-Shop-Domain": "a-shop.myshopify.com",
        "X-Shopify-Hmac-SHA256": b64encode(out.hmac(out.body)).decode(),
    }


def discord(out: Outgoing) -> Headers:
    """docs.discord.com, "Interactions overview"; the secret is only the public key."""
    signature = SigningKey(DISCORD_SEED).sign(out.seconds.encode() + out.body).signature
    return {"X-Signature-Ed25519": signature.hex(), "X-Signature-Timestamp": out.seconds}


def telegram(out: Outgoing) -> Headers:
    """core.telegram.org, `setWebhook`."""
    return {"X-Telegram-Bot-Api-Secret-Token": out.secret}


def line(out: Outgoing) -> Headers:
    """developers.line.biz, "Verify webhook signature"."""
    return {"X-Line-Signature": b64encode(out.hmac(out.body)).decode()}


def meta(out: Outgoing) -> Headers:
    """developers.facebook.com, "Webhooks"."""
    return {"X-Hub-Signature-256": "sha256=" + out.hmac(out.body).hex()}


def linear(out: Outgoing) -> Headers:
    """linear.app/developers/webhooks."""
    return {
        "Linear-Delivery": out.id,
        "Linear-Event": out.field("type"),
        "Linear-Signature": out.hmac(out.body).hex(),
    }


def notion(out: Outgoing) -> Headers:
    """developers.notion.com, "Webhooks"."""
    return {"X-Notion-Signature": "sha256=" + out.hmac(out.body).hex()}


def typeform(out: Outgoing) -> Headers:
    """typeform.com/developers, "Secure your webhooks"."""
    return {"Typeform-Signature": "sha256=" + b64encode(out.hmac(out.body)).decode()}


def pagerduty(out: Outgoing) -> Headers:
    """developer.pagerduty.com, "Verifying webhook signatures": one signature for each secret."""
    return {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={out.hmac(out.body).hex()}"}
