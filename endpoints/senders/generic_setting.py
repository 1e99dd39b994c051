"""The setting `webhook_generic`: the parameters of a sender that has no row of its own."""

from enum import StrEnum

import yaml

from endpoints.http import yaml_setting
from endpoints.http.errors import InvalidSettings
from endpoints.senders.expressions import compile_expression
from endpoints.senders.hmac_signature import ALGORITHMS, Encoding, HmacSignature, placeholders
from endpoints.senders.keys import KeyForm
from endpoints.senders.other_schemes import SharedToken
from endpoints.senders.sender import Sender
from endpoints.senders.table import generic
from endpoints.senders.timestamps import Source, Timestamp, Unit

SETTING = "webhook_generic"
MAX_TOLERANCE_SECONDS = 24 * 60 * 60
"""Beyond a day a timestamp protects from nothing."""

DEFAULTS = {
    "scheme": "hmac",
    "header": "X-Signature-256",
    "prefix": "sha256=",
    "separator": "none",
    "encoding": "hex",
    "algorithm": "sha256",
    "signed": "{body}",
    "key": "text",
    "id_header": "",
    "timestamp": "",
    "timestamp_in": "header",
    "timestamp_unit": "s",
    "tolerance": "300",
    "event": "",
    "delivery_id": "",
}
"""Every parameter, with what holds where it is left out."""

_SEPARATORS = {"none": "", "comma": ",", "space": " "}
_SCHEMES = {"hmac", "token"}


def parse_generic(text: str) -> Sender:
    """The sender that a YAML mapping describes.

    Args:
        text: the setting, "" for all defaults.

    Raises:
        InvalidSettings: it can't be understood.
    """
    given = dict(DEFAULTS)
    for name, value in _entries(text):
        if name not in DEFAULTS:
            raise _invalid(f"has a parameter that is none of {', '.join(DEFAULTS)}")
        given[name] = value
    for name in ("event", "delivery_id"):
        if given[name]:
            compile_expression(SETTING, given[name])
    scheme = SharedToken(_header(given, "header")) if _is_token(given) else _signature(given)
    return generic(scheme, given["event"], given["delivery_id"])


def _entries(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    document = yaml_setting.compose(SETTING, text)
    if not isinstance(document, yaml.MappingNode):
        raise _invalid("has to be a YAML mapping of parameters")
    return list(yaml_setting.entries(SETTING, document))


def _is_token(given: dict[str, str]) -> bool:
    if given["scheme"] not in _SCHEMES:
        raise _invalid("has a `scheme` that is neither hmac nor token")
    return given["scheme"] == "token"


def _signature(given: dict[str, str]) -> HmacSignature:
    if given["separator"] not in _SEPARATORS:
        raise _invalid(f"has a `separator` that is none of {', '.join(_SEPARATORS)}")
    if given["algorithm"] not in ALGORITHMS:
        raise _invalid(f"has an `algorithm` that is none of {', '.join(sorted(ALGORITHMS))}")
    signed = given["signed"]
    used = placeholders(signed)
    if "body" not in used:
        raise _invalid("has a `signed` without {body}: nothing of the delivery would be verified")
    if "url" in used:
        raise _invalid("has {url} in `signed`, which is not known here")
    timestamp = _timestamp(given)
    if ("ts" in used) != (timestamp is not None and timestamp.source is not Source.BODY):
        raise _invalid("needs `timestamp`, in a header or a part, and {ts} in `signed` together")
    if ("id" in used) != bool(given["id_header"]):
        raise _invalid("needs `id_header` and {id} in `signed` together")
    return HmacSignature(
        header=_header(given, "header"),
        prefix=given["prefix"],
        separator=_SEPARATORS[given["separator"]],
        encoding=_choice(given, "encoding", Encoding),
        signed=signed,
        timestamp=timestamp,
        id_header=_header(given, "id_header") if given["id_header"] else "",
        key=_choice(given, "key", KeyForm),
        algorithm=given["algorithm"],
    )


def _timestamp(given: dict[str, str]) -> Timestamp | None:
    if not given["timestamp"]:
        return None
    source = _choice(given, "timestamp_in", Source)
    try:
        tolerance = float(given["tolerance"])
    except ValueError:
        tolerance = 0
    if not 1 <= tolerance <= MAX_TOLERANCE_SECONDS:
        raise _invalid(f"has a `tolerance` that is not 1 to {MAX_TOLERANCE_SECONDS} seconds")
    name = _header(given, "timestamp") if source is Source.HEADER else given["timestamp"]
    return Timestamp(source, name, _choice(given, "timestamp_unit", Unit), tolerance)


def _header(given: dict[str, str], parameter: str) -> str:
    name = given[parameter].lower()
    # Dify's SDK refuses header names with `_`
    if not name.isascii() or not name.replace("-", "").isalnum():
        raise _invalid(f"has a `{parameter}` that is no name of a header")
    return name


def _choice[Choice: StrEnum](
    given: dict[str, str], parameter: str, choices: type[Choice]
) -> Choice:
    try:
        return choices(given[parameter])
    except ValueError:
        raise _invalid(
            f"has `{parameter}` with a value that is none of {', '.join(choices)}"
        ) from None


def _invalid(problem: str) -> InvalidSettings:
    return InvalidSettings(SETTING, problem)
