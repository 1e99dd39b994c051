"""Whether a delivery is the sender's own, over its exact bytes and before anything is parsed."""

from endpoints.http.errors import InvalidSignature
from endpoints.senders.received import Received
from endpoints.senders.webhook_setting import Webhook


def verify(received: Received, webhook: Webhook, now: float) -> None:
    """Let a delivery pass that its sender signed about now, in one of the sender's ways.

    Args:
        received: the delivery.
        webhook: what the endpoint's settings say.
        now: seconds since the epoch.

    Raises:
        InvalidSignature: it is not the sender's; with the status that the sender understands.
    """
    refusal: InvalidSignature | None = None
    for scheme, keys in webhook.checks:
        try:
            scheme.verify(received, keys, now)
        except InvalidSignature as invalid:
            # what is said is said of the way whose headers are there
            if refusal is None or getattr(scheme, "header", "") in received.headers:
                refusal = invalid
        else:
            return
    refusal = refusal or InvalidSignature("The endpoint knows no secret of this sender.")
    raise refusal.with_status(webhook.sender.refused_with)
