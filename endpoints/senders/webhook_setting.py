"""The settings `webhook_...`: who may send, and what an app is run with."""

from dataclasses import dataclass, field

from endpoints.http.errors import InvalidSettings
from endpoints.senders.expressions import Expression, compile_expression
from endpoints.senders.generic_setting import parse_generic
from endpoints.senders.keys import UnusableSecret
from endpoints.senders.mapping import INPUTS, QUERY
from endpoints.senders.sender import Scheme, Sender
from endpoints.senders.table import GENERIC, NONE, SENDERS

_SETTING = "webhook_secret"

WEBHOOK_SETTINGS = ("webhook_sender", _SETTING, "webhook_generic", QUERY, INPUTS)
"""The settings that `parse_webhook` takes, in the order in which it takes them."""

MAX_SECRETS = 5
"""Valid at once. A rotation needs two; each one costs a hash of every delivery, whoever sent it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """How an endpoint takes deliveries.

    Attributes:
        name: of the sender, as in the settings.
        sender: what is known of it.
        checks: its schemes, each with the keys that are valid for it; none if an API key is asked
            for instead.
        event: gives a delivery's event.
        delivery_id: gives a delivery's id.
        query: gives the query of a run.
        inputs: gives its inputs; None for the default ones.
    """

    name: str
    sender: Sender
    checks: tuple[tuple[Scheme, tuple[bytes, ...]], ...] = field(repr=False)
    event: Expression
    delivery_id: Expression
    query: Expression
    inputs: Expression | None

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys of all schemes."""
        return tuple(key for _, keys in self.checks for key in keys)


def parse_webhook(name: str, secret: str, generic: str, query: str, inputs: str) -> Webhook:
    """Understand the settings, without surrounding space.

    Args:
        name: the setting `webhook_sender`.
        secret: the setting `webhook_secret`.
        generic: the setting `webhook_generic`; read for the sender `generic` alone.
        query: the setting `webhook_query`.
        inputs: the setting `webhook_inputs`.

    Raises:
        InvalidSettings: one of them can't be understood.
    """
    name = name or NONE
    sender = SENDERS.get(name)
    if sender is None:
        raise InvalidSettings("webhook_sender", f"has to be one of {', '.join(SENDERS)}")
    if name == GENERIC:
        sender = parse_generic(generic)
    return Webhook(
        name=name,
        sender=sender,
        checks=_checks(sender, secret.replace(",", " ").split()),
        event=compile_expression("webhook_sender", sender.event),
        delivery_id=compile_expression("webhook_sender", sender.delivery_id),
        query=compile_expression(QUERY, query or sender.query),
        inputs=compile_expression(INPUTS, inputs) if inputs else None,
    )


def _checks(sender: Sender, secrets: list[str]) -> tuple[tuple[Scheme, tuple[bytes, ...]], ...]:
    if not sender.schemes:
        if secrets:
            raise InvalidSettings(_SETTING, "needs `webhook_sender` to say whose secret it is")
        return ()
    if not secrets:
        raise InvalidSettings(_SETTING, "is empty: every delivery could be a forged one")
    if len(secrets) > MAX_SECRETS:
        raise InvalidSettings(_SETTING, f"holds more than {MAX_SECRETS} secrets")
    checks = tuple((scheme, _keys(scheme, secrets)) for scheme in sender.schemes)
    return tuple((scheme, keys) for scheme, keys in checks if keys)


def _keys(scheme: Scheme, secrets: list[str]) -> tuple[bytes, ...]:
    try:
        found = [scheme.key_of(secret) for secret in secrets]
    except UnusableSecret as problem:
        raise InvalidSettings(_SETTING, str(problem)) from None
    return tuple(key for key in found if key is not None)
