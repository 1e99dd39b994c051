"""A verified delivery on its way: parse, answer a handshake, map, note, run, answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug import Response

from endpoints.http.encoding import encode_json
from endpoints.http.errors import AppTimeout, PayloadTooLarge, ProxyError
from endpoints.http.exchange import Exchange
from endpoints.http.run import Run, caller_left, way_to
from endpoints.http.settings import Settings
from endpoints.http.whole_answer import whole_answer
from endpoints.senders.answers import (
    Output,
    acknowledged,
    answer_run,
    as_delivery_failure,
    raise_if_failed,
    selected,
    wanted_output,
)
from endpoints.senders.batches import MAX_ITEMS, count_items, split
from endpoints.senders.document import make_document
from endpoints.senders.mapping import Mapped, map_delivery
from endpoints.senders.payload import parse_payload
from endpoints.senders.received import Received
from endpoints.senders.storage import SessionStorage
from endpoints.senders.webhook_setting import Webhook
from provider.apps import App
from provider.call import Call, Kind
from provider.redelivery import Claim, Deliveries


class Delivery:
    """A verified delivery.

    Args:
        exchange: the request.
        settings: of the endpoint.
        received: the delivery.
        app: the app that it is for.
    """

    def __init__(
        self, exchange: Exchange, settings: Settings, received: Received, app: App
    ) -> None:
        self._exchange = exchange
        self._settings = settings
        self._webhook: Webhook = settings.webhook
        self._received = received
        self._app = app
        self._output = wanted_output(exchange.request)
        self._deliveries = Deliveries(
            SessionStorage(exchange.session), exchange.endpoint_id, time.time
        )

    def answer(self) -> Response:
        """Answer the handshake in it, or run the app on each of its items."""
        body = parse_payload(self._received)
        sender = self._webhook.sender
        if sender.handshake is not None:
            shaken = sender.handshake(self._received, self._document(body))
            if shaken is not None:
                return shaken
        number = count_items(body, sender.batch)
        if number > MAX_ITEMS:
            raise PayloadTooLarge(f"A delivery may bring {MAX_ITEMS:,} items.")
        items = split(body, sender.batch)
        if number == 0:
            return acknowledged("skipped")
        return self._answer_one(next(items)) if number == 1 else self._answer_all(items)

    def _document(self, body: Any) -> dict[str, Any]:
        return make_document(self._received, body, self._app, self._webhook)

    def _mapped(self, body: Any) -> tuple[Mapped | None, str]:
        document = self._document(body)
        mapped = map_delivery(document, self._webhook.query, self._webhook.inputs)
        return mapped, document["delivery_id"]

    def _claim(self, delivery_id: str) -> Claim | None:
        return self._deliveries.claim(self._webhook.name, self._app.app_id, delivery_id)

    def _run(self, mapped: Mapped) -> Run:
        way = way_to(self._app, self._exchange.session, self._settings)
        return Run(self._exchange, way, Call(Kind.ANY, self._app, mapped.query, mapped.inputs))

    def _answer_one(self, body: Any) -> Response:
        mapped, delivery_id = self._mapped(body)
        if mapped is None:
            return acknowledged("skipped")
        claim = self._claim(delivery_id)
        if claim is None:
            return acknowledged("duplicate")
        with _released_on_failure(claim):
            manner = self._webhook.sender.answer
            return answer_run(self._run(mapped), self._exchange, manner, self._output)

    def _answer_all(self, items: Iterator[Any]) -> Response:
        """Run item after item; what failed may come again, and what did not is a duplicate then."""
        results: list[Any] = []
        failure: ProxyError | None = None
        for body in items:
            self._exchange.clock.sleep(0)  # mapping blocks the process, so others come in between
            if self._exchange.clock.now() >= self._exchange.ends_by:
                failure = failure or AppTimeout("The items took too long. Send the delivery again.")
                break
            try:
                result = self._result_of(body)
            except ProxyError as error:
                failure = failure or error
                continue
            if result is None:
                return caller_left()
            results.append(result)
        if failure is not None:
            raise failure
        return whole_answer(encode_json({"results": results}), self._exchange)

    def _result_of(self, body: Any) -> Any:
        """What one item of several gave; None if the caller has left."""
        mapped, delivery_id = self._mapped(body)
        if mapped is None:
            return {"skipped": True}
        claim = self._claim(delivery_id)
        if claim is None:
            return {"duplicate": True}
        with _released_on_failure(claim):
            result = self._run(mapped).result()
            if result is None:
                return None
            raise_if_failed(result)
            return selected(result, self._output or Output.FULL)


@contextmanager
def _released_on_failure(claim: Claim) -> Iterator[None]:
    """A delivery that is answered with an error may come again: the sender is told that it failed.

    Once a stream has begun the sender has its 200 and sends nothing again, whatever comes after.
    """
    try:
        yield
    except ProxyError as error:
        claim.release()
        raise as_delivery_failure(error) from None
    except Exception:
        claim.release()
        raise
