"""The one place where a request comes in and a response goes out: nothing else may.

The SDK makes a 404 of a ValueError and a 500 of anything else, both with the exception's text in
the body, so no exception leaves `answer`.
"""

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from endpoints.http.caller_watch import CallerLeft
from endpoints.http.capacity import CAPACITY, Slot
from endpoints.http.cors import add_cors_headers, preflight
from endpoints.http.errors import InternalError, ProxyError
from endpoints.http.exchange import Exchange, begin_exchange
from endpoints.http.logs import log_fault

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session


def answer(
    session: "Session",
    request: Request,
    raw_settings: Mapping[str, Any],
    handle: Callable[[Exchange], Response],
) -> Response:
    """Answer a request, whatever happens.

    Args:
        session: the session of the request.
        request: what the daemon passed on.
        raw_settings: the endpoint's settings as the daemon hands them over.
        handle: the route; it may raise.
    """
    # werkzeug has the environment hold the request that holds it; without this circle a body of
    # megabytes is freed with the last reference, not when the collector comes by
    request.environ.pop("werkzeug.request", None)
    exchange = begin_exchange(request, session)
    try:
        response = preflight(request, raw_settings)
        if response is None:
            response = _within_capacity(exchange, handle)
    except CallerLeft:
        response = Response(status=499)  # nobody reads it
    except ProxyError as error:
        response = error.response(exchange.request_id)
    except Exception as fault:
        log_fault(fault, exchange.request_id)
        response = InternalError().response(exchange.request_id)
    response.headers["X-Request-Id"] = exchange.request_id
    response.headers["Cache-Control"] = "no-store"
    add_cors_headers(response, request, raw_settings)
    return response


def _within_capacity(exchange: Exchange, handle: Callable[[Exchange], Response]) -> Response:
    slot = CAPACITY.take(exchange.endpoint_id)
    try:
        response = handle(exchange)
    except BaseException:
        # not left to the slot itself: the exception's traceback may keep it alive for long
        slot.release()
        raise
    if isinstance(response.response, Generator):
        response.response = _holding(slot, response.response)
        response.headers["X-Accel-Buffering"] = "no"
    else:
        slot.release()
    return response


def _holding(slot: Slot, chunks: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """A stream keeps its slot until its end. It has to be a generator: the SDK streams no other."""
    try:
        yield from chunks
    finally:
        slot.release()
