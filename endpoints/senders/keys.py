"""What an administrator pastes as a secret, as the bytes that a signature is computed with."""

import binascii
from base64 import b64decode
from enum import StrEnum

PREFIX = "whsec_"
"""Before the base64 of a Standard Webhooks secret (its specification, "Signature scheme")."""


class UnusableSecret(Exception):
    """A secret has not the form that the sender's secrets have; the message says which."""


class KeyForm(StrEnum):
    """How a secret is written."""

    TEXT = "text"
    """The secret's own characters, in UTF-8."""
    WHSEC = "whsec"
    """base64, behind `whsec_` or bare."""
    HEX = "hex"
    BASE64 = "base64"


def decode_key(secret: str, form: KeyForm) -> bytes:
    """The key in a secret.

    Raises:
        UnusableSecret: it does not have that form, or is empty.
    """
    try:
        key = _decode(secret, form)
    except (binascii.Error, ValueError):
        raise UnusableSecret(f"holds a secret that is not {_WRITTEN[form]}") from None
    if not key:
        raise UnusableSecret("holds an empty secret")
    return key


_WRITTEN = {
    KeyForm.TEXT: "Unicode text",
    KeyForm.WHSEC: f"`{PREFIX}` and base64",
    KeyForm.HEX: "hexadecimal",
    KeyForm.BASE64: "base64",
}


def _decode(secret: str, form: KeyForm) -> bytes:
    match form:
        case KeyForm.TEXT:
            return secret.encode()
        case KeyForm.HEX:
            return binascii.unhexlify(secret)
        case KeyForm.WHSEC:
            return b64decode(secret.removeprefix(PREFIX), validate=True)
        case KeyForm.BASE64:
            return b64decode(secret, validate=True)
