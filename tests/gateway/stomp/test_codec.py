"""Frames as the two versions of the specification write them, and everything that is none."""

from itertools import pairwise

import pytest

from gateway.limits import BODY_BYTES_MAX
from gateway.stomp.codec import (
    FRAME_BYTES_MAX,
    HEADERS_MAX,
    LINE_BYTES_MAX,
    SHOWN_MAX,
    BadFrame,
    Frame,
    Parser,
    Version,
    encode,
    show,
)


def parse(raw: bytes, version: Version | None = "1.2") -> list[Frame]:
    """All frames in these bytes."""
    parser = Parser(version)
    parser.feed(raw)
    return drain(parser)


def drain(parser: Parser) -> list[Frame]:
    frames = []
    while (frame := parser.next()) is not None:
        frames.append(frame)
    return frames


def refusal(raw: bytes, version: Version | None = "1.2") -> str:
    """What is said to bytes that are no frame."""
    with pytest.raises(BadFrame) as caught:
        parse(raw, version)
    return str(caught.value)


# What is a frame


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        (b"DISCONNECT\n\n\0", Frame("DISCONNECT")),
        (b"CONNECT\naccept-version:1.1,1.2\nheart-beat:10000,10000\n\n\0", None),
        (b"SEND\ndestination:/a\n\nhello\0", Frame("SEND", {"destination": "/a"}, b"hello")),
        (b"SEND\r\ndestination:/a\r\n\r\nhello\r\n\0", Frame("SEND", {"destination": "/a"}, b"hello\r\n")),
        (b"SEND\na: b \n\n\0", Frame("SEND", {"a": " b "})),  # spaces are never trimmed
        (b"SEND\na:\n\n\0", Frame("SEND", {"a": ""})),
        (b"SEND\na:b:c:\n\n\0", Frame("SEND", {"a": "b:c:"})),
        (b"SEND\na:1\nb:2\na:3\n\n\0", Frame("SEND", {"a": "1", "b": "2"})),
        ("SEND\nä:ö\n\n\0".encode(), Frame("SEND", {"ä": "ö"})),
        (b"SEND\ncontent-length:3\n\n\0\0\0\0", Frame("SEND", {"content-length": "3"}, b"\0\0\0")),
        (b"SEND\ncontent-length:0\n\n\0", Frame("SEND", {"content-length": "0"})),
        (b"SEND\ncontent-length:1\ncontent-length:9\n\nx\0", Frame("SEND", {"content-length": "1"}, b"x")),
        (b"SEND\n\n\xff\xfe\0", Frame("SEND", {}, b"\xff\xfe")),
    ],
)
def test_a_frame_is_read(raw: bytes, frame: Frame | None) -> None:
    expected = frame or Frame("CONNECT", {"accept-version": "1.1,1.2", "heart-beat": "10000,10000"})
    assert parse(raw) == [expected]


ESCAPED = [
    (r"\\", "\\", "both"),
    (r"\n", "\n", "both"),
    (r"\c", ":", "both"),
    (r"\r", "\r", "1.2"),
    (r"\\n", r"\n", "both"),
    (r"\\\\n", r"\\n", "both"),
    (r"a\cb\nc\\", "a:b\nc\\", "both"),
]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(("escaped", "plain", "since"), ESCAPED)
def test_escapes_in_names_and_values(escaped: str, plain: str, since: str, version: Version) -> None:
    raw = f"MESSAGE\n{escaped}:{escaped}\n\n\0".encode()
    if since in ("both", version):
        assert parse(raw, version) == [Frame("MESSAGE", {plain: plain})]
        assert encode(Frame("MESSAGE", {plain: plain}), version) == raw
    else:
        assert "is no escape of STOMP 1.1" in refusal(raw, version)


@pytest.mark.parametrize("version", ["1.1", "1.2", None])
@pytest.mark.parametrize("escape", [rb"\t", rb"\C", rb"\0", rb"\ ", rb"a\:", b"\\"])
def test_other_escapes_are_refused(escape: bytes, version: Version | None) -> None:
    assert "is no escape of STOMP" in refusal(b"SEND\na:" + escape + b"\n\n\0", version)
    assert "is no escape of STOMP" in refusal(b"SEND\n" + escape + b":a\n\n\0", version)


@pytest.mark.parametrize("version", ["1.1", "1.2", None])
@pytest.mark.parametrize("command", ["CONNECT", "STOMP", "CONNECTED"])
def test_connecting_frames_have_no_escapes(command: str, version: Version | None) -> None:
    frame = Frame(command, {"passcode": r"a\b\n:\c"})
    raw = (
        command.encode()
        + rb"""
passcode:a\b\n:\c

"""
        + b"\0"
    )
    assert parse(raw, version) == [frame]
    assert encode(frame, version) == raw


