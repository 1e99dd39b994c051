"""The setting `apps`: `*`, app ids, or YAML with app ids or names for them."""

from collections.abc import Iterator
from types import MappingProxyType

import yaml

from endpoints.http import yaml_setting
from endpoints.http.errors import InvalidSettings
from provider.apps import DEFAULT_NAME, ExposedApps, is_app_name, is_uuid

EVERY_APP = "*"


def parse_apps(text: str, picked: str) -> ExposedApps:
    """Which apps may be called.

    Args:
        text: the setting `apps`, without surrounding space.
        picked: the app id in the setting `app`, or "".

    Raises:
        InvalidSettings: `apps` can't be understood.
    """
    names = {DEFAULT_NAME: picked} if picked else {}
    if not text:
        return ExposedApps(MappingProxyType(names), frozenset({picked}) if picked else None)
    ids: set[str] | None = {picked} - {""}
    for name, app_id in _entries(text):
        if app_id == EVERY_APP and name is None:
            ids = None
            continue
        if name is not None:
            names[name] = app_id
        if ids is not None:
            ids.add(app_id)
    return ExposedApps(MappingProxyType(names), None if ids is None else frozenset(ids))


def _entries(text: str) -> Iterator[tuple[str | None, str]]:
    """Name (or None) and app id (or `*`) of each entry."""
    if any(mark in text for mark in "[]{}:#") or text.startswith("- "):
        return _yaml_entries(text)
    return ((None, _app_id(entry)) for entry in text.replace(",", " ").split())


def _yaml_entries(text: str) -> Iterator[tuple[str | None, str]]:
    document = yaml_setting.compose("apps", text)
    if isinstance(document, yaml.SequenceNode):
        for entry in yaml_setting.items("apps", document):
            yield None, _app_id(entry)
    elif isinstance(document, yaml.MappingNode):
        yield from _named_entries(document)
    else:
        raise InvalidSettings("apps", "has to be a YAML list of app ids or a mapping of names")


def _named_entries(document: yaml.MappingNode) -> Iterator[tuple[str, str]]:
    for name, app_id in yaml_setting.entries("apps", document):
        if not is_app_name(name):
            raise InvalidSettings(
                "apps",
                "has a name that is not 1-64 characters of A-Z a-z 0-9 . _ - (nor may it be a UUID "
                f"or `{DEFAULT_NAME}`)",
            )
        if app_id == EVERY_APP:
            raise InvalidSettings("apps", f"gives a name to `{EVERY_APP}`")
        yield name, _app_id(app_id)


def _app_id(text: str) -> str:
    if text == EVERY_APP:
        return text
    if not is_uuid(text):
        raise InvalidSettings("apps", "has an entry that is not an app id (a UUID)")
    return text.lower()
