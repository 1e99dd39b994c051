"""The settings form of an endpoint group."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packager.translations import translation_problems

_TYPES = frozenset({"secret-input", "text-input", "select", "app-selector"})
"""`boolean` is a type that Dify has, but its form sends values that the daemon refuses."""

_APP_SCOPES = frozenset({"all", "chat", "workflow", "completion"})
_TEXTS = ("label", "help", "placeholder")


def setting_problems(settings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the form's fields; nothing if Dify shows and saves them all."""
    for name, times in Counter(str(setting.get("name")) for setting in settings).items():
        if times > 1:
            yield f"setting {name} is there {times} times"
    for setting in settings:
        for problem in _problems(setting):
            yield f"setting {setting.get('name')}: {problem}"


def _problems(setting: Mapping[str, Any]) -> Iterator[str]:
    if setting.get("type") not in _TYPES:
        yield f"type must be one of {', '.join(sorted(_TYPES))}"
    for field in _TEXTS:
        if field == "label" or field in setting:
            yield from translation_problems(field, setting.get(field))
    if "scope" in setting and (
        setting.get("type") != "app-selector" or setting["scope"] not in _APP_SCOPES
    ):
        yield f"scope is for an app-selector, one of {', '.join(sorted(_APP_SCOPES))}"
    if setting.get("type") == "select":
        yield from _select_problems(setting)


def _select_problems(setting: Mapping[str, Any]) -> Iterator[str]:
    options = setting.get("options") or []
    values = [option.get("value") for option in options]
    if not all(isinstance(value, str) and value for value in values):
        # YAML reads an unquoted `off` or `none` as something else than its letters.
        yield "the value of every option must be a string, in quotes"
    if setting.get("default") not in values:
        # Without a default the form saves "", which the daemon refuses as not an option.
        yield "default must be the value of one of its options"
    for option in options:
        yield from translation_problems(f"option {option.get('value')}", option.get("label"))
