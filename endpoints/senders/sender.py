"""A row of the table of senders: all that the plugin knows of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from werkzeug import Response

from endpoints.senders.received import Received


class Scheme(Protocol):
    """How a sender proves that a delivery is its own."""

    def key_of(self, secret: str) -> bytes | None:
        """The key in a secret of the settings; None if it is for another scheme of the sender.

        Raises:
            UnusableSecret: it can't be one.
        """

    def verify(self, received: Received, keys: tuple[bytes, ...], now: float, /) -> None:
        """Let a delivery pass that was made with one of the keys.

        Raises:
            InvalidSignature: in every other case.
        """


class Answer(StrEnum):
    """What a sender makes of the answer."""

    BY_ACCEPT = "by accept"
    """Nothing, or what its caller asked for."""
    EMPTY = "empty"
    """It would act on what stands in the answer, so nothing does."""
    INTERACTION = "interaction"
    """Discord shows the message in it to whoever gave the command."""


type Handshake = Callable[[Received, Mapping[str, Any]], Response | None]
"""Answers a delivery that carries no work, from the delivery and its mapping document; None if the
delivery is another one."""

type Split = Mapping[str, "Split"]
"""The lists of a batch: name of a field -> the fields below it. `{"entry": {"changes": {}}}` says
that each item of each `changes` of each `entry` is an item of its own."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender. Expressions are JMESPath over the mapping document (see `document`).

    Attributes:
        schemes: how it signs; several if it has several ways. None: an API key is asked for.
        event: expression for the event's name.
        delivery_id: expression for what stays the same when a delivery is sent again.
        query: expression for the human text.
        batch: the lists of items that are run one by one, or None.
        unsigned: a handshake that comes before there is a secret.
        handshake: deliveries that are answered and not run, once they are verified.
        challenge: the handshake by GET, from the query and the keys, or None.
        answer: what the sender makes of the answer.
        refused_with: the status for a bad signature.
    """

    schemes: tuple[Scheme, ...] = ()
    event: str = "null"
    delivery_id: str = "null"
    query: str = "event"
    batch: Split | None = None
    unsigned: Callable[[Received], Response | None] | None = None
    handshake: Handshake | None = None
    challenge: Callable[[Received, tuple[bytes, ...]], Response] | None = None
    answer: Answer = Answer.BY_ACCEPT
    refused_with: int = 401
