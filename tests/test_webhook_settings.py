"""The settings of webhooks, understood or refused by name."""

import hashlib
import hmac
from base64 import b64encode
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import InvalidSettings, InvalidSignature
from endpoints.http.settings import Settings, parse_settings
from endpoints.senders.generic_setting import DEFAULTS
from endpoints.senders.table import SENDERS
from endpoints.senders.verification import verify
from tests.deliveries import NOW, SECRETS, received

KEY = "k" * 16


def settings(**webhook: object) -> Settings:
    raw = {"api_key": KEY, **{f"webhook_{name}": value for name, value in webhook.items()}}
    return parse_settings(raw)


def test_by_default_no_sender_is_believed() -> None:
    hook = settings().webhook
    assert (hook.name, hook.checks, hook.inputs) == ("none", (), None)
    assert settings(sender="none", secret=None, query="", inputs=" ") == settings()


@pytest.mark.parametrize("name", [name for name in SENDERS if name != "none"])
def test_a_sender_needs_a_secret(name: str) -> None:
    for empty in (None, "", "  ", " , ,"):
        with pytest.raises(InvalidSettings) as refusal:
            settings(sender=name, secret=empty)
        assert refusal.value.setting == "webhook_secret"
    assert settings(sender=name, secret=SECRETS[name]).webhook.keys
    assert SECRETS[name] not in repr(settings(sender=name, secret=SECRETS[name]))


@pytest.mark.parametrize(
    ("webhook", "setting"),
    [
        ({"sender": "myspace", "secret": "s3cret"}, "webhook_sender"),
        ({"sender": "GitHub", "secret": "s3cret"}, "webhook_sender"),
        ({"sender": "none", "secret": "s3cret"}, "webhook_secret"),
        ({"secret": "s3cret"}, "webhook_secret"),
        ({"sender": "discord", "secret": "s3cret"}, "webhook_secret"),
        ({"sender": "discord", "secret": "ab" * 31}, "webhook_secret"),
        ({"sender": "standard-webhooks", "secret": "whsec_s3cret!"}, "webhook_secret"),
        ({"sender": "standard-webhooks", "secret": "whsec_"}, "webhook_secret"),
        ({"sender": "gitlab", "secret": "whsec_s3cret!"}, "webhook_secret"),
        ({"sender": "github", "secret": "a b c d e f"}, "webhook_secret"),
        ({"sender": "github", "secret": "s3cret\ud800"}, "webhook_secret"),
        ({"query": "body..s3cret"}, "webhook_query"),
        ({"query": "s3cret(body)"}, "webhook_query"),
        ({"query": "length()"}, "webhook_query"),
        ({"query": "length(body, body)"}, "webhook_query"),
        ({"query": "not_null()"}, "webhook_query"),
        ({"query": "a" * 5000}, "webhook_query"),
        ({"query": "|".join(["@"] * 100)}, "webhook_query"),
        ({"query": "(" * 2000 + ")" * 2000}, "webhook_query"),
        ({"query": "`" + "[" * 4000 + "`"}, "webhook_query"),
        ({"inputs": "{a: s3cret"}, "webhook_inputs"),
        ({"inputs": "{a: length(@, @)}"}, "webhook_inputs"),
    ],
)
def test_what_can_not_be_understood_is_refused_by_name(
    webhook: dict[str, object], setting: str
) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(**webhook)
    assert refusal.value.setting == setting
    assert "s3cret" not in refusal.value.message


@given(
    st.dictionaries(
        st.sampled_from(["sender", "secret", "generic", "query", "inputs"]),
        st.text() | st.sampled_from([*SENDERS, "body", "{header: a}", "[", "a: b"]),
    )
)
def test_no_text_makes_anything_but_settings_or_a_refusal(webhook: dict[str, object]) -> None:
    try:
        settings(**webhook)
    except InvalidSettings as refusal:
        assert refusal.setting.startswith("webhook_")


def generic(text: str = "", secret: str = "secret") -> Settings:
    return settings(sender="generic", secret=secret, generic=text)


def accepts(parsed: Settings, headers: dict[str, str], body: bytes = b"{}") -> bool:
    try:
        verify(received(headers, body), parsed.webhook, NOW)
    except InvalidSignature:
        return False
    return True


SIGNED = hmac.new(b"secret", b"{}", hashlib.sha256)


def test_the_generic_sender_by_default() -> None:
    assert accepts(generic(), {"X-Signature-256": f"sha256={SIGNED.hexdigest()}"})
    assert not accepts(generic(), {"X-Signature-256": SIGNED.hexdigest()})
    everything = "{" + ", ".join(f"{name}: '{value}'" for name, value in DEFAULTS.items()) + "}"
    assert generic(everything) == generic()


def test_a_generic_sender_may_sign_as_any_other() -> None:
    in_base64 = b64encode(SIGNED.digest()).decode()
    assert accepts(
        generic("{header: X-Acme-Hmac, prefix: '', encoding: base64}"), {"X-Acme-Hmac": in_base64}
    )
    text = """\
        header: Acme-Signature
        prefix: v1=
        separator: comma
        signed: "{id}.{ts}.{body}"
        timestamp: t
        timestamp_in: part
        id_header: Acme-Id
        algorithm: sha1
        key: base64
    """
    parsed = generic(dedent(text), secret=b64encode(b"a key").decode())
    signed = hmac.new(b"a key", b"7.1764058530.{}", hashlib.sha1).hexdigest()
    headers = {"Acme-Signature": f"t=1764058530, v1={signed}", "Acme-Id": "7"}
    assert accepts(parsed, headers)
    assert not accepts(parsed, headers | {"Acme-Id": "8"})
    assert not accepts(parsed, headers | {"Acme-Signature": f"t=1764058531,v1={signed}"})
    token = generic("{scheme: token, header: X-Acme-Token}")
    assert accepts(token, {"X-Acme-Token": "secret"})
    assert not accepts(token, {"X-Acme-Token": "Secret"})


@pytest.mark.parametrize(
    "text",
    [
        "X-Signature",
        "[header, prefix]",
        "{colour: red}",
        "{header: ''}",
        "{header: 'a b'}",
        "{header: x_signature}",
        "{scheme: md5}",
        "{algorithm: md5}",
        "{encoding: base32}",
        "{separator: ';'}",
        "{key: rot13}",
        "{signed: nothing}",
        "{signed: '{ts}.{body}'}",
        "{signed: '{id}.{body}'}",
        "{signed: '{url}{body}'}",
        "{timestamp: X-Time}",
        "{timestamp: sent, timestamp_in: body, signed: '{ts}{body}'}",
        "{timestamp: X-Time, signed: '{ts}{body}', timestamp_unit: h}",
        "{timestamp: X-Time, signed: '{ts}{body}', tolerance: soon}",
        "{timestamp: X-Time, signed: '{ts}{body}', tolerance: nan}",
        "{timestamp: X-Time, signed: '{ts}{body}', tolerance: 0}",
        "{timestamp: X-Time, signed: '{ts}{body}', tolerance: 90000}",
        "{event: 'body..'}",
        "{delivery_id: 'nope(@)'}",
        "{header: a, header: b}",
        "{unclosed",
    ],
)
def test_generic_parameters_that_can_not_be_understood(text: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        generic(text)
    assert refusal.value.setting == "webhook_generic"


def test_generic_parameters_are_for_the_generic_sender_alone() -> None:
    assert settings(generic="{unclosed").webhook.name == "none"