def test_before_a_version_is_agreed_upon_other_frames_are_read_as_in_1_2() -> None:
    assert parse(b"SEND\r\na:\\r\r\n\r\n\0", None) == [Frame("SEND", {"a": "\r"})]
    assert encode(Frame("ERROR", {"message": "\r"})) == b"ERROR\nmessage:\\r\n\n\0"


def test_in_1_1_a_cr_is_a_byte_like_others() -> None:
    assert parse(b"SEND\na:b\r\n\n\0", "1.1") == [Frame("SEND", {"a": "b\r"})]
    assert encode(Frame("SEND", {"a": "b\r"}), "1.1") == b"SEND\na:b\r\n\n\0"
    assert refusal(b"SEND\r\na:b\r\n\r\n\0", "1.1") == r"there is no command 'SEND\r'"


@pytest.mark.parametrize("version", ["1.1", "1.2", None])
def test_line_ends_between_frames_are_heart_beats(version: Version | None) -> None:
    raw = b"\n\r\n\n" + b"ACK\n\n\0" + b"\r\n\n\r\n" + b"NACK\n\n\0" + b"\n"
    assert parse(raw, version) == [Frame("ACK"), Frame("NACK")]


def test_heart_beats_leave_nothing_behind() -> None:
    parser = Parser("1.2")
    for raw in (b"\r", b"\n", b"\n" * FRAME_BYTES_MAX, b"\r\n" * FRAME_BYTES_MAX):
        parser.feed(raw)
        assert parser.next() is None
    parser.feed(b"ACK\n\n\0")
    assert parser.next() == Frame("ACK")


# Pieces


STREAM = (
    b"\r\nCONNECT\r\na:b\r\n\r\n\0\n\nSEND\ncontent-length:4\na\\c:\xc3\xa4\n\n\0\n\0\n\0\r\n\r\nDISCONNECT\n\n\0\n"
)
FRAMES = [
    Frame("CONNECT", {"a": "b"}),
    Frame("SEND", {"content-length": "4", "a:": "ä"}, b"\0\n\0\n"),
    Frame("DISCONNECT"),
]


def test_many_frames_may_come_at_once() -> None:
    assert parse(STREAM) == FRAMES


@pytest.mark.parametrize("size", range(1, 12))
def test_a_frame_may_come_in_pieces(size: int) -> None:
    parser = Parser("1.2")
    frames = []
    for start in range(0, len(STREAM), size):
        parser.feed(STREAM[start : start + size])
        frames += drain(parser)
    assert frames == FRAMES


def test_nothing_is_read_before_it_is_whole() -> None:
    raw = b"SEND\na:b\n\nbody\0"
    for end in range(len(raw)):
        assert parse(raw[:end]) == []


def test_the_version_counts_from_the_next_frame_on() -> None:
    parser = Parser()
    parser.feed(b"CONNECT\r\n\r\n\0SEND\na:b\r\n\n\0")
    assert parser.next() == Frame("CONNECT")
    parser.version = "1.1"
    assert parser.next() == Frame("SEND", {"a": "b\r"})


# What is none


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"HELLO\n\n\0", "there is no command 'HELLO'"),
        (b"connect\n\n\0", "there is no command 'connect'"),
        (b" CONNECT\n\n\0", "there is no command ' CONNECT'"),
        (b'{"subscribe":["book:BTC_USDT"]}\n', """there is no command '{"subscribe":["book:BTC_USDT"]}'"""),
        (b"GET / HTTP/1.1\r\n", "there is no command 'GET / HTTP/1.1'"),
        (b"\0", "a NUL came before the empty line that ends the headers"),
        (b"CONNECT\0", "a NUL came before the empty line that ends the headers"),
        (b"DISCONNECT\nreceipt:77\n\0", "a NUL came before the empty line that ends the headers"),
        (b"SEND\na:\0\n\n\0", "a NUL came before the empty line that ends the headers"),
        (b"SEND\nab\n\n\0", "a header is name:value, which 'ab' is not"),
        (b"SEND\n:b\n\n\0", "a header is name:value, which ':b' is not"),
        (b"SEND\na:\xff\n\n\0", "the header 'a:\\ufffd' is not UTF-8"),
        (b"SEND\na:b\rc\n\n\0", "there is a bare CR in the header 'a:b\\rc'"),
        (b"CONNECT\na:b\rc\n\n\0", "there is a bare CR in the header 'a:b\\rc'"),
        (b"SEND\ncontent-length:x\n\n\0", "content-length must be a whole number, not 'x'"),
        (b"SEND\ncontent-length:-1\n\n\0", "content-length must be a whole number, not '-1'"),
        (b"SEND\ncontent-length: 1\n\nx\0", "content-length must be a whole number, not ' 1'"),
        (b"SEND\ncontent-length:\n\n\0", "content-length must be a whole number, not ''"),
        ("SEND\ncontent-length:٣\n\n\0".encode(), "content-length must be a whole number, not '\\u0663'"),
        (b"SEND\ncontent-length:2\n\nabc\0", "no NUL follows the 2 bytes that content-length announces"),
    ],
)
def test_what_is_no_frame_is_told_in_a_sentence(raw: bytes, sentence: str) -> None:
    assert refusal(raw) == sentence


