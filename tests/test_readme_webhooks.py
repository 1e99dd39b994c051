"""What README says of webhooks holds: settings that are understood, expressions that compile."""

import re
from typing import Any

import pytest

from endpoints.http.settings import parse_settings
from endpoints.senders import batches, expressions, generic_setting, interpreter, mapping, payload
from endpoints.senders.received import MAX_DELIVERY_BYTES
from endpoints.senders.table import SENDERS
from endpoints.senders.webhook_setting import MAX_SECRETS
from provider.redelivery import KEPT_SECONDS, SLOTS
from tests.deliveries import SECRETS
from tests.readme import TEXT, table, unquoted

FIRST = ["GitHub", "Slack", "Stripe", "Telegram", "LINE", "Discord"]


def code(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("heading", FIRST)
def test_a_senders_settings_are_understood(heading: str) -> None:
    rows = {unquoted(name): value for name, value in table(heading)}
    assert code(rows["webhook_sender"]) == [heading.lower()]
    raw: dict[str, Any] = {
        "api_key": "k" * 16,
        "webhook_sender": heading.lower(),
        "webhook_secret": SECRETS[heading.lower()],
    }
    for name in rows.keys() - {"webhook_sender", "webhook_secret"}:
        assert rows[name].startswith("empty")
        raw[name] = code(rows[name])[-1]
    assert parse_settings(raw).webhook.name == heading.lower()


def test_the_parameters_of_the_generic_sender() -> None:
    rows = table("Another sender")
    found = {unquoted(name): unquoted(default) for name, default, _ in rows}
    assert found == generic_setting.DEFAULTS
    rows = table("Another sender", 1)
    settings = {unquoted(name): unquoted(value) for name, value in rows}
    parsed = parse_settings({"api_key": "k" * 16, "webhook_secret": "s", **settings})
    assert parsed.webhook.sender.delivery_id == "body.id"


def test_every_sender_is_named() -> None:
    row = next(row for row in table("Settings") if row[0] == "`webhook_sender`")
    assert [name for name in code(row[2]) if name != "/hooks/<app>"] == list(SENDERS)


def test_the_limits_are_those_of_the_code() -> None:
    limits = " ".join(row[0] + row[1] for row in table("Limits of deliveries"))
    for number in (
        payload.MAX_VALUES,
        interpreter.MAX_STEPS,
        mapping.MAX_RESULT_ITEMS,
        batches.MAX_ITEMS,
        expressions.MAX_EXPRESSION_CHARACTERS,
    ):
        assert f"{number:,}" in limits
    assert f"{payload.MAX_DEPTH} deep" in limits
    assert expressions.MAX_EXPRESSION_DEPTH == payload.MAX_DEPTH
    assert f"copying {interpreter.ITEMS_PER_STEP} values" in limits
    assert (MAX_DELIVERY_BYTES, payload.MAX_FORM_BYTES) == (4 << 20, 512 << 10)
    assert (KEPT_SECONDS, SLOTS, MAX_SECRETS) == (3 * 86_400, 4096, 5)
    assert "3 days, in 4,096 slots per endpoint" in TEXT
