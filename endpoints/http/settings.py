"""The settings of an endpoint, parsed once into a value that can't change and shows no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from endpoints.http.apps_setting import parse_apps
from endpoints.http.cors_setting import AllowedOrigins, parse_cors_origins
from endpoints.http.errors import InvalidSettings
from endpoints.http.service_api_setting import parse_service_api
from endpoints.http.url_setting import parse_base_url
from provider.apps import ExposedApps, is_uuid
from provider.service_api import ServiceApiAccess

MIN_KEY_CHARACTERS = 16
"""A shorter key can be guessed over the network."""

CACHED_SETTINGS = 256
"""Endpoints whose parsed settings are kept: YAML takes milliseconds that a request should not."""


class KeyLocation(StrEnum):
    """Where a caller may present a key."""

    HEADER = "header"
    HEADER_OR_QUERY = "header_or_query"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the administrator filled in, understood.

    Attributes:
        api_keys: the keys that callers may present, as bytes for a constant-time comparison.
        key_location: where a key is accepted.
        apps: which apps may be called.
        service_api: the apps that are reached over the Service API, or None.
        cors_origins: the origins whose pages may call.
        public_url: this endpoint's URL as the world sees it, without a slash at its end, or "".
    """

    api_keys: tuple[bytes, ...] = field(repr=False)
    key_location: KeyLocation
    apps: ExposedApps
    service_api: ServiceApiAccess | None
    cors_origins: AllowedOrigins
    public_url: str


def parse_settings(raw: Mapping[str, Any]) -> Settings:
    """Understand the settings as the daemon hands them over.

    Args:
        raw: decrypted settings by name; missing, None and "" mean the same.

    Raises:
        InvalidSettings: one of them can't be understood.
    """
    outcome = _parse(
        _text(raw, "api_key"),
        _text(raw, "key_location"),
        _picked_app(raw.get("app")),
        _text(raw, "apps"),
        _text(raw, "service_api_url"),
        _text(raw, "service_api_keys"),
        _text(raw, "cors_origins"),
        _text(raw, "public_url"),
    )
    if isinstance(outcome, InvalidSettings):
        raise InvalidSettings(outcome.setting, outcome.problem)
    return outcome


@lru_cache(maxsize=CACHED_SETTINGS)
def _parse(
    api_key: str,
    key_location: str,
    app_id: str,
    apps: str,
    service_api_url: str,
    service_api_keys: str,
    cors_origins: str,
    public_url: str,
) -> Settings | InvalidSettings:
    """The settings, or what is wrong with them: both are worth keeping."""
    try:
        location = _key_location(key_location)
        exposed = parse_apps(apps, app_id)
        return Settings(
            api_keys=_api_keys(api_key, required=location is not KeyLocation.NONE),
            key_location=location,
            apps=exposed,
            service_api=parse_service_api(service_api_url, service_api_keys, exposed),
            cors_origins=parse_cors_origins(cors_origins),
            public_url=parse_base_url("public_url", public_url),
        )
    except InvalidSettings as invalid:
        return invalid.with_traceback(None)


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidSettings(name, "has to be a text")
    return value.strip()


def _picked_app(value: Any) -> str:
    """The id in an app-selector's value, `{"app_id": "..."}`; "" if no app is picked."""
    app_id = value.get("app_id") if isinstance(value, Mapping) else value
    if app_id is None or app_id == "":
        return ""
    if not isinstance(app_id, str) or not is_uuid(app_id):
        raise InvalidSettings("app", "does not name an app")
    return app_id.lower()


def _key_location(text: str) -> KeyLocation:
    try:
        return KeyLocation(text or KeyLocation.HEADER)
    except ValueError:
        choices = ", ".join(f"`{location}`" for location in KeyLocation)
        raise InvalidSettings("key_location", f"has to be one of {choices}") from None


def _api_keys(text: str, *, required: bool) -> tuple[bytes, ...]:
    keys = text.replace(",", " ").split()
    if required and not keys:
        raise InvalidSettings("api_key", "is empty")
    if any(len(key) < MIN_KEY_CHARACTERS for key in keys):
        raise InvalidSettings(
            "api_key", f"holds a key of fewer than {MIN_KEY_CHARACTERS} characters"
        )
    try:
        return tuple(key.encode() for key in keys)
    except UnicodeEncodeError:
        raise InvalidSettings("api_key", "holds a character that is not Unicode") from None
