"""The command `python -m localserver.senders`: sign a payload as a sender does, and post it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from localserver.config import DEFAULT_SETTINGS, ConfigError, load
from localserver.senders.played import PLAYED, Played

SAME_ID = "11111111-2222-4333-8444-555555555555"
"""The id of every delivery that is sent again."""
TIMEOUT_SECONDS = 600.0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m localserver.senders",
        description="Plays a sender of webhooks: signs a payload as it does and posts it to the "
        "local server, to the endpoint in its settings that has this sender.",
    )
    add = result.add_argument
    add("sender", choices=list(PLAYED), help="which one", metavar="SENDER")
    add("--file", type=Path, metavar="FILE", help="the payload (default: an example)")
    add("--app", default="chatflow", help="name or id of the app (default: %(default)s)")
    add("--output", choices=["text", "outputs", "full"], help="ask for this part of the result")
    add("--again", action="store_true", help="as the same delivery each time: with one id")
    add("--url", default="http://127.0.0.1:8080", help="of the server (default: %(default)s)")
    add("--config", type=Path, default=DEFAULT_SETTINGS, metavar="FILE", help="its settings")
    return result


def endpoint_of(sender: str, endpoints: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The hook of the endpoint for a sender, and its secret.

    Raises:
        ConfigError: there is none.
    """
    for hook, settings in endpoints.items():
        if (settings.get("webhook_sender") or "none") == sender:
            secret = settings.get("api_key" if sender == "none" else "webhook_secret")
            return hook, str(secret or "").replace(",", " ").split()[0]
    raise ConfigError(f"no endpoint has `webhook_sender: {sender}`")


def request_for(arguments: argparse.Namespace) -> httpx.Request:
    """The delivery as a request.

    Raises:
        ConfigError: no endpoint has this sender, or the settings can't be read.
        OSError: the payload can't be read.
    """
    played: Played = PLAYED[arguments.sender]
    hook, secret = endpoint_of(played.name, load(arguments.config).endpoints)
    body = arguments.file.read_bytes() if arguments.file else played.example
    body = played.timed(body) if arguments.again else played.fresh(body)
    headers = played.headers(secret, body, delivery_id=SAME_ID if arguments.again else "")
    url = f"{arguments.url}/e/{hook}/hooks/{arguments.app}"
    query = {"output": arguments.output} if arguments.output else None
    return httpx.Request("POST", url, params=query, headers=headers, content=body)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    arguments = parser().parse_args(argv)
    try:
        request = request_for(arguments)
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.send(request)
    except (ConfigError, OSError) as error:
        print(f"deliver: {error}", file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        print(f"deliver: {arguments.url}: {error} (is `make serve` running?)", file=sys.stderr)
        return 1
    print(f"{request.method} {request.url}")
    print(f"HTTP {answer.status_code} {answer.reason_phrase}")
    print(answer.text)
    return 0 if answer.is_success else 1


if __name__ == "__main__":
    sys.exit(main())
