"""The request as the plugin sees it: rewritten by the daemon, written by Go's `Request.Write`.

The rules are those of the daemon's `internal/service/endpoint.go` and of Go's `net/http` and
`net/url`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a request body that the daemon reads; the rest is cut without a word."""

REMOVED_HEADERS = frozenset(
    {
        "X-Forwarded-For",
        "X-Real-Ip",
        "X-Forwarded",
        "X-Original-Forwarded-For",
        "X-Original-Url",
        "X-Original-Host",
    }
)
WRITTEN_APART = frozenset({"Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer"})
"""Headers that `Request.Write` writes itself, or not at all."""

METHODS_USUALLY_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})

PATH_SAFE = "$&+,/:;=@-_.~"
QUERY_SAFE = "-_.~"
HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request as it came in: header names in any case, the path still percent-encoded."""

    method: str
    hook: str
    raw_path: bytes
    raw_query: bytes
    headers: list[tuple[str, str]]
    body: bytes


def valid_escapes(raw: bytes) -> bool:
    """Tell whether every `%` begins two hexadecimal digits."""
    at = raw.find(b"%")
    while at >= 0:
        digits = raw[at + 1 : at + 3]
        if len(digits) != 2 or not HEX_DIGITS.issuperset(digits):
            return False
        at = raw.find(b"%", at + 3)
    return True


def canonical_header(name: str) -> str:
    """Spell a header name as Go does: `x-api-key` is `X-Api-Key`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def escape_path(path: bytes) -> str:
    """Percent-encode a decoded path as Go's `URL.EscapedPath` does."""
    return quote_from_bytes(path, safe=PATH_SAFE) or "/"


def encode_query(raw: bytes) -> str:
    """Decode and encode a query string as Go's `url.ParseQuery` and `Values.Encode` do.

    Names are sorted, the values of one name keep their order; pairs with a semicolon or with a
    bad percent escape are dropped.
    """
    values: dict[bytes, list[bytes]] = {}
    for pair in raw.split(b"&"):
        if not pair or b";" in pair or not valid_escapes(pair):
            continue
        name, _, value = pair.replace(b"+", b" ").partition(b"=")
        values.setdefault(unquote_to_bytes(name), []).append(unquote_to_bytes(value))
    return "&".join(
        f"{_query_escape(name)}={_query_escape(value)}"
        for name in sorted(values)
        for value in values[name]
    )


def _query_escape(value: bytes) -> str:
    return quote_from_bytes(value, safe=QUERY_SAFE + " ").replace(" ", "+")


def _grouped(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(canonical_header(name), []).append(value.strip(" \t"))
    return grouped


def raw_request(request: IncomingRequest) -> bytes:
    """Write the HTTP/1.1 text that the daemon hands to the plugin."""
    headers = _grouped(request.headers)
    host = (headers.get("X-Original-Host") or headers.get("Host") or [""])[0]
    forwarded_https = headers.get("X-Forwarded-Proto", [""])[0] == "https"
    path = unquote_to_bytes(request.raw_path) or b"/"
    for name in REMOVED_HEADERS:
        headers.pop(name, None)
    if headers.get("Pragma", [""])[0] == "no-cache":
        headers.setdefault("Cache-Control", ["no-cache"])  # Go's fixPragmaCacheControl
    headers["Dify-Hook-Id"] = [request.hook]
    if not headers.get("Dify-Hook-Url", [""])[0]:
        scheme = "https" if forwarded_https else "http"
        url = f"{scheme}://{host}/e/{request.hook}{path.decode('latin-1')}"
        headers["Dify-Hook-Url"] = [url]

    query = encode_query(request.raw_query)
    target = escape_path(path) + (f"?{query}" if query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    agent = headers.get("User-Agent", ["Go-http-client/1.1"])[0]
    if agent:
        lines.append(f"User-Agent: {agent}")
    body = request.body
    if body:
        lines.append(f"Content-Length: {len(body)}")
    elif request.method not in METHODS_USUALLY_WITHOUT_BODY:
        # The daemon wraps the body in a reader whose length 0 means "unknown" to Go.
        lines.append("Transfer-Encoding: chunked")
        body = b"0\r\n\r\n"
    for name in sorted(headers.keys() - WRITTEN_APART):
        lines.extend(f"{name}: {_one_line(value)}" for value in headers[name])
    head = "\r\n".join(lines) + "\r\n\r\n"
    # Header values travelled as latin-1 here and as bytes there.
    return head.encode("latin-1") + body


def _one_line(value: str) -> str:
    # Go trims ASCII alone; in latin-1 a no-break space may be the last byte of any letter.
    return value.replace("\n", " ").replace("\r", " ").strip(" \t")
