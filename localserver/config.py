"""What a local server can be told, from Python or from a YAML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from localserver.apps import App

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_SETTINGS = Path(__file__).with_name("settings.yaml")
DEFAULT_CAPTURES = REPOSITORY / "tests" / "captures"

CompletionMode = Literal["mended", "broken"]


class ConfigError(Exception):
    """The settings file or an argument can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The daemon's limits, with its defaults; times are in seconds, sizes in bytes."""

    max_execution_timeout: float = 600.0
    """`PLUGIN_MAX_EXECUTION_TIMEOUT`: a response may take so long, counted from its headers."""
    invocation_read_timeout: float = 240.0
    """`DIFY_BACKWARDS_INVOCATION_READ_TIMEOUT`, counted from Dify's response headers."""
    stdout_line: int = 5_242_880
    """`PLUGIN_RUNTIME_MAX_BUFFER_SIZE`: a stdout line this long kills the plugin."""
    response_queue: int = 128
    """Chunks between the plugin and a caller; what doesn't fit is dropped."""
    invocation_queue: int = 1024
    """Events between Dify and the plugin; what doesn't fit is dropped."""
    race_window: float = 0.010
    """An end within this time after the first chunk loses what lies between them."""
    write_retry_budget: float = 6.0
    """A request waits so long for a plugin process."""
    heartbeat_timeout: float = 120.0
    """A plugin without a heartbeat for so long is killed."""
    storage: int = 100 * 1024 * 1024
    """`PERSISTENCE_STORAGE_MAX_SIZE`: bytes of all values together."""


@dataclass(slots=True)
class Config:
    """A local server: which plugin it runs, with which endpoints, before which apps."""

    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Hook id to the endpoint's settings, as the plugin receives them.

    `{base_url}` in a setting becomes the URL of this server, once its port is known."""
    plugin: Path = REPOSITORY
    """The plugin's directory, with `manifest.yaml` and `main.py`."""
    plugin_env: Mapping[str, str] = field(default_factory=dict)
    """More environment variables for the plugin process."""
    apps: Mapping[str, App] = field(default_factory=dict)
    """More apps by app id; they come before the demo apps."""
    limits: Limits = field(default_factory=Limits)
    pace: float = 0.03
    """Seconds from one token of a demo app to the next; 0 is as fast as possible."""
    event_rate: float = 2000.0
    """Events a second that one run sends at most, 0 for no bound.

    Dify is Python too; an app in this process would outrun any plugin and lose events that a
    real one doesn't."""
    completion: CompletionMode = "broken"
    """`broken`: completion apps fail over a reverse invocation, as they really do in Dify.

    Over the Service API they work either way."""
    service_api_ping: float = 10.0
    """Seconds from one ping of a Service API stream to the next."""
    upload_delay: float = 12.0
    """Seconds that the answer to the upload of a file takes whose name has `!slow` in it; the SDK
    waits for 10."""
    captures: Path = DEFAULT_CAPTURES
    """Directory of the recorded streams that the `replay` app plays."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port."""
    start_timeout: float = 60.0
    """Seconds that the first plugin process may take to its first heartbeat."""
    console: Callable[[str], None] | None = None
    """Called with each line that the daemon would log; None keeps them in memory only."""


def filled(endpoints: Mapping[str, Mapping[str, Any]], base_url: str) -> dict[str, dict[str, Any]]:
    """The settings of endpoints with the server's URL in place of `{base_url}`."""
    return {
        hook: {
            name: value.replace("{base_url}", base_url) if isinstance(value, str) else value
            for name, value in settings.items()
        }
        for hook, settings in endpoints.items()
    }


def load(path: Path) -> Config:
    """Read a settings file.

    Raises:
        ConfigError: the file can't be read, or isn't what `settings.yaml` shows.
    """
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("endpoints"), dict):
        raise ConfigError(f"{path}: needs a mapping `endpoints` of hook ids to settings")
    for hook, settings in data["endpoints"].items():
        if not isinstance(settings, dict):
            raise ConfigError(f"{path}: the settings of endpoint {hook!r} must be a mapping")
    config = Config(endpoints={str(hook): value for hook, value in data["endpoints"].items()})
    try:
        config.limits = Limits(**(data.get("limits") or {}))
        config.pace = float(data.get("pace", config.pace))
        config.event_rate = float(data.get("event_rate", config.event_rate))
        config.service_api_ping = float(data.get("service_api_ping", config.service_api_ping))
        config.upload_delay = float(data.get("upload_delay", config.upload_delay))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    config.completion = data.get("completion", config.completion)
    if config.completion not in ("mended", "broken"):
        raise ConfigError(f"{path}: `completion` is `mended` or `broken`")
    config.plugin_env = {str(k): str(v) for k, v in (data.get("plugin_env") or {}).items()}
    return config
