"""Forms as bytes: parts of every shape, cut anywhere, bounded in number, size and memory."""

import tracemalloc
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.body import MAX_BODY_BYTES, PIECE_BYTES
from endpoints.http.errors import InvalidParam, PayloadTooLarge, ProxyError
from endpoints.http.form_data import (
    MAX_PARTS,
    MAX_TEXT_BYTES,
    MULTIPART,
    URLENCODED,
    FormPart,
    parse_form,
)

BOUNDARY = "the-boundary"


def multipart(*parts: tuple[str, bytes], boundary: str = BOUNDARY) -> bytes:
    """A body; each part is what stands in its Content-Disposition behind `form-data` (and more
    headers), and its content."""
    lines = [
        f"--{boundary}\r\nContent-Disposition: form-data{head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    ]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def pieces(body: bytes, size: int = PIECE_BYTES) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def parse(body: bytes, mimetype: str = MULTIPART, size: int = PIECE_BYTES) -> list[FormPart]:
    return parse_form(mimetype, BOUNDARY, pieces(body, size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, PIECE_BYTES])
def test_parts_come_whole_and_in_order_however_the_body_is_cut(size: int) -> None:
    body = multipart(
        ('; name="query"', "grüß dich".encode()),
        ('; name="doc"; filename="a b.pdf"\r\nContent-Type: application/pdf', b"\r\n--the-bound"),
        ('; name="doc"; filename=""', b""),
        ('; name="ü"; filename="\u2603%22.txt"', b"x" * 100),
        ("; name=\"d\"; filename*=UTF-8''%e2%82%ac.txt", b""),
        ('; name="raw"\r\nContent-Type: image/png', b"\x89PNG\r\n\x1a\n"),
    )
    assert parse(body, size=size) == [
        FormPart("query", "grüß dich".encode()),
        FormPart("doc", b"\r\n--the-bound", "a b.pdf", "application/pdf"),
        FormPart("doc", b"", ""),
        FormPart("ü", b"x" * 100, '\u2603".txt'),
        FormPart("d", b"", "\u20ac.txt"),
        FormPart("raw", b"\x89PNG\r\n\x1a\n", None, "image/png"),
    ]


names = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.lists(st.tuples(names, st.text(max_size=20))), st.integers(1, 9))
def test_urlencoded_fields_are_those_that_were_sent(
    fields: list[tuple[str, str]], size: int
) -> None:
    fields = [(name, value.encode("utf-8", "replace").decode()) for name, value in fields if name]
    parts = parse(urlencode(fields).encode(), URLENCODED, size)
    assert [(part.name, part.text) for part in parts] == fields


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", []),
        (b"&&", []),
        (b"a", [("a", "")]),
        (b"a&b=", [("a", ""), ("b", "")]),
        (b"a=1=2", [("a", "1=2")]),
        (b"=x", [("", "x")]),
        (b"a=%zz%4", [("a", "%zz%4")]),
        (b"a+b=c+d%2B", [("a b", "c d+")]),
    ],
)
def test_odd_urlencoded_bodies(body: bytes, fields: list[tuple[str, str]]) -> None:
    for size in (1, 100):
        parts = parse(body, URLENCODED, size)
        assert [(part.name, part.text) for part in parts] == fields


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--the-boundary\r\n",
        b"--the-boundary\r\nContent-Disposition: form-data; name=a\r\n\r\nno end",
        b"--the-boundary\r\nContent-Type: text/plain\r\n\r\nx\r\n--the-boundary--",
        b"--the-boundary\r\nContent-Disposition: form-data\r\n\r\nx\r\n--the-boundary--",
        b"--the-boundary\r\nContent-Disposition: form-data; name=\xff\r\n\r\nx\r\n--the-boundary--",
        b"--the-boundary\r\n" + b"X: y\r\n" * 20_000,
        b"x" * 200_000,
    ],
)
def test_malformed_multipart_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidParam):
        parse(body)


@pytest.mark.parametrize("boundary", ["", "x" * 71, "ä", "a\nb"])
def test_a_boundary_that_is_none_is_refused(boundary: str) -> None:
    with pytest.raises(InvalidParam, match="boundary"):
        parse_form(MULTIPART, boundary, [b"--x--"])


def test_text_that_is_none() -> None:
    with pytest.raises(InvalidParam, match="`a`"):
        _ = FormPart("a", b"\xff").text
    with pytest.raises(InvalidParam, match="`a`"):
        _ = FormPart("a", b"x", "x.txt").text
    with pytest.raises(PayloadTooLarge):
        _ = FormPart("a", b"x" * 1024 * 1024 + "\U0001f600".encode()).text


def test_a_content_that_is_encoded_once_more_is_refused() -> None:
    with pytest.raises(InvalidParam, match="`a`"):
        parse(multipart(('; name="a"\r\nContent-Transfer-Encoding: base64', b"eA==")))
    assert parse(multipart(('; name="a"\r\nContent-Transfer-Encoding: binary', b"x")))


