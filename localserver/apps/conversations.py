"""The conversations of a chat app, checked as Dify checks them."""

from __future__ import annotations

import uuid
from collections import OrderedDict

from localserver.apps.base import Call, DifyError
from localserver.apps.events import new_id

KEPT = 100_000
"""Conversations that are remembered; the oldest are forgotten first."""


class Conversations:
    """Remembers which conversations there are and how many turns each has had."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, int] = OrderedDict()

    def turn(self, call: Call) -> tuple[str, int]:
        """Begin a turn and give the conversation's id and the turn's number.

        Raises:
            DifyError: the id is no UUID, or no conversation has it.
        """
        number = call.conversation_id
        if not number:
            number = new_id()
            self._turns[number] = 0
            if len(self._turns) > KEPT:
                self._turns.popitem(last=False)
        else:
            try:
                number = str(uuid.UUID(number))
            except ValueError:
                raise DifyError.internal() from None
            if number not in self._turns:
                raise DifyError.invalid("")
        self._turns[number] += 1
        return number, self._turns[number]


def check_query(call: Call) -> None:
    """Refuse a chat without a query."""
    if not call.query:
        raise DifyError.invalid("missing query")
