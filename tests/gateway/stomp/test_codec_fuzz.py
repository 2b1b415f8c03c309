"""The codec beside two parsers that others wrote, and beside nonsense.

Where those differ from the specification, they are not asked: stompman drops CR and what has a bare colon, stomp.py
takes one frame at a time and a body that begins with a line end for the end of the head, and escapes no names.
"""

from typing import Any

import stomp.utils  # type: ignore[import-untyped]  # ships no types
from hypothesis import given, settings
from hypothesis import strategies as st
from stompman import MessageFrame, SendFrame
from stompman.serde import FrameParser, dump_frame

from gateway.stomp.codec import CLIENT_COMMANDS, SERVER_COMMANDS, BadFrame, Frame, Parser, Version, encode
from tests.gateway.stomp.fuzzing import RELAXED

VERSIONS = st.sampled_from(["1.1", "1.2"])
ESCAPED_COMMANDS = sorted((CLIENT_COMMANDS | SERVER_COMMANDS) - {"CONNECT", "STOMP", "CONNECTED"})
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NO_CR = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)
SPECIAL = st.text(st.sampled_from("\\\n:ncr ä"), max_size=12)


def headers(values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    names = values.filter(lambda name: name not in ("", "content-length"))
    return st.dictionaries(names, values, max_size=8)


def cuts(raw: bytes, places: list[int]) -> list[bytes]:
    """The same bytes in pieces."""
    ends = sorted({place % (len(raw) + 1) for place in places})
    return [raw[start:end] for start, end in zip([0, *ends], [*ends, len(raw)], strict=True)]


def parse(pieces: list[bytes], version: Version | None) -> list[Frame]:
    parser = Parser(version)
    frames = []
    for piece in pieces:
        parser.feed(piece)
        while (frame := parser.next()) is not None:
            frames.append(frame)
    return frames


def outcome(pieces: list[bytes], version: Version | None) -> tuple[list[Frame], str]:
    """The frames, and the sentence at the end if there is one; anything else that is raised fails the test."""
    parser = Parser(version)
    frames = []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (frame := parser.next()) is not None:
                frames.append(frame)
    except BadFrame as bad:
        return frames, str(bad)
    return frames, ""


def without_length(frame: Frame) -> Frame:
    return Frame(
        frame.command, {name: value for name, value in frame.headers.items() if name != "content-length"}, frame.body
    )


# Ourselves


@settings(RELAXED)
@given(
    st.lists(st.tuples(st.sampled_from(ESCAPED_COMMANDS), headers(TEXT | SPECIAL), st.binary(max_size=20)), max_size=4),
    VERSIONS,
    st.lists(st.integers(0, 10_000), max_size=8),
    st.sampled_from([b"", b"\n", b"\r\n\n"]),
)
def test_what_is_written_is_read_however_it_is_cut(
    contents: list[tuple[str, dict[str, str], bytes]], version: Version, places: list[int], between: bytes
) -> None:
    frames = [Frame(*content) for content in contents]
    raw = between + between.join(encode(frame, version) for frame in frames) + between
    assert [without_length(frame) for frame in parse(cuts(raw, places), version)] == frames


# Others read what we write


@settings(RELAXED)
@given(headers(NO_CR | SPECIAL), st.binary(max_size=30), VERSIONS, st.lists(st.integers(0, 10_000), max_size=8))
def test_stompman_reads_what_we_write(
    content: dict[str, str], body: bytes, version: Version, places: list[int]
) -> None:
    raw = encode(Frame("MESSAGE", content, body), version)
    parser = FrameParser()
    frames: list[Any] = [frame for piece in cuts(raw, places) for frame in parser.parse_frames_from_chunk(piece)]
    (frame,) = frames
    assert isinstance(frame, MessageFrame)
    theirs = dict(frame.headers)
    theirs.pop("content-length", None)
    assert theirs == content
    assert frame.body == body


@settings(RELAXED)
@given(headers(TEXT | SPECIAL), st.binary(max_size=30).filter(lambda body: not body.startswith((b"\n", b"\r"))))
def test_stomp_py_reads_what_we_write(content: dict[str, str], body: bytes) -> None:
    raw = encode(Frame("MESSAGE", content, body), "1.2")
    frame = stomp.utils.parse_frame(raw[:-1])  # its transport takes the NUL
    theirs = dict(frame.headers)
    theirs.pop("content-length", None)
    assert (frame.cmd, theirs, frame.body) == ("MESSAGE", content, body)


# We read what others write


@settings(RELAXED)
@given(headers(NO_CR | SPECIAL), st.binary(max_size=30).filter(lambda body: b"\0" not in body), VERSIONS)
def test_we_read_what_stompman_writes(content: dict[str, str], body: bytes, version: Version) -> None:
    raw = dump_frame(SendFrame(headers=content, body=body))  # type: ignore[arg-type]  # any headers, not only SEND's
    assert parse([raw], version) == [Frame("SEND", content, body)]


@settings(RELAXED)
@given(
    st.dictionaries(st.sampled_from("abcdefgh"), TEXT | SPECIAL),
    st.binary(max_size=30).filter(lambda body: b"\0" not in body),
)
def test_we_read_what_stomp_py_writes(content: dict[str, str], body: bytes) -> None:
    sent: list[Any] = []

    class Transport:
        """Where a protocol of stomp.py leaves its frames."""

        def transmit(self, frame: Any) -> None:
            sent.append(frame)

        def set_listener(self, *_: Any) -> None: ...

    stomp.protocol.Protocol12(Transport()).send_frame("SEND", dict(content), body)
    raw = b"".join(stomp.utils.convert_frame(sent[0]))
    assert parse([raw], "1.2") == [Frame("SEND", content, body)]


# Nonsense


PIECES = [
    b"\0",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b":",
    b"\\",
    b"\\n",
    b"\\x",
    b"\xff",
    b"\xc3\xa4",
    b"0",
    b"7",
    b"x" * 9_000,
]
LINES = [b"SEND", b"SEND\n", b"CONNECT\n", b"ACK\r\n", b"a:b\n", b"content-length:", b"content-length:3\n"]


@settings(RELAXED, max_examples=400)
@given(
    st.lists(st.sampled_from(PIECES + LINES), max_size=40).map(b"".join) | st.binary(max_size=200),
    st.sampled_from([None, "1.1", "1.2"]),
    st.lists(st.integers(0, 400_000), max_size=8),
)
def test_nonsense_is_refused_in_a_sentence_and_cuts_change_no_frame(
    raw: bytes, version: Version | None, places: list[int]
) -> None:
    whole, sentence = outcome([raw], version)
    pieces, other_sentence = outcome(cuts(raw, places), version)
    assert whole == pieces
    assert bool(sentence) == bool(other_sentence)
    assert sentence.isascii()
    assert sentence.isprintable()


@settings(RELAXED)
@given(headers(TEXT), st.binary(max_size=20), st.data())
def test_a_frame_with_one_byte_changed_is_another_frame_or_refused(
    content: dict[str, str], body: bytes, data: st.DataObject
) -> None:
    raw = bytearray(encode(Frame("SEND", content, body), "1.2"))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    outcome([bytes(raw), b"\n"], "1.2")
