"""The conversations of a chat app, checked as Dify checks them."""

from __future__ import annotations

import uuid
from collections import OrderedDict

from localserver.apps.base import Call, DifyError
from localserver.apps.events import new_id

KEPT = 100_000
"""Conversations that are remembered; the oldest are forgotten first."""


class UnknownConversation(DifyError):
    """There is no such conversation, or it is another user's; the text is the inner API's."""

    def __init__(self) -> None:
        """Answer as the inner API does, with an empty message."""
        super().__init__(400, {"code": "invalid_param", "message": "", "status": 400})


class Conversations:
    """Remembers whose conversations there are and how many turns each has had."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def turn(self, call: Call) -> tuple[str, int]:
        """Begin a turn and give the conversation's id and the turn's number.

        Raises:
            DifyError: the id is no UUID, or no conversation of this user has it.
        """
        if not call.conversation_id:
            number, turns = new_id(), 0
            if len(self._turns) >= KEPT:
                self._turns.popitem(last=False)
        else:
            try:
                number = str(uuid.UUID(call.conversation_id))
            except ValueError:
                raise DifyError.internal() from None
            owner, turns = self._turns.get(number, (None, 0))
            if owner != call.end_user:
                raise UnknownConversation
        self._turns[number] = (call.end_user, turns + 1)
        return number, turns + 1


def check_query(call: Call) -> None:
    """Refuse a chat without a query."""
    if not call.query:
        raise DifyError.invalid("missing query")
