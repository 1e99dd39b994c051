"""Settings that are the URL of a server, under which there are paths."""

from urllib.parse import urlsplit

from endpoints.http.errors import InvalidSettings


def parse_base_url(setting: str, url: str) -> str:
    """A base URL without a slash at its end; "" for none.

    Args:
        setting: the setting's name.
        url: its value, without surrounding space.

    Raises:
        InvalidSettings: it is no such URL.
    """
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidSettings(setting, "is not an http or https URL with a host")
    if "@" in parts.netloc:
        raise InvalidSettings(setting, "must not carry a user name or password")
    if "?" in url or "#" in url:
        raise InvalidSettings(setting, "must not have a query or a fragment")
    return url.rstrip("/")
