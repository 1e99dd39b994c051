"""Events as JSON lines."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.encoding import encode_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_a_line_says_what_the_event_said(value: Any) -> None:
    line = encode_json(value)
    text = line.decode()
    assert len(text.splitlines()) == 1
    decoded = json.loads(line)
    if "inf" not in json.dumps(value).lower():
        assert decoded == value


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u0085", "\x00", "\n", "\r", "\x0b"])
def test_no_character_breaks_a_line(character: str) -> None:
    event = {"a" + character: character * 3, "z": "\U0001f600é" + character}
    text = encode_json(event).decode()
    assert text.splitlines() == [text]
    assert json.loads(text) == event


def test_key_order_is_kept() -> None:
    assert encode_json({"z": 1, "a": 2}) == b'{"z":1,"a":2}'


def test_what_json_does_not_have_becomes_null() -> None:
    assert json.loads(encode_json({"n": float("nan"), "i": [float("-inf")]})) == {
        "n": None,
        "i": [None],
    }
    assert json.loads(encode_json([2**70, float("nan")])) == [2**70, None]


def test_lone_surrogates_do_not_stop_a_stream() -> None:
    assert json.loads(encode_json({"x": "\ud800"})) == {"x": "\ud800"}
