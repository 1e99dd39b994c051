"""The route of deliveries: answer handshakes, verify, hand over to the app."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from endpoints.http.auth import authenticate
from endpoints.http.boundary import answer
from endpoints.http.errors import MethodNotAllowed
from endpoints.http.exchange import Exchange
from endpoints.http.settings import Settings, parse_settings
from endpoints.senders.delivery import Delivery
from endpoints.senders.received import Received, read_delivery
from endpoints.senders.verification import verify

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session


def receive(
    session: "Session", request: Request, raw_settings: Mapping[str, Any], name: str
) -> Response:
    """Take a delivery and run an app on it, or answer a sender's handshake.

    Args:
        session: the session of the request.
        request: the request, POST or GET.
        raw_settings: the endpoint's settings as the daemon hands them over.
        name: the app in the path, a name or an id.
    """

    def handle(exchange: Exchange) -> Response:
        settings = parse_settings(raw_settings)
        received = read_delivery(request)
        if request.method != "POST":
            return _challenged(received, settings, name)
        webhook = settings.webhook
        unsigned = webhook.sender.unsigned
        if unsigned is not None and (shaken := unsigned(received)) is not None:
            return shaken
        if webhook.checks:
            verify(received, webhook, time.time())
        else:
            authenticate(request, settings)
        return Delivery(exchange, settings, received, settings.apps.resolve(name)).answer()

    return answer(session, request, raw_settings, handle)


def _challenged(received: Received, settings: Settings, name: str) -> Response:
    """A handshake by GET.

    Raises:
        MethodNotAllowed: this sender has none.
        InvalidSignature: whoever asks does not know the secret.
    """
    challenge = settings.webhook.sender.challenge
    if challenge is None:
        raise MethodNotAllowed("Deliveries are posted.", "OPTIONS, POST")
    response = challenge(received, settings.webhook.keys)
    settings.apps.resolve(name)
    return response
