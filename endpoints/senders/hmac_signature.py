"""The one verifier for every sender that signs with a shared secret: HMAC, RFC 2104."""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from endpoints.http.errors import InvalidSignature
from endpoints.senders.keys import PREFIX, KeyForm, decode_key
from endpoints.senders.received import Received
from endpoints.senders.timestamps import Source, Timestamp

MAX_HEADER_CHARACTERS = 4096
"""Of a signature's header: dozens of signatures."""

MAX_SIGNATURES = 32
"""In one header. A sender gives one for each secret while it rotates them."""

_PLACEHOLDER = re.compile(r"\{(body|ts|id|method|url)\}")


class Encoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class HmacSignature:
    """How one sender signs. Whoever knows these parameters has a row of the table.

    Attributes:
        header: where the signature stands, in lower case.
        prefix: what stands before each signature; parts without it are skipped.
        separator: what separates several parts; "" if the header is one signature.
        encoding: how a signature is written.
        signed: the signed text, with `{body}`, `{ts}` (the timestamp as it was sent), `{id}`,
            `{method}` and `{url}` in their places.
        timestamp: the signed time, or None if the sender signs none.
        id_header: the header for `{id}`, in lower case.
        key: how the sender writes its secrets.
        only_whsec: other secrets than those that begin with `whsec_` are not for this scheme.
        algorithm: the hash.
    """

    header: str
    prefix: str = ""
    separator: str = ""
    encoding: Encoding = Encoding.HEX
    signed: str = "{body}"
    timestamp: Timestamp | None = None
    id_header: str = ""
    key: KeyForm = KeyForm.TEXT
    only_whsec: bool = False
    algorithm: str = "sha256"

    def key_of(self, secret: str) -> bytes | None:
        """The key in a secret; None if it is no secret of this scheme.

        Raises:
            UnusableSecret: it can't be one.
        """
        if self.only_whsec and not secret.startswith(PREFIX):
            return None
        return decode_key(secret, self.key)

    def verify(self, received: Received, keys: tuple[bytes, ...], now: float) -> None:
        """Let a delivery pass that somebody who has one of the keys signed about now.

        Args:
            received: the delivery.
            keys: the keys of all valid secrets.
            now: seconds since the epoch.

        Raises:
            InvalidSignature: in every other case, however malformed the headers are.
        """
        parts = self._parts(received)
        sent_at = self._timestamp(received, parts)
        if self.timestamp is not None and self.timestamp.source is not Source.BODY:
            self.timestamp.check(sent_at, now)
        presented = list(self._signatures(parts))
        if not presented:
            raise InvalidSignature(f"The header `{self.header}` holds no signature.")
        expected = [self._digest(key, received, sent_at) for key in keys]
        # every pair is compared, so the time tells nothing about which one was right
        matches = [hmac.compare_digest(one, other) for one in presented for other in expected]
        if not any(matches):
            raise InvalidSignature(f"The signature in the header `{self.header}` is not valid.")
        if self.timestamp is not None and self.timestamp.source is Source.BODY:
            self.timestamp.check(self.timestamp.in_body(received.body), now)

    def _parts(self, received: Received) -> list[str]:
        value = received.headers.get(self.header, "")
        if not value or len(value) > MAX_HEADER_CHARACTERS:
            raise InvalidSignature(
                f"The delivery is not signed: the header `{self.header}` is missing or malformed."
            )
        return [part.strip() for part in value.split(self.separator)] if self.separator else [value]

    def _signatures(self, parts: list[str]) -> Iterator[bytes]:
        written = [part.removeprefix(self.prefix) for part in parts if part.startswith(self.prefix)]
        for text in written[:MAX_SIGNATURES]:
            try:
                if self.encoding is Encoding.HEX:
                    yield binascii.unhexlify(text)
                else:
                    yield b64decode(text, validate=True)
            except ValueError:  # binascii.Error is one, and so is what is not ASCII
                continue

    def _timestamp(self, received: Received, parts: list[str]) -> str:
        if self.timestamp is None or self.timestamp.source is Source.BODY:
            return ""
        if self.timestamp.source is Source.HEADER:
            return received.headers.get(self.timestamp.name, "")
        begin = self.timestamp.name + "="
        found = [part.removeprefix(begin) for part in parts if part.startswith(begin)]
        return found[0] if len(found) == 1 else ""

    def _digest(self, key: bytes, received: Received, sent_at: str) -> bytes:
        digest = hmac.new(key, digestmod=self.algorithm)
        for literal, placeholder in _template(self.signed):
            digest.update(literal)
            match placeholder:
                case "body":
                    digest.update(received.body)
                case "ts":
                    digest.update(as_bytes(sent_at))
                case "id":
                    digest.update(as_bytes(self._id(received)))
                case "method":
                    digest.update(as_bytes(received.method))
                case "url":
                    digest.update(as_bytes(_known_url(received)))
        return digest.digest()

    def _id(self, received: Received) -> str:
        delivery_id = received.headers.get(self.id_header, "")
        if not delivery_id:
            raise InvalidSignature(f"The header `{self.id_header}`, which is signed, is missing.")
        return delivery_id


@lru_cache(maxsize=64)
def _template(signed: str) -> tuple[tuple[bytes, str], ...]:
    """Literal and placeholder in turn; the last placeholder may be ""."""
    pieces = [*_PLACEHOLDER.split(signed), ""]
    return tuple(
        (literal.encode(), name) for literal, name in zip(pieces[::2], pieces[1::2], strict=True)
    )


def placeholders(signed: str) -> set[str]:
    """The names that a signed text has in braces."""
    return set(_PLACEHOLDER.findall(signed))


def _known_url(received: Received) -> str:
    if not received.url:
        raise InvalidSignature("The sender signs this endpoint's URL, which has to be set for it.")
    return received.url


def as_bytes(header: str) -> bytes:
    """A header's value as the bytes it was, whatever they were."""
    return header.encode("utf-8", "surrogatepass")


ALGORITHMS = frozenset({"sha1", "sha256", "sha384", "sha512"}) & hashlib.algorithms_guaranteed
"""Hashes that senders sign with."""
