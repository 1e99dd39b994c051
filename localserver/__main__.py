"""The command `python -m localserver`."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from localserver.apps.provoke import WORDS
from localserver.config import DEFAULT_CAPTURES, DEFAULT_SETTINGS, REPOSITORY, Config, load
from localserver.config import ConfigError as BadConfig
from localserver.real_app import NAME, with_real_app
from localserver.runtime import PluginError
from localserver.server import LocalServer, PortInUse
from localserver.upload_failures import UPLOAD_WORDS


def _json(**body: Any) -> list[str]:
    return ["-H", "Content-Type: application/json", "-d", json.dumps(body)]


def _form(*parts: str) -> list[str]:
    return [word for part in parts for word in ("-F", part)]


EXAMPLES: dict[str, tuple[str, list[str]]] = {
    "chatbot": ("chat", _json(query="good morning", inputs={"persona": "butler"})),
    "agent": ("chat", _json(query="what time is it?")),
    "chatflow": ("chat", _json(query="good morning")),
    "workflow": ("workflow", _json(inputs={"text": "good morning"})),
    "completion": ("completion", _json(inputs={"query": "good morning"})),
    "reader": ("chat", _form("query=what is in it?", "document=@README.md")),
    "album": ("workflow", _form("pictures=@_assets/icon.svg", "caption=the icon")),
}
"""Demo app to the route that runs it and curl's arguments for a body with what it requires.

Files are named as they are found from the repository's root, where `make serve` is run."""
REAL_APP_EXAMPLE = ("apps", _json(query="good morning", inputs={}))

DESCRIPTION = """\
Runs the plugin on this machine: starts it as the Dify plugin daemon does, serves its endpoints
over HTTP with the daemon's own limits and losses, and answers its reverse invocations with
embedded demo apps, which it also serves over a Service API of its own (/v1). No network, no Dify.
With --service-api-url and --service-api-key a real Dify app stands beside them, as `mine`."""


def _epilog() -> str:
    words, in_names = (
        "\n".join(f"  !{word:<14} {meaning}" for word, meaning in table.items())
        for table in (WORDS, UPLOAD_WORDS)
    )
    return f"""\
demo apps: {", ".join(EXAMPLES)}
  chatbot wants the input `persona`, workflow `text`, completion `query`, album `pictures`.

apps for tests:
  script    plays its input `script`, a JSON list of steps: {{"event": {{...}}}}, {{"sleep": 1}},
            {{"raise": "text"}}, {{"http_error": {{"status": 404, "body": {{...}}}}}},
            {{"repeat": 3, "event": {{"event": "message", "answer": "{{n}} "}}, "every": 0.1}},
            {{"hang": true}}
  replay    plays the recorded stream named by its input `file`, under --captures

words in the query (workflow, completion: in the input, album: in the caption) that provoke what
can go wrong:
{words}

words in a file's name that provoke what can go wrong with its upload:
{in_names}
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m localserver",
        description=DESCRIPTION,
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = result.add_argument
    add("--config", type=Path, default=DEFAULT_SETTINGS, metavar="FILE", help="settings (YAML)")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=8080, help="port, 0 for a free one (default: %(default)s)")
    add("--plugin", type=Path, default=REPOSITORY, metavar="DIR", help="the plugin's directory")
    add("--runtime", choices=["stdio"], default="stdio", help="how the plugin is run")
    add("--pace", type=float, metavar="S", help="seconds per token of a demo app (0: no pause)")
    add("--completion", choices=["mended", "broken"], help="broken: as in Dify's inner API")
    add(
        "--captures",
        type=Path,
        default=DEFAULT_CAPTURES,
        metavar="DIR",
        help="recorded streams for the replay app",
    )
    add("--service-api-url", metavar="URL", help="of a real Dify, such as https://api.dify.ai/v1")
    add("--service-api-key", metavar="KEY", help="of a real app, to be called as `mine`")
    add("--quiet", action="store_true", help="don't show the log of plugin and daemon")
    return result


def configured(arguments: argparse.Namespace) -> Config:
    """What the arguments and the settings file say together.

    Raises:
        BadConfig: the file or an argument can't be used.
    """
    config = load(arguments.config)
    if arguments.completion:
        config.completion = arguments.completion
    url, key = arguments.service_api_url, arguments.service_api_key
    if url or key:
        config = with_real_app(config, url or "", key or "")
    return replace(
        config,
        host=arguments.host,
        port=arguments.port,
        plugin=arguments.plugin.resolve(),
        captures=arguments.captures,
        pace=config.pace if arguments.pace is None else arguments.pace,
        console=None if arguments.quiet else _show,
    )


def _show(line: str) -> None:
    print(line, flush=True)


def greeting(server: LocalServer) -> str:
    """Base URLs, keys, and a curl command for each app of the first endpoint."""
    lines: list[str] = []
    for hook, settings in server.config.endpoints.items():
        lines.append(f"{server.url(hook)}   key: {settings.get('api_key', '(none)')}")
    hook, settings = next(iter(server.config.endpoints.items()), ("", {}))
    names = yaml.safe_load(str(settings.get("apps") or ""))
    examples = {**EXAMPLES, NAME: REAL_APP_EXAMPLE}
    for name in names if isinstance(names, dict) else ():
        if name in examples:
            route, body = examples[name]
            command = [
                *("curl", "-N", f"{server.url(hook)}/{route}/{name}"),
                *("-H", f"Authorization: Bearer {settings.get('api_key', '')}"),
                *body,
            ]
            lines.append("  " + shlex.join(command))
    return "\n".join([*lines, "Ctrl-C ends it."])


async def _serve(config: Config) -> None:
    server = LocalServer(config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await server.serve(lambda: _show(greeting(server)), stop)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    arguments = parser().parse_args(argv)
    try:
        asyncio.run(_serve(configured(arguments)))
    except (BadConfig, PortInUse, PluginError) as error:
        print(f"localserver: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
