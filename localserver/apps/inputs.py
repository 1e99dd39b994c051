"""An app's inputs, checked and converted against its form.

The rules and the words are those of Dify's `api/core/app/apps/base_app_generator.py`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from localserver.apps.base import Call, DifyError, Event
from localserver.apps.files import described, file_value, file_values

TEXTS = ("text-input", "select", "paragraph")
FILES = ("file", "file-list")
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
"""What a checkbox takes as text."""


def prepared_inputs(form: Event, call: Call) -> Event:
    """The value of each variable of the form, None where there is none.

    What the form doesn't have falls away.

    Raises:
        DifyError: a required one is missing, or one is not what the form says.
    """
    specs = [spec for entry in form["user_input_form"] for spec in entry.values()]
    checked = {spec["variable"]: _checked(spec, call.inputs) for spec in specs}
    return {spec["variable"]: _converted(spec, checked[spec["variable"]], call) for spec in specs}


def told(form: Event, inputs: Event, call: Call) -> list[str]:
    """Lines that tell what an app got: one for each file, one for all other inputs.

    Args:
        form: the app's form.
        inputs: what `prepared_inputs` made of its inputs.
        call: the run that they came with.
    """
    lines, values = [], []
    for spec in (spec for entry in form["user_input_form"] for spec in entry.values()):
        name, kind = spec["variable"], spec["type"]
        value = inputs[name]
        if value is None:
            continue
        if kind in FILES:
            files = value if isinstance(value, list) else [value]
            lines += [described(name, file, call) for file in files]
        else:
            values.append(f"{name}={value if kind in TEXTS else json.dumps(value)}")
    return [*lines, " ".join(values) + "."] if values else lines


def _checked(spec: Event, inputs: Event) -> Any:
    name, kind = spec["variable"], spec["type"]
    value = inputs.get(name)
    if value is None:
        if spec["required"]:
            raise DifyError.invalid(f"{name} is required in input form")
        return None
    if kind in FILES and not spec["required"] and value in ("", []):
        return None
    if kind in TEXTS and not isinstance(value, str):
        raise DifyError.invalid(f"(type '{kind}') {name} in input form must be a string")
    match kind:
        case "number":
            return _number(name, value)
        case "checkbox":
            return _checkbox(value)
        case "select" if value not in spec["options"]:
            problem = f"must be one of the following: {spec['options']}"
        case "text-input" | "paragraph" if len(value) > spec["max_length"]:
            problem = f"must be less than {spec['max_length']} characters"
        case "file" if not isinstance(value, dict):
            problem = "must be a file"
        case "file-list" if not _all_files(value):
            problem = "must be a list of files"
        case "file-list" if len(value) > spec["max_length"]:
            problem = f"must be less than {spec['max_length']} files"
        case _:
            return value.replace("\x00", "") if isinstance(value, str) else value
    raise DifyError.invalid(f"{name} in input form {problem}")


def _all_files(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _number(name: str, value: Any) -> int | float | None:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise DifyError.internal()
    if not value.strip():
        return None
    try:
        number = float(value) if "." in value else int(value)
    except ValueError:
        raise DifyError.invalid(f"{name} in input form must be a valid number") from None
    if not math.isfinite(float(value)):  # no event could carry it
        raise DifyError.internal()
    return number


def _checkbox(value: Any) -> Any:
    if isinstance(value, dict):
        raise DifyError.invalid("Invalid input type")
    text = value.strip().lower() if isinstance(value, str) else value
    if text in TRUE or text in (1, 1.0):
        return True
    if text in FALSE or text in (0, 0.0):
        return False
    return value


def _converted(spec: Event, value: Any, call: Call) -> Any:
    if value is not None and spec["type"] == "file":
        return file_value(value, call, spec, strict=True)
    if value is not None and spec["type"] == "file-list":
        return file_values(value, call, spec, strict=False)
    return value
