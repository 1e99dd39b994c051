"""The settings `service_api_url` and `service_api_keys`: which apps have a second way to them."""

import re
from types import MappingProxyType

import yaml

from endpoints.http import yaml_setting
from endpoints.http.errors import InvalidSettings
from endpoints.http.url_setting import parse_base_url
from provider.apps import ExposedApps, is_uuid
from provider.service_api import ServiceApiAccess

_KEY = re.compile(r"[!-~]{1,512}")
"""What may stand in an `Authorization` header (RFC 9110, 5.5) and has no spaces."""


def parse_service_api(url: str, keys: str, apps: ExposedApps) -> ServiceApiAccess | None:
    """How apps are reached over the Service API.

    Args:
        url: the setting `service_api_url`, without surrounding space.
        keys: the setting `service_api_keys`, likewise.
        apps: the apps of the endpoint, for the names that keys are given for.

    Returns:
        the access, or None if no app has a key.

    Raises:
        InvalidSettings: one of the two can't be understood.
    """
    base = parse_base_url("service_api_url", url)
    if not keys:
        return None
    if not base:
        raise InvalidSettings("service_api_keys", "needs `service_api_url` to be set too")
    return ServiceApiAccess(base, MappingProxyType(_keys(keys, apps)))


def _keys(text: str, apps: ExposedApps) -> dict[str, str]:
    setting = "service_api_keys"
    document = yaml_setting.compose(setting, text)
    if not isinstance(document, yaml.MappingNode):
        raise InvalidSettings(setting, "has to be a YAML mapping of app ids or names to keys")
    keys: dict[str, str] = {}
    for name, key in yaml_setting.entries(setting, document):
        app_id = apps.names.get(name) or (name.lower() if is_uuid(name) else "")
        if not app_id:
            raise InvalidSettings(setting, "names an app that this endpoint does not have")
        if not _KEY.fullmatch(key):
            raise InvalidSettings(setting, "has a key that is empty or has characters no key has")
        if app_id in keys:
            raise InvalidSettings(setting, "gives one app two keys")
        keys[app_id] = key
    return keys
