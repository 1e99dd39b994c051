"""From a verified delivery to what an app is run with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from endpoints.http.encoding import encode_json
from endpoints.http.errors import InvalidSettings, PayloadTooLarge
from endpoints.http.logs import logger
from endpoints.senders.expressions import Expression, NoResult
from endpoints.senders.interpreter import is_larger

MAX_RESULT_ITEMS = 100_000
"""Of what an expression selects, written out: ten milliseconds to check and to encode."""

MAX_NAME_CHARACTERS = 512
"""Of an event's name and of a delivery's id; a longer one counts as none."""

QUERY, INPUTS = "webhook_query", "webhook_inputs"

type Document = Mapping[str, Any]
"""`body`, `headers`, `query`, `event`, `delivery_id` and `app`: what expressions see."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What an app is run with.

    Attributes:
        query: the query, "" for none.
        inputs: the input variables.
    """

    query: str
    inputs: dict[str, Any]


def map_delivery(document: Document, query: Expression, inputs: Expression | None) -> Mapped | None:
    """Select what an app is run with.

    Args:
        document: the delivery.
        query: gives the query.
        inputs: gives the inputs; None for the event's name and the payload as JSON.

    Returns:
        None if an expression gives nothing: then nothing is to be run.

    Raises:
        PayloadTooLarge: an expression selects, or works, too much.
        InvalidSettings: `inputs` gives something that is no object.
    """
    text = as_text(_select(document, query))
    if not text.strip():
        return None
    if inputs is None:
        payload = encode_json(document["body"]).decode()
        return Mapped(text, {"event": document["event"] or "", "payload": payload})
    selected = _select(document, inputs)
    if selected is None or selected is False:
        return None
    if not isinstance(selected, dict):
        raise InvalidSettings(INPUTS, "gives something that is no object for this delivery")
    return Mapped(text, selected)


def name_in(document: Document, expression: Expression) -> str | None:
    """The event's name or a delivery's id; None if the delivery has none."""
    value = _select(document, expression)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    name = str(value)
    return name if 0 < len(name) <= MAX_NAME_CHARACTERS else None


def as_text(value: Any) -> str:
    """A selected value as text: null, false and what is empty give "", the items of a list a line
    each, an object JSON."""
    if isinstance(value, str):
        return value
    if value is None or value is False or value == {}:
        return ""
    if isinstance(value, list):
        return "\n".join(filter(None, map(as_text, value)))
    return encode_json(value).decode()


def _select(document: Document, expression: Expression) -> Any:
    """What an expression gives, as a tree of its own; None if it does not fit the delivery."""
    try:
        value = expression.search(document)
    except NoResult:
        logger.info("The expression in %s does not fit a delivery", expression.setting)
        return None
    if value is None or isinstance(value, bool | int):
        return value
    if is_larger(value, MAX_RESULT_ITEMS):
        raise PayloadTooLarge(
            f"The expression in `{expression.setting}` selects more than {MAX_RESULT_ITEMS:,} "
            "values of this delivery. Select less of it."
        )
    try:
        # what it selects twice is two things from here on, and nothing is left that is no JSON
        return orjson.loads(orjson.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return None
