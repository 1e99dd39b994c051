"""How many requests are under way, and when to refuse the next."""

from collections import Counter

from endpoints.http.errors import Overloaded

MAX_REQUESTS = 800
"""Requests at once in this process. The SDK runs 1,000 (`MAX_WORKER`) and lets the next one wait
without a word; the rest is kept for answering refusals."""

MAX_REQUESTS_OF_ENDPOINT = 400
"""Requests at once on one endpoint, so that none takes the process from all others."""


class Slot:
    """A place among the requests under way, freed by `release` or when nobody holds it any more."""

    def __init__(self, capacity: "Capacity", endpoint_id: str) -> None:
        self._capacity: Capacity | None = capacity
        self._endpoint_id = endpoint_id

    def release(self) -> None:
        """Free the place; further calls do nothing."""
        capacity, self._capacity = self._capacity, None
        if capacity is not None:
            capacity.free(self._endpoint_id)

    def __del__(self) -> None:
        # a stream that the SDK never begins to read runs no `finally`
        self.release()


class Capacity:
    """Counts the requests under way. Greenlets switch only where they wait, so no lock is needed.

    Args:
        of_process: requests at once in this process.
        of_endpoint: requests at once on one endpoint.
    """

    def __init__(self, of_process: int, of_endpoint: int) -> None:
        self._of_process = of_process
        self._of_endpoint = of_endpoint
        self._taken = 0
        self._taken_by: Counter[str] = Counter()

    def take(self, endpoint_id: str) -> Slot:
        """A slot for one request.

        Raises:
            Overloaded: as many requests as allowed are under way.
        """
        if self._taken >= self._of_process:
            raise Overloaded("Too many requests are under way in this plugin. Try again later.")
        if self._taken_by[endpoint_id] >= self._of_endpoint:
            raise Overloaded("Too many requests are under way on this endpoint. Try again later.")
        self._taken += 1
        self._taken_by[endpoint_id] += 1
        return Slot(self, endpoint_id)

    def free(self, endpoint_id: str) -> None:
        """Give one place of an endpoint back; only a slot calls this."""
        self._taken -= 1
        self._taken_by[endpoint_id] -= 1
        if not self._taken_by[endpoint_id]:
            del self._taken_by[endpoint_id]


CAPACITY = Capacity(MAX_REQUESTS, MAX_REQUESTS_OF_ENDPOINT)
"""Of this process: every route and every endpoint counts here."""
