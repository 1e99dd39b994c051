"""An answer that is no stream."""

from werkzeug import Response

from endpoints.http.exchange import Exchange
from endpoints.http.pace import Pace

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""An answer that is no stream goes out as one message up to here; in hex it is twice as long, and
the daemon's line has 5 MiB."""


def whole_answer(
    data: bytes, exchange: Exchange, content_type: str = "application/json"
) -> Response:
    """An answer that is no stream, as one message if it fits.

    Args:
        data: all of it.
        exchange: the request; its clock paces what has to be split.
        content_type: what it is.
    """
    if len(data) <= MAX_MESSAGE_BYTES:
        return Response(data, content_type=content_type)
    return Response(Pace(exchange.clock).send(data), content_type=content_type)
