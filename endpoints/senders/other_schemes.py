"""Senders that prove who they are in a way of their own."""

import binascii
import hmac
from dataclasses import dataclass

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from endpoints.http.errors import InvalidSignature
from endpoints.senders.hmac_signature import as_bytes
from endpoints.senders.keys import PREFIX, KeyForm, UnusableSecret, decode_key
from endpoints.senders.received import Received

KEY_BYTES, SIGNATURE_BYTES = 32, 64
"""Of Ed25519 (RFC 8032, 5.1)."""


@dataclass(frozen=True, slots=True)
class SharedToken:
    """The secret itself stands in a header.

    Attributes:
        header: which one, in lower case.
        but_whsec: secrets that begin with `whsec_` are for another scheme.
    """

    header: str
    but_whsec: bool = False

    def key_of(self, secret: str) -> bytes | None:
        """The secret's bytes; None if it is no secret of this scheme."""
        if self.but_whsec and secret.startswith(PREFIX):
            return None
        return decode_key(secret, KeyForm.TEXT)

    def verify(self, received: Received, keys: tuple[bytes, ...], _now: float, /) -> None:
        """Let a delivery pass that holds one of the secrets.

        Raises:
            InvalidSignature: it does not.
        """
        presented = as_bytes(received.headers.get(self.header, ""))
        matches = [hmac.compare_digest(presented, key) for key in keys]
        if not any(matches):
            raise InvalidSignature(f"The header `{self.header}` does not hold the secret.")


@dataclass(frozen=True, slots=True)
class Ed25519:
    """A public key verifies; the "secret" is that key, in hex.

    Attributes:
        header: where the signature stands, in hex; the header's name in lower case.
        timestamp_header: what is signed before the body, likewise.
    """

    header: str
    timestamp_header: str

    def key_of(self, secret: str) -> bytes | None:
        """The public key.

        Raises:
            UnusableSecret: it is none.
        """
        key = decode_key(secret, KeyForm.HEX)
        if len(key) != KEY_BYTES:
            raise UnusableSecret("has to be the application's public key, 64 hexadecimal digits")
        return key

    def verify(self, received: Received, keys: tuple[bytes, ...], _now: float, /) -> None:
        """Let a delivery pass that the owner of one of the keys signed.

        Raises:
            InvalidSignature: in every other case, however malformed the headers are.
        """
        signed = as_bytes(received.headers.get(self.timestamp_header, "")) + received.body
        try:
            signature = binascii.unhexlify(received.headers.get(self.header, ""))
        except ValueError:
            signature = b""
        if len(signature) != SIGNATURE_BYTES or not any(
            _is_signed(key, signed, signature) for key in keys
        ):
            raise InvalidSignature(f"The signature in the header `{self.header}` is not valid.")


def _is_signed(key: bytes, signed: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(signed, signature)
    except (BadSignatureError, ValueError, RuntimeError):  # a key that is no point of the curve
        return False
    return True
