"""Deliveries of every shape: valid ones are taken or refused in our words, others never taken."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localserver import APP_IDS, Config, LocalServer
from localserver.config import DEFAULT_SETTINGS, load
from localserver.senders import PLAYED, Played
from tests.deliveries import SECRETS
from tests.test_fuzz import bodies, header_values

pytestmark = pytest.mark.long

DELIVERIES = 10_000
APP = APP_IDS["chatflow"]
SENDERS = {
    name: endpoint
    for name, endpoint in load(DEFAULT_SETTINGS).endpoints.items()
    if endpoint.get("webhook_sender")
}
TOKENS = {"telegram"}
"""Whose body is not signed."""
UNTIMED = set(PLAYED) - {"standard-webhooks", "gitlab", "slack", "stripe", "linear"}

WHAT_IS_WRONG = ["nothing"] * 4 + ["body", "secret", "time", "no header", "header", "cut header"]


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[LocalServer]:
    with LocalServer.running(Config(endpoints=SENDERS, pace=0)) as running:
        yield running


def _signature_header(headers: dict[str, str]) -> str:
    return next(
        name
        for name in headers
        if name.lower().endswith(
            ("signature", "signature-256", "sha256", "ed25519", "secret-token")
        )
    )


def _sent(
    played: Played, body: bytes, wrong: str, noise: str, at: int
) -> tuple[bytes, dict[str, str], bool]:
    """Body, headers, and whether the delivery is the sender's own."""
    secret, now = SECRETS[played.name], time.time()
    if wrong == "secret" and played.name != "discord":
        secret = "whsec_bm90LXRoZS1zZWNyZXQ=" if secret.startswith("whsec_") else "not-the-secret"
    late = wrong == "time" and played.name not in UNTIMED
    if late:
        now += -1000 if at % 2 else 1000
    content = played.fresh(body, now)
    headers = played.headers(secret, content, now)
    name = _signature_header(headers)
    valid = not late and (wrong != "secret" or played.name == "discord")
    if wrong == "body" and played.name not in TOKENS and content:
        at %= len(content)
        content = content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]
        valid = False
    elif wrong == "no header":
        del headers[name]
        valid = False
    elif wrong == "header":
        valid = noise.strip() == headers[name]
        headers[name] = noise.strip()
    elif wrong == "cut header":
        headers[name] = headers[name][: at % (len(headers[name]) // 2)]
        valid = False
    return content, headers, valid


def test_no_delivery_gets_anything_but_the_contracts_answers(fuzzed: LocalServer) -> None:
    host, port = fuzzed.base_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    seen: Counter[str] = Counter()
    pid = fuzzed.plugin_pid

    @settings(
        max_examples=DELIVERIES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(list(SENDERS)),
        st.none() | bodies,
        st.sampled_from(WHAT_IS_WRONG),
        header_values,
        st.integers(0, 10_000),
        st.sampled_from(["", "", "", "text/plain", "application/json", "multipart/form-data"])
        | header_values,
        st.sampled_from(["", "?output=text", "?output=outputs", "?output=full", "?output=no"]),
    )
    def deliver(
        name: str,
        body: bytes | None,
        wrong: str,
        noise: str,
        at: int,
        content_type: str,
        output: str,
    ) -> None:
        played = PLAYED[name]
        content, headers, valid = _sent(
            played, played.example if body is None else body, wrong, noise, at
        )
        if content_type.strip():
            headers["Content-Type"] = content_type.strip()
        headers["Accept"] = "application/json" if at % 3 else "*/*"
        mark = len(fuzzed.invocations)
        connection.request("POST", f"/e/{name}/hooks/{APP}{output}", content or None, headers)
        response = connection.getresponse()
        answer = response.read()
        assert b"Traceback" not in answer
        seen[f"{response.status} {'valid' if valid else 'forged'}"] += 1
        if not valid:
            assert response.status == (403 if name == "pagerduty" else 401), answer
            assert len(fuzzed.invocations) == mark
        elif name != "linear":  # whose body has to have a time in it
            assert response.status not in (401, 403), answer
        if 200 <= response.status < 300:
            return
        error = json.loads(answer)
        assert set(error) == {"code", "message", "status", "request_id"}, answer
        assert error["status"] == response.status
        assert error["message"].strip()
        assert response.status < 500, error

    deliver()
    assert sum(seen.values()) >= DELIVERIES
    assert seen["200 valid"] > DELIVERIES / 20
    assert seen["401 forged"] > DELIVERIES / 20
    assert (fuzzed.plugin_pid, fuzzed.restarts, fuzzed.bad_lines) == (pid, 0, 0)
    for line in fuzzed.plugin_log:
        assert "Traceback" not in line
        assert not any(secret in line for secret in SECRETS.values())
