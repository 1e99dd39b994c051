"""Texts that Dify shows, in each of its four languages."""

from collections.abc import Iterator
from typing import Any

LANGUAGES = ("en_US", "zh_Hans", "ja_JP", "pt_BR")

_MAX_TEXT = 1023
"""Characters: the daemon refuses a longer text (I18nObject, `lt=1024`)."""


def translation_problems(field: str, text: Any) -> Iterator[str]:
    """What is wrong with `text`, the value of `field`: a text by language."""
    if not isinstance(text, dict):
        yield f"{field} must be a mapping of languages to texts"
        return
    for language in LANGUAGES:
        translation = text.get(language)
        if not isinstance(translation, str) or not translation.strip():
            yield f"{field} has no text in {language}"
        elif len(translation) > _MAX_TEXT:
            yield f"{field} in {language} is longer than {_MAX_TEXT} characters"
    for language in text.keys() - set(LANGUAGES):
        yield f"{field} has a language that Dify does not know: {language}"