def test_a_form_has_its_limits() -> None:
    part = ('; name="a"', b"x")
    assert len(parse(multipart(*[part] * MAX_PARTS))) == MAX_PARTS
    with pytest.raises(PayloadTooLarge, match=str(MAX_PARTS)):
        parse(multipart(*[part] * (MAX_PARTS + 1)))
    assert len(parse(b"a=1&" * MAX_PARTS, URLENCODED)) == MAX_PARTS
    with pytest.raises(PayloadTooLarge, match=str(MAX_PARTS)):
        parse(b"a=1&" * (MAX_PARTS + 1), URLENCODED)
    with pytest.raises(PayloadTooLarge, match=str(MAX_PARTS)):
        parse(b"&" * (MAX_PARTS + 1), URLENCODED)
    half = b"x" * (MAX_TEXT_BYTES // 2)
    assert len(parse(multipart(('; name="a"', half), ('; name="b"', half)))) == 2
    with pytest.raises(PayloadTooLarge, match=r"4\.5 MiB"):
        parse(multipart(('; name="a"', half), ('; name="b"', half + b"x")))
    with pytest.raises(PayloadTooLarge, match=r"4\.5 MiB"):
        parse(b"a=" + half + half + b"x", URLENCODED)
    [file] = parse(multipart(('; name="a"; filename="x"', half * 4)))
    assert file.content == half * 4


def _filled(start: bytes, filling: bytes, end: bytes = b"") -> bytes:
    size = MAX_BODY_BYTES - 1
    repeated = filling * ((size - len(start) - len(end)) // len(filling))
    return start + repeated + end


_HEAD = b'--the-boundary\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n'
_END = b"\r\n--the-boundary--\r\n"
LARGE = {
    "one file": (MULTIPART, _filled(_HEAD + b"\r\n", b"x", _END)),
    "line breaks": (MULTIPART, _filled(_HEAD + b"\r\n", b"\r\n", _END)),
    "almost boundaries": (MULTIPART, _filled(_HEAD + b"\r\n", b"\r\n--the-boundar", _END)),
    "boundaries in lines": (MULTIPART, _filled(_HEAD + b"\r\n", b"\r\n--the-boundaryx", _END)),
    "tiny parts": (MULTIPART, _filled(b"", _HEAD + b"\r\n\r\n")),
    "tiny files of 9 KB": (MULTIPART, _filled(b"", _HEAD + b"\r\n" + b"x" * 10_400 + b"\r\n")),
    "headers": (MULTIPART, _filled(_HEAD, b"a: b\r\n")),
    "no end of a header": (MULTIPART, _filled(_HEAD, b"a")),
    "a preamble": (MULTIPART, _filled(b"", b"--the-boundar\n")),
    "an epilogue": (MULTIPART, _filled(_HEAD + b"\r\nx" + _END, b"x")),
    "ampersands": (URLENCODED, _filled(b"", b"&")),
    "tiny fields": (URLENCODED, _filled(b"", b"a&")),
    "escapes": (URLENCODED, _filled(b"a=", b"%41")),
    "a name": (URLENCODED, _filled(b"", b"%41")),
    "spaces": (URLENCODED, _filled(b"a=", b"+")),
}


@pytest.mark.long
@pytest.mark.parametrize("case", LARGE)
def test_no_body_takes_more_than_twice_its_size(case: str) -> None:
    """Beyond the body itself, which the SDK holds anyway."""
    mimetype, body = LARGE[case]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        form = _parsed_or_refused(mimetype, pieces(body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 2 * len(body)
    if case in ("one file", "line breaks", "almost boundaries", "boundaries in lines"):
        assert form is not None
        assert len(form[0].content) > 0.99 * len(body)


def _parsed_or_refused(mimetype: str, body: Iterable[bytes]) -> list[FormPart] | None:
    try:
        return parse_form(mimetype, BOUNDARY, body)
    except ProxyError as refusal:
        assert refusal.status in (400, 413)
        return None


fragments = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"--the-boundary",
            b"--the-boundary--",
            b"\r\n",
            b"\n",
            b"\r",
            b"Content-Disposition: form-data; name=a",
            b'Content-Disposition: form-data; name="a"; filename="b"',
            b"Content-Disposition: form-data; filename=x",
            b"Content-Disposition: attachment",
            b"Content-Type: text/plain; charset=\xff",
            b"content-disposition: form-data; name*=utf-8''%ff",
            b": ",
            b" x: y",
        ]
    ),
)


@given(st.lists(fragments, max_size=20).map(b"".join), st.integers(1, 40))
def test_no_bytes_make_anything_but_a_form_or_a_refusal(body: bytes, size: int) -> None:
    _parsed_or_refused(MULTIPART, pieces(body, size))
    _parsed_or_refused(URLENCODED, pieces(body, size))
