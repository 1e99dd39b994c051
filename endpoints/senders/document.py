"""The document that expressions see."""

from typing import Any

from endpoints.http.encoding import encode_json
from endpoints.senders.mapping import name_in
from endpoints.senders.other_schemes import SharedToken
from endpoints.senders.received import Received
from endpoints.senders.webhook_setting import Webhook
from provider.apps import App
from provider.redelivery import digest_of

_CREDENTIALS = frozenset({"authorization", "x-api-key", "cookie"})
"""Headers that prove who sends: no expression may hand them on to an app."""


def make_document(received: Received, body: Any, app: App, webhook: Webhook) -> dict[str, Any]:
    """What is known of a delivery.

    Args:
        received: the delivery, verified.
        body: its payload, or one item of it.
        app: the app that it is for.
        webhook: what the endpoint's settings say.

    Returns:
        `body`, `headers` by name in lower case, `query`, `event` (or None), `delivery_id` and
        `app`, its name or else its id.
    """
    tokens = {scheme.header for scheme in webhook.sender.schemes if isinstance(scheme, SharedToken)}
    document: dict[str, Any] = {
        "body": body,
        "headers": {
            name: value
            for name, value in received.headers.items()
            if name not in _CREDENTIALS | tokens
        },
        "query": {name: value for name, value in received.query.items() if name != "api_key"},
        "event": None,
        "delivery_id": None,
        "app": app.name or app.app_id,
    }
    document["event"] = name_in(document, webhook.event)
    document["delivery_id"] = name_in(document, webhook.delivery_id) or _hash(
        received, body, webhook
    )
    return document


def _hash(received: Received, body: Any, webhook: Webhook) -> str:
    """Stands for the id of a delivery that has none."""
    content = received.body if webhook.sender.batch is None else encode_json(body)
    return digest_of(webhook.name, received.path, content).hex()
