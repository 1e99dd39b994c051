"""Whether a delivery is the sender's own: what is valid passes, and nothing else."""

import dataclasses
import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import InvalidSignature
from endpoints.senders.hmac_signature import Encoding, HmacSignature
from endpoints.senders.received import Received
from endpoints.senders.table import SENDERS
from endpoints.senders.timestamps import Source, Timestamp, Unit
from endpoints.senders.verification import verify
from endpoints.senders.webhook_setting import Webhook
from localserver.senders import PLAYED
from tests.deliveries import (
    NOW,
    SECRETS,
    SIGNED,
    delivery,
    received,
    scheme_of,
    signature_header,
    webhook,
)

SHORT = b'{"webhookTimestamp":1764058530000,"a":"b"}'
"""A body that every sender could send, so short that each of its bits can be tried."""


def is_valid(sent: Received, hook: Webhook, now: float = NOW) -> bool:
    try:
        verify(sent, hook, now)
    except InvalidSignature as refusal:
        assert refusal.status == hook.sender.refused_with
        assert refusal.code == "unauthorized"
        return False
    return True


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def with_header(sent: Received, name: str, value: str) -> Received:
    return dataclasses.replace(sent, headers={**sent.headers, name: value})


def test_every_sender_can_be_played() -> None:
    assert set(PLAYED) == set(SENDERS)


