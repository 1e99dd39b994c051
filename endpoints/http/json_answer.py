"""An answer that is one JSON text."""

from werkzeug import Response

from endpoints.http.exchange import Exchange
from endpoints.http.pace import Pace

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""An answer that is no stream goes out as one message up to here; in hex it is twice as long, and
the daemon's line has 5 MiB."""


def json_answer(data: bytes, exchange: Exchange) -> Response:
    """Answer with a JSON text, as one message if it fits.

    Args:
        data: the text.
        exchange: the request; its clock paces what has to be split.
    """
    if len(data) <= MAX_MESSAGE_BYTES:
        return Response(data, content_type="application/json")
    return Response(Pace(exchange.clock).send(data), content_type="application/json")
