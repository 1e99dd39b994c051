"""Settings that are YAML in a text field.

They are composed and not constructed: every scalar stays the text it is (no dates, no numbers), a
name given twice is seen, and aliases are never expanded. No message shows a value.
"""

from collections.abc import Iterator

import yaml

from endpoints.http.errors import InvalidSettings

MAX_CHARACTERS = 64 * 1024
"""Room for a thousand entries; more would stall every caller of the process while it is parsed."""

MAX_ENTRIES = 1000
"""Of a list or mapping; they take a tenth of a second to parse, once."""

MAX_BRACKETS = 16
"""Opening ones. A list or mapping needs one; the parser's time grows with the square of them."""


def compose(setting: str, text: str) -> yaml.Node | None:
    """The document in a setting; None if it is empty.

    Raises:
        InvalidSettings: it is too long or no YAML.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidSettings(setting, f"is longer than {MAX_CHARACTERS} characters")
    if text.count(",") + text.count("\n") > 2 * MAX_ENTRIES:
        raise InvalidSettings(setting, f"has more than {MAX_ENTRIES} entries")
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        raise InvalidSettings(setting, "is nested: names and values have to be plain texts")
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        raise InvalidSettings(setting, "is not valid YAML") from None


def items(setting: str, document: yaml.SequenceNode) -> Iterator[str]:
    """The texts of a list.

    Raises:
        InvalidSettings: it holds something else.
    """
    return (_text(setting, node) for node in document.value)


def entries(setting: str, document: yaml.MappingNode) -> Iterator[tuple[str, str]]:
    """The texts of a mapping, by name.

    Raises:
        InvalidSettings: it holds something else, or one name twice.
    """
    seen: set[str] = set()
    for key, value in document.value:
        name = _text(setting, key)
        if name in seen:
            raise InvalidSettings(setting, "gives one name twice")
        seen.add(name)
        yield name, _text(setting, value)


def _text(setting: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise InvalidSettings(setting, "is nested: names and values have to be plain texts")
    return str(node.value).strip()