@pytest.mark.parametrize(
    ("name", "secret", "headers", "body", "now"),
    [
        (
            "github",
            "It's a Secret to Everybody",
            {
                "X-Hub-Signature-256": "sha256="
                "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
            },
            b"Hello, World!",
            NOW,
        ),
        (
            "standard-webhooks",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            {
                "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            },
            b'{"test": 2432232314}',
            1614265330,
        ),
        (
            "standard-webhooks",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            {
                "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "svix-timestamp": "1614265330",
                "svix-signature": "v1a,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            },
            b'{"test": 2432232314}',
            1614265330,
        ),
        (
            "discord",
            "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
            {
                "X-Signature-Timestamp": "1700000000",
                "X-Signature-Ed25519": "c1098e97d711377f30225d53d94b89d43537f92e5b3afaddc5"
                "90781b1f9f9d4b2eeab335d370be3b9a090bc61a85b86448bc140dcd195f1569c2bff181257607",
            },
            b'{"type":1}',
            NOW,
        ),
    ],
)
def test_published_vectors(
    name: str, secret: str, headers: dict[str, str], body: bytes, now: float
) -> None:
    hook = webhook(name, "x3" if name == "github" else secret)
    if name == "github":  # its secret has spaces, which separate secrets in the settings
        [(scheme, _)] = hook.checks
        hook = dataclasses.replace(hook, checks=((scheme, (secret.encode(),)),))
    assert is_valid(received(headers, body), hook, now)
    for bit in range(len(body) * 8):
        assert not is_valid(received(headers, flipped(body, bit)), hook, now)


@pytest.mark.parametrize("name", [name for name in PLAYED if name != "none"])
def test_a_delivery_is_valid(name: str) -> None:
    assert is_valid(delivery(name), webhook(name))
    assert is_valid(delivery(name, b""), webhook(name)) == (name != "linear")
    assert not is_valid(received({}, b""), webhook(name))


@pytest.mark.parametrize("name", SIGNED)
def test_each_changed_bit_of_the_body_is_found(name: str) -> None:
    sent, hook = delivery(name, SHORT), webhook(name)
    assert is_valid(sent, hook)
    for bit in range(len(SHORT) * 8):
        changed = dataclasses.replace(sent, body=flipped(sent.body, bit))
        assert not is_valid(changed, hook)


@pytest.mark.parametrize("name", SIGNED)
@given(body=st.binary(min_size=1, max_size=2000), bit=st.integers(0, 15_999))
def test_a_changed_bit_of_any_body_is_found(name: str, body: bytes, bit: int) -> None:
    hook = webhook(name)
    sent = delivery(name, body)
    if name != "linear":  # whose time stands in the body, which has to be JSON
        assert is_valid(sent, hook)
    assert not is_valid(dataclasses.replace(sent, body=flipped(body, bit % (len(body) * 8))), hook)


@pytest.mark.parametrize("name", [name for name in PLAYED if name != "none"])
def test_each_changed_bit_of_the_secret_is_found(name: str) -> None:
    sent, hook = delivery(name), webhook(name)
    scheme, (key,) = scheme_of(name)
    for bit in range(len(key) * 8):
        changed = dataclasses.replace(hook, checks=((scheme, (flipped(key, bit),)),))
        assert not is_valid(sent, changed)


def _changed_signatures(name: str, sent: Received) -> Iterator[Received]:
    header, row = signature_header(name)
    value = sent.headers[header]
    separator = row.separator if row is not None else ""
    parts = value.split(separator) if separator else [value]
    prefix = row.prefix if row is not None else ""
    *_, at = (number for number, part in enumerate(parts) if part.startswith(prefix))
    if name == "stripe":
        at = 1
    written = parts[at].removeprefix(prefix)
    in_base64 = row is not None and row.encoding is Encoding.BASE64
    signature = b64decode(written) if in_base64 else bytes.fromhex(written)
    for bit in range(len(signature) * 8):
        other = flipped(signature, bit)
        parts[at] = prefix + (b64encode(other).decode() if in_base64 else other.hex())
        yield with_header(sent, header, separator.join(parts))


@pytest.mark.parametrize("name", SIGNED)
def test_each_changed_bit_of_the_signature_is_found(name: str) -> None:
    sent, hook = delivery(name), webhook(name)
    changed = list(_changed_signatures(name, sent))
    assert len(changed) >= 256
    assert not any(is_valid(one, hook) for one in changed)


@pytest.mark.parametrize("name", ["telegram", "gitlab"])
def test_each_changed_bit_of_a_token_is_found(name: str) -> None:
    hook = webhook(name, "a-token")
    sent = delivery(name, secret="a-token")
    header = "x-gitlab-token" if name == "gitlab" else "x-telegram-bot-api-secret-token"
    assert is_valid(sent, hook)
    for bit in range(len("a-token") * 8):
        token = flipped(b"a-token", bit).decode("latin-1")
        assert not is_valid(with_header(sent, header, token), hook)


def _timestamps(name: str) -> tuple[str, str]:
    """Header and value of a signed timestamp."""
    if name == "discord":
        return "x-signature-timestamp", "1764058530"
    _, row = signature_header(name)
    assert row is not None
    assert row.timestamp is not None
    return row.header if row.timestamp.source is Source.PART else row.timestamp.name, "1764058530"


@pytest.mark.parametrize("name", ["standard-webhooks", "gitlab", "slack", "stripe", "discord"])
def test_each_changed_bit_of_the_signed_timestamp_is_found(name: str) -> None:
    sent, hook = delivery(name), webhook(name)
    header, written = _timestamps(name)
    assert written in sent.headers[header]
    for bit in range(len(written) * 8):
        other = flipped(written.encode(), bit).decode("latin-1")
        changed = with_header(sent, header, sent.headers[header].replace(written, other))
        assert not is_valid(changed, hook)


TOLERANCES = {"standard-webhooks": 300, "gitlab": 300, "slack": 300, "stripe": 300, "linear": 60}


def test_every_sender_with_a_tolerance_is_tested_for_it() -> None:
    found = {
        name: scheme.timestamp.tolerance
        for name, sender in SENDERS.items()
        for scheme in sender.schemes
        if isinstance(scheme, HmacSignature) and scheme.timestamp is not None
    }
    assert found == TOLERANCES


@pytest.mark.parametrize(("name", "tolerance"), TOLERANCES.items())
def test_a_replay_fails_at_the_boundary_both_ways(name: str, tolerance: int) -> None:
    sent, hook = delivery(name), webhook(name)
    for sign in (1, -1):
        assert is_valid(sent, hook, NOW + sign * tolerance)
        assert not is_valid(sent, hook, NOW + sign * (tolerance + 0.001))


@pytest.mark.parametrize("name", [name for name in PLAYED if name not in ("none", "discord")])
def test_several_secrets_are_valid_while_they_are_rotated(name: str) -> None:
    whsec = "whsec_" + b64encode(b"another secret of some length").decode()
    other = whsec if name in ("standard-webhooks", "gitlab") else "another"
    hook = webhook(name, f"{other}, {SECRETS[name]}")
    assert is_valid(delivery(name), hook)
    assert is_valid(delivery(name, secret=other), hook)
    assert not is_valid(delivery(name, secret=whsec[:-4] + "AAAA"), hook)


def test_gitlab_is_verified_by_either_of_its_schemes() -> None:
    both = webhook("gitlab", f"{SECRETS['gitlab']} a-token")
    assert is_valid(delivery("gitlab"), both)
    assert is_valid(delivery("gitlab", secret="a-token"), both)
    token_alone = webhook("gitlab", "a-token")
    assert not is_valid(delivery("gitlab"), token_alone)
    # the signing token is no secret token
    stolen = received({"X-Gitlab-Token": SECRETS["gitlab"]}, b"{}")
    assert not is_valid(stolen, webhook("gitlab"))


def test_one_of_several_signatures_suffices() -> None:
    sent = delivery("standard-webhooks")
    good = sent.headers["webhook-signature"]
    bad = "v1," + b64encode(bytes(32)).decode()
    for value, valid in [
        (f"{bad} {good}", True),
        (f"{good} {bad}", True),
        (f"v1a,xyz {good}", True),
        (f"{bad} {bad}", False),
        (good.replace("v1,", "v2,"), False),
        (good.replace("v1,", ""), False),
    ]:
        assert (
            is_valid(with_header(sent, "webhook-signature", value), webhook("standard-webhooks"))
            is valid
        )


@pytest.mark.parametrize("name", [name for name in PLAYED if name != "none"])
@given(
    value=st.one_of(
        st.text(st.characters(), max_size=200),
        st.sampled_from(["", " ", ",", "=", "v1=", "v1,", "t=,v1=", "sha256=", "v0=", "\x00"]),
        st.integers(0, 10_000).map(lambda count: "v1=," * count),
    ),
    changes_time=st.booleans(),
)
def test_no_malformed_header_is_anything_but_refused(
    name: str, value: str, changes_time: bool
) -> None:
    header, row = signature_header(name)
    sent, hook = delivery(name), webhook(name)
    if changes_time and row is not None and row.timestamp is not None and row.id_header:
        assert not is_valid(with_header(sent, row.timestamp.name, value), hook)
        assert is_valid(with_header(sent, row.id_header, value), hook) is (value == "delivery-1")
    else:
        changed = with_header(sent, header, value)
        assert is_valid(changed, hook) is (sent.headers[header] == value)


@given(
    st.one_of(
        st.binary(max_size=100),
        st.from_regex(rb'\{"webhookTimestamp":[^}]{1,30}\}', fullmatch=True),
    )
)
def test_whatever_stands_where_linear_has_its_time(body: bytes) -> None:
    key = scheme_of("linear")[1][0]
    signature = hmac.new(key, body, hashlib.sha256).hexdigest()
    is_valid(received({"Linear-Signature": signature}, body), webhook("linear"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "challenge", "event", "verification_token"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(json_values, st.dictionaries(st.sampled_from(["hub.mode", "hub.verify_token"]), st.text()))
def test_no_handshake_stumbles_over_what_it_gets(body: object, query: dict[str, str]) -> None:
    sent = received({}, json.dumps(body).encode(), query=query)
    for sender in SENDERS.values():
        if sender.handshake is not None:
            sender.handshake(sent, {"body": body, "event": None})
        if sender.unsigned is not None:
            sender.unsigned(sent)
        if sender.challenge is not None:
            with pytest.raises(InvalidSignature):
                sender.challenge(sent, (b"a secret that nobody guesses",))


def test_low_order_public_keys_verify_nothing() -> None:
    # for such a key anyone can make a signature: R = A = the neutral element, S = 0
    neutral = (1).to_bytes(32, "little").hex()
    sent = received(
        {"X-Signature-Ed25519": neutral + "00" * 32, "X-Signature-Timestamp": "1"}, b"{}"
    )
    assert not is_valid(sent, webhook("discord", neutral))


JIRA = HmacSignature(header="x-hub-signature", prefix="sha256=")
ZENDESK = HmacSignature(
    header="x-zendesk-webhook-signature",
    encoding=Encoding.BASE64,
    signed="{ts}{body}",
    timestamp=Timestamp(Source.HEADER, "x-zendesk-webhook-signature-timestamp", Unit.RFC_3339),
)
HUBSPOT = HmacSignature(
    header="x-hubspot-signature-v3",
    encoding=Encoding.BASE64,
    signed="{method}{url}{body}{ts}",
    timestamp=Timestamp(Source.HEADER, "x-hubspot-request-timestamp", Unit.MILLISECONDS),
)


@pytest.mark.parametrize(
    ("row", "time", "signed"),
    [
        (JIRA, None, b"{}"),
        (ZENDESK, "2025-11-25T08:15:30Z", b"2025-11-25T08:15:30Z{}"),
        (HUBSPOT, "1764058530000", b"POSThttps://dify.example/e/x/hooks/bot{}1764058530000"),
    ],
    ids=["jira", "zendesk", "hubspot"],
)
def test_a_later_sender_is_a_row(row: HmacSignature, time: str | None, signed: bytes) -> None:
    digest = hmac.new(b"secret", signed, hashlib.sha256).digest()
    in_hex = row.encoding is Encoding.HEX
    headers = {row.header: row.prefix + (digest.hex() if in_hex else b64encode(digest).decode())}
    if row.timestamp is not None and time is not None:
        headers[row.timestamp.name] = time
    sent = received(headers, b"{}", url="https://dify.example/e/x/hooks/bot")
    row.verify(sent, (b"secret",), NOW)
    for wrong in (dataclasses.replace(sent, body=b"{ }"), received({}, b"{}")):
        with pytest.raises(InvalidSignature):
            row.verify(wrong, (b"secret",), NOW)
    if row.timestamp is not None:
        with pytest.raises(InvalidSignature):
            row.verify(sent, (b"secret",), NOW + 301)
    if "{url}" in row.signed:
        with pytest.raises(InvalidSignature):
            row.verify(dataclasses.replace(sent, url=""), (b"secret",), NOW)


@pytest.mark.parametrize(
    "written",
    ["", "now", "2025-11-25", "2025-11-25T08:15:30", "9999-12-31T23:59:59-23:59", "²", "1" * 17,
     "-1764058530", "1764058530.0", " 1764058530", "0x69256aa2"],
)  # fmt: skip
@pytest.mark.parametrize("unit", list(Unit))
def test_a_time_that_is_none(written: str, unit: Unit) -> None:
    with pytest.raises(InvalidSignature):
        Timestamp(Source.HEADER, "x", unit).check(written, NOW)
