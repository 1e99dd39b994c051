"""A real Dify app behind the local server, reached over Dify's Service API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from localserver.config import Config, ConfigError

HOOK = "local"
NAME = "mine"
APP_ID = "99999999-aaaa-4999-8999-999999999999"
"""Made up: the Service API finds an app by its key, the plugin by an id."""


def with_real_app(config: Config, url: str, key: str) -> Config:
    """Add the app as `mine` to the endpoint `local`.

    An endpoint has one Service API, so the demo apps of `local` are then all reached by reverse
    invocation, the completion app too, which is mended for it.

    Args:
        config: what the server was told otherwise.
        url: of the Service API, `https://api.dify.ai/v1`.
        key: the app's key, `app-...`.

    Raises:
        ConfigError: one of the two is missing, or there is no endpoint `local` with named apps.
    """
    if not url or not key:
        raise ConfigError("--service-api-url and --service-api-key need each other")
    settings = config.endpoints.get(HOOK)
    if settings is None:
        raise ConfigError(f"a real app goes on the endpoint {HOOK!r}, which there is not")
    added: Mapping[str, Any] = {
        **settings,
        "apps": yaml.safe_dump({**_names(settings), NAME: APP_ID}, sort_keys=False),
        "service_api_url": url,
        "service_api_keys": yaml.safe_dump({NAME: key}),
    }
    return replace(config, endpoints={**config.endpoints, HOOK: added}, completion="mended")


def _names(settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        names = yaml.safe_load(str(settings.get("apps") or "{}"))
    except yaml.YAMLError:
        names = None
    if not isinstance(names, dict):
        raise ConfigError(f"`apps` of the endpoint {HOOK!r} must be a mapping of names to ids")
    return names