def test_a_frame_has_the_bytes_of_a_request_and_not_one_more() -> None:
    head = b"SEND\n\n"
    body = b"x" * (FRAME_BYTES_MAX - len(head) - 1)
    assert FRAME_BYTES_MAX == BODY_BYTES_MAX
    assert parse(head + body + b"\0") == [Frame("SEND", {}, body)]
    assert refusal(head + body + b"x\0") == f"a frame has at most {FRAME_BYTES_MAX} bytes"


def test_too_long_a_frame_is_refused_before_it_has_come() -> None:
    assert refusal(b"SEND\n\n" + b"x" * FRAME_BYTES_MAX) == f"a frame has at most {FRAME_BYTES_MAX} bytes"
    for length in (FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1, 10**12):
        assert refusal(b"SEND\ncontent-length:%d\n\n" % length + b"x" * FRAME_BYTES_MAX) == (
            f"a frame has at most {FRAME_BYTES_MAX} bytes"
        )


def test_a_length_of_thousands_of_digits_costs_no_time() -> None:
    assert refusal(b"SEND\ncontent-length:" + b"9" * 8_000 + b"\n\n") == f"a frame has at most {FRAME_BYTES_MAX} bytes"


def test_the_limits_hold_for_each_frame_and_not_for_all_of_them() -> None:
    frame = b"SEND\na:b\n\n" + b"x" * 40_000 + b"\0"
    assert len(parse(frame * 5)) == 5


def test_a_line_has_a_limit() -> None:
    line = b"a:" + b"x" * (LINE_BYTES_MAX - 2)
    assert len(parse(b"SEND\n" + line + b"\n\n\0")) == 1
    expected = f"a line of a frame's head has at most {LINE_BYTES_MAX} bytes"
    assert refusal(b"SEND\n" + line + b"x\n\n\0") == expected
    assert refusal(b"SEND\n" + line + b"x") == expected
    assert refusal(b"x" * (LINE_BYTES_MAX + 1)) == expected


def test_headers_have_a_limit_also_those_that_do_not_count() -> None:
    assert len(parse(b"SEND\n" + b"a:b\n" * HEADERS_MAX + b"\n\0")) == 1
    assert refusal(b"SEND\n" + b"a:b\n" * (HEADERS_MAX + 1)) == f"a frame has at most {HEADERS_MAX} headers"


def test_many_long_headers_are_too_long_a_frame() -> None:
    header = b"a:" + b"x" * 8_000 + b"\n"
    assert refusal(b"SEND\n" + header * 9) == f"a frame has at most {FRAME_BYTES_MAX} bytes"


def test_a_refusal_quotes_little_and_plainly() -> None:
    sentence = refusal(b"\x1b[31m\xe2\x80\xae" + b"x" * 1_000 + b"\n")
    assert sentence.isascii()
    assert sentence.isprintable()
    assert len(sentence) < 100
    assert show("x" * 100) == "'" + "x" * (SHOWN_MAX - 1) + "..."


# Writing


def test_a_body_gets_its_length_in_bytes() -> None:
    frame = Frame("MESSAGE", {"a": "b"}, "ä\0".encode())
    assert encode(frame, "1.2") == b"MESSAGE\na:b\ncontent-length:3\n\n\xc3\xa4\0\0"
    assert frame.headers == {"a": "b"}


def test_no_body_needs_no_length() -> None:
    assert encode(Frame("RECEIPT", {"receipt-id": "7"}), "1.2") == b"RECEIPT\nreceipt-id:7\n\n\0"


def test_headers_keep_their_order() -> None:
    raw = encode(Frame("MESSAGE", dict.fromkeys("zyxa", "")), "1.2")
    positions = [raw.index(b"\n" + name) for name in (b"z", b"y", b"x", b"a")]
    assert all(before < after for before, after in pairwise(positions))
