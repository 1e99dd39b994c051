"""The senders. A new one is a row here and an example delivery in localserver/senders.

Each row says what the sender's own documentation says of its signature, its deliveries' ids and
where the human text stands.
"""

from collections.abc import Mapping
from types import MappingProxyType

from endpoints.senders import handshakes
from endpoints.senders.hmac_signature import Encoding, HmacSignature
from endpoints.senders.keys import KeyForm
from endpoints.senders.other_schemes import Ed25519, SharedToken
from endpoints.senders.sender import Answer, Sender
from endpoints.senders.timestamps import Source, Timestamp, Unit

NONE, GENERIC = "none", "generic"

_ANY_TEXT = "body.query || body.text || body.message || body"
_ANY_ID = 'headers."idempotency-key" || headers."webhook-id" || headers."x-delivery-id"'
_ANY_EVENT = 'headers."x-event-type" || body.event || body.type'


def _standard_webhooks(prefix: str, *, only_whsec: bool = False) -> HmacSignature:
    """Standard Webhooks, "Signature scheme"; Svix sends the same under names of its own."""
    return HmacSignature(
        header=f"{prefix}-signature",
        prefix="v1,",
        separator=" ",
        encoding=Encoding.BASE64,
        signed="{id}.{ts}.{body}",
        timestamp=Timestamp(Source.HEADER, f"{prefix}-timestamp"),
        id_header=f"{prefix}-id",
        key=KeyForm.WHSEC,
        only_whsec=only_whsec,
    )


def generic(scheme: HmacSignature | SharedToken, event: str, delivery_id: str) -> Sender:
    """A sender whose parameters the administrator gives."""
    return Sender(
        schemes=(scheme,),
        event=event or _ANY_EVENT,
        delivery_id=delivery_id or _ANY_ID,
        query=_ANY_TEXT,
    )


SENDERS: Mapping[str, Sender] = MappingProxyType({
    NONE: Sender(event=_ANY_EVENT, delivery_id=_ANY_ID, query=_ANY_TEXT),
    GENERIC: generic(HmacSignature(header="x-signature-256", prefix="sha256="), "", ""),
    "standard-webhooks": Sender(
        schemes=(_standard_webhooks("webhook"), _standard_webhooks("svix")),
        event="body.type",
        delivery_id='headers."webhook-id" || headers."svix-id"',
        query="body.data",
    ),
    "github": Sender(
        schemes=(HmacSignature(header="x-hub-signature-256", prefix="sha256="),),
        event='headers."x-github-event"',
        delivery_id='headers."x-github-delivery"',
        query="body.comment.body || body.review.body || body.issue.body || body.pull_request.body"
        " || body.head_commit.message",
        handshake=handshakes.github,
    ),
    "gitlab": Sender(
        schemes=(
            _standard_webhooks("webhook", only_whsec=True),
            SharedToken(header="x-gitlab-token", but_whsec=True),
        ),
        event='headers."x-gitlab-event"',
        delivery_id='headers."idempotency-key" || headers."webhook-id"',
        query="body.object_attributes.note || body.object_attributes.description"
        " || body.commits[-1].message",
    ),
    "bitbucket": Sender(
        schemes=(HmacSignature(header="x-hub-signature", prefix="sha256="),),
        event='headers."x-event-key"',
        delivery_id='headers."x-request-uuid"',
        query="body.comment.content.raw || body.pullrequest.description",
    ),
    "slack": Sender(
        schemes=(
            HmacSignature(
                header="x-slack-signature",
                prefix="v0=",
                signed="v0:{ts}:{body}",
                timestamp=Timestamp(Source.HEADER, "x-slack-request-timestamp"),
            ),
        ),
        event="body.event.type || body.type || body.command",
        delivery_id="body.event_id",
        # what bots say is left out: the app itself may be one
        query="!(body.event.bot_id) && (body.event.text || body.text)",
        handshake=handshakes.slack,
    ),
    "stripe": Sender(
        schemes=(
            HmacSignature(
                header="stripe-signature",
                prefix="v1=",
                separator=",",
                signed="{ts}.{body}",
                timestamp=Timestamp(Source.PART, "t"),
            ),
        ),
        event="body.type",
        delivery_id="body.id",
    ),
    "shopify": Sender(
        schemes=(HmacSignature(header="x-shopify-hmac-sha256", encoding=Encoding.BASE64),),
        event='headers."x-shopify-topic"',
        delivery_id='headers."x-shopify-webhook-id"',
    ),
    "discord": Sender(
        schemes=(Ed25519(header="x-signature-ed25519", timestamp_header="x-signature-timestamp"),),
        event="body.event.type || body.data.name",
        delivery_id="body.id",
        # of commands alone: while somebody types one, Discord asks at every key
        query="body.type == `2` && (body.data.options[].value"
        " || body.data.options[].options[].value || body.data.name)",
        handshake=handshakes.discord,
        answer=Answer.INTERACTION,
    ),
    "telegram": Sender(
        schemes=(SharedToken(header="x-telegram-bot-api-secret-token"),),
        event="keys(body)[?@ != 'update_id'] | [0]",
        delivery_id="body.update_id",
        query="body.message.text || body.message.caption",
        # Telegram's server runs a `method` that it finds in a JSON answer
        answer=Answer.EMPTY,
    ),
    "line": Sender(
        schemes=(HmacSignature(header="x-line-signature", encoding=Encoding.BASE64),),
        event="body.events[0].type",
        delivery_id="body.events[0].webhookEventId",
        query="body.events[?type=='message'].message.text",
        batch={"events": {}},
    ),
    "meta": Sender(
        schemes=(HmacSignature(header="x-hub-signature-256", prefix="sha256="),),
        event="body.object",
        delivery_id="body.entry[0].changes[0].value.messages[0].id"
        " || body.entry[0].messaging[0].message.mid",
        query="body.entry[0].changes[0].value.messages[0].text.body"
        " || body.entry[0].messaging[0].message.text",
        batch={"entry": {"changes": {"value": {"messages": {}}}, "messaging": {}}},
        challenge=handshakes.meta,
    ),
    "linear": Sender(
        schemes=(
            HmacSignature(
                header="linear-signature",
                timestamp=Timestamp(Source.BODY, "webhookTimestamp", Unit.MILLISECONDS, 60.0),
            ),
        ),
        event='headers."linear-event" || body.type',
        delivery_id='headers."linear-delivery"',
        query="body.data.body || body.data.title",
    ),
    "notion": Sender(
        schemes=(HmacSignature(header="x-notion-signature", prefix="sha256="),),
        event="body.type",
        delivery_id="body.id",
        unsigned=handshakes.notion,
    ),
    "typeform": Sender(
        schemes=(
            HmacSignature(
                header="typeform-signature", prefix="sha256=", encoding=Encoding.BASE64
            ),
        ),
        event="body.event_type",
        delivery_id="body.event_id",
        query="body.form_response.answers[].not_null(text, choice.label, choices.labels, email,"
        " url, phone_number, file_url, date, number, boolean)",
    ),
    "pagerduty": Sender(
        schemes=(HmacSignature(header="x-pagerduty-signature", prefix="v1=", separator=","),),
        event="body.event.event_type",
        delivery_id="body.event.id",
        query="body.event.data.title",
        refused_with=403,
    ),
})  # fmt: skip
"""By the values of the setting `webhook_sender`."""
