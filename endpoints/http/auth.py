"""Who may call: a key in a header, or in the query where the administrator allows it."""

from collections.abc import Iterator
from hmac import compare_digest

from werkzeug import Request

from endpoints.http.errors import Unauthorized
from endpoints.http.settings import KeyLocation, Settings


def authenticate(request: Request, settings: Settings) -> None:
    """Let a request pass that presents a valid key.

    Raises:
        Unauthorized: no key, or none that is valid.
    """
    if settings.key_location is KeyLocation.NONE:
        return
    presented = list(_presented_keys(request, settings.key_location))
    # every pair is compared, so the time tells nothing about which key or place was right
    valid = [compare_digest(key, known) for key in presented for known in settings.api_keys]
    if not any(valid):
        raise Unauthorized(
            "A valid key is needed: send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`."
        )


def _presented_keys(request: Request, location: KeyLocation) -> Iterator[bytes]:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":  # RFC 9110, 11.1: schemes are case-insensitive
        yield _as_bytes(token)
    yield _as_bytes(request.headers.get("X-API-Key", ""))
    if location is KeyLocation.HEADER_OR_QUERY:
        yield _as_bytes(request.args.get("api_key", ""))


def _as_bytes(key: str) -> bytes:
    return key.strip().encode("utf-8", "surrogateescape")
