"""The rules of the WHATWG's HTML standard for event streams."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.sse import EventTooLong, parse_sse


def parsed(*chunks: bytes) -> list[tuple[str, str]]:
    return [(event.name, event.data) for event in parse_sse(chunks)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_kind_of_line_end(end: bytes) -> None:
    assert parsed(b"data: a" + end + b"data: b" + end + end) == [("message", "a\nb")]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [("message", "a")]),
        (b"data:a\n\n", [("message", "a")]),
        (b"data:  a\n\n", [("message", " a")]),
        (b"data\n\n", [("message", "")]),
        (b"event: ping\n\n", [("ping", "")]),
        (b"event: ping\ndata: x\n\ndata: y\n\n", [("ping", "x"), ("message", "y")]),
        (b": a comment\n\n", []),
        (b":\ndata: a\n\n", [("message", "a")]),
        (b"id: 5\nretry: 10\nodd\n\n", []),
        (b"\n\n\ndata: a\n\n\n\n", [("message", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
        (b"data: \xef\xbb\xbfa\n\n", [("message", "\ufeffa")]),
        (b"data: a: b\n\n", [("message", "a: b")]),
        (b"data: a\r\n\n", [("message", "a")]),
        (b"data: a\n\r\n", [("message", "a")]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        (b"data: \xff\n\n", [("message", "\ufffd")]),
        ("data: é\u2028\u0085\x0b\n\n".encode(), [("message", "é\u2028\u0085\x0b")]),
        (b"", []),
    ],
)
def test_fields(stream: bytes, events: list[tuple[str, str]]) -> None:
    assert parsed(stream) == events
    assert parsed(*(bytes([byte]) for byte in stream)) == events


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["data", "event", "id", "", "x", "data "]),
            st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=5),
            st.sampled_from(["\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r"]),
        )
    ),
    st.lists(st.integers(0, 200)),
)
def test_where_a_stream_is_cut_makes_no_difference(
    lines: list[tuple[str, str, str]], cuts: list[int]
) -> None:
    stream = "".join(f"{field}:{value}{end}" for field, value, end in lines).encode()
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in itertools.pairwise(places)]
    assert parsed(*pieces) == parsed(stream)


@pytest.mark.parametrize("piece", [b"x" * 65536, b"data: " + b"x" * 65536 + b"\n"])
def test_an_event_that_never_ends_is_given_up(piece: bytes) -> None:
    with pytest.raises(EventTooLong):
        list(parse_sse(piece for _ in range(1000)))
