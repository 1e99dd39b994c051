"""How many events the process has read, of all streams together."""


class Traffic:
    """A count that tells whether the process has a backlog to read.

    Attributes:
        events: read since the process began.
    """

    __slots__ = ("events",)

    def __init__(self) -> None:
        self.events = 0


TRAFFIC = Traffic()
"""Of this process."""
