"""The console page as one document, put together when the plugin starts.

Its sources lie beside this module: a page, a style sheet and scripts. They are put into one file,
so the page needs nothing but itself and the endpoint's routes, and works under any URL.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

SCRIPTS = (
    "dom.js",
    "access.js",
    "fields.js",
    "request.js",
    "stream.js",
    "answer.js",
    "timeline.js",
    "run.js",
    "main.js",
)
"""In their order; they share one scope, in which each builds on those before it."""

_SLOT = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Document:
    """A page and what it may do.

    Attributes:
        html: the page, in UTF-8.
        policy: its Content-Security-Policy, which lets run what stands in it and nothing else.
    """

    html: bytes
    policy: str


def read_document(folder: Path) -> Document:
    """Put the page together from its sources.

    Args:
        folder: where they lie.
    """
    parts = {
        "style": _read(folder / "style.css"),
        "script": "\n".join(_read(folder / name) for name in SCRIPTS),
    }
    page = _SLOT.sub(lambda slot: parts[slot[1]], _read(folder / "page.html"))
    return Document(page.encode(), _policy(parts["style"], parts["script"]))


def _read(path: Path) -> str:
    return path.read_text("utf-8")  # every line break becomes \n, as it does in the browser


def _policy(style: str, script: str) -> str:
    """W3C Content Security Policy Level 3: hashes of what the page holds, and this origin to call.

    Trusted types make the browser refuse text that is to become markup.
    """
    rules = (
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


DOCUMENT = read_document(Path(__file__).parent)
