"""A delivery as it arrived, before anything in it is believed or parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug import Request

from endpoints.http.body import EMPTY_CHUNKED_BODY
from endpoints.http.errors import PayloadTooLarge, UnsupportedMediaType

MAX_DELIVERY_BYTES = 4 * 1024 * 1024
"""Of one delivery. More would not fit a run by default (4.5 MiB, with what stands around it), and
would stall every stream of the process while it is hashed and parsed. The daemon cuts bodies at
10 MiB without a word: none of those gets so far that its signature is computed."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a sender sent.

    Attributes:
        method: of the request.
        path: of the request, below the endpoint's URL.
        headers: by name in lower case; of a repeated one the last value (so does Dify's SDK).
        body: the exact bytes.
        content_type: the media type in lower case, without parameters.
        query: the query's parameters; of a repeated one the first value.
        url: the endpoint's public URL with path and query, for senders that sign it; "" if the
            endpoint does not know it.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str = ""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = field(default="", repr=False)


def read_delivery(request: Request) -> Received:
    """Take a delivery off a request, unparsed.

    Raises:
        PayloadTooLarge: it is too large, or the daemon cut it.
        UnsupportedMediaType: it is compressed, so the signed bytes are not those at hand.
    """
    body = request.get_data(cache=False)
    if len(body) > MAX_DELIVERY_BYTES:
        raise PayloadTooLarge(f"A delivery may have {MAX_DELIVERY_BYTES:,} bytes (4 MiB).")
    if body == EMPTY_CHUNKED_BODY:
        body = b""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("Send the body uncompressed, without `Content-Encoding`.")
    return Received(
        method=request.method,
        path=request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        content_type=request.mimetype,
        query=request.args.to_dict(),
    )
