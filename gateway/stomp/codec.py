"""STOMP 1.1 and 1.2: bytes to frames as they come in, and frames to bytes; it neither waits nor knows of sessions.

COMMAND EOL             one of the known                                  EOL is LF, or CR LF except in 1.1
name:value EOL          any number up to HEADERS_MAX; of one that comes twice the first counts
EOL
body NUL                `content-length` bytes of it, else up to the first NUL
EOL EOL ...             between frames: heart-beats

In names and values backslash, LF and colon are escaped, from 1.2 on CR too; never in CONNECT, STOMP and CONNECTED.
"""

import re
from typing import Literal, NoReturn

import msgspec

from gateway.limits import BODY_BYTES_MAX

Version = Literal["1.1", "1.2"]

FRAME_BYTES_MAX = BODY_BYTES_MAX  # a frame has the room that a request has; above it the peer means no good
HEADERS_MAX = 32  # SUBSCRIBE needs four; the rest is for what clients and their proxies add
LINE_BYTES_MAX = 8 * 1024  # a token is the longest of them, with some hundred bytes; what web servers allow
SHOWN_MAX = 64  # characters of what came that an error repeats
TOO_LONG = f"a frame has at most {FRAME_BYTES_MAX} bytes"

CLIENT_COMMANDS = frozenset(
    {"CONNECT", "STOMP", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "SEND", "BEGIN", "COMMIT", "ABORT", "DISCONNECT"}
)
SERVER_COMMANDS = frozenset({"CONNECTED", "MESSAGE", "RECEIPT", "ERROR"})
NEVER_ESCAPED = frozenset({"CONNECT", "STOMP", "CONNECTED"})

ESCAPES = {
    "1.1": str.maketrans({"\\": r"\\", "\n": r"\n", ":": r"\c"}),
    "1.2": str.maketrans({"\\": r"\\", "\n": r"\n", ":": r"\c", "\r": r"\r"}),
}
MEANINGS = {version: {escape: chr(code) for code, escape in table.items()} for version, table in ESCAPES.items()}
ESCAPE = re.compile(r"\\.?", re.DOTALL)
LINE_ENDS = re.compile(rb"[\r\n]*")  # of a pair, one may come later


class Frame(msgspec.Struct, frozen=True):
    """One frame; its headers are those that count, without their escapes."""

    command: str
    headers: dict[str, str] = {}
    body: bytes = b""


class BadFrame(Exception):
    """This is no frame, and nothing behind it can be read; the text is a sentence for who sent it."""


def encode(frame: Frame, version: Version | None = None) -> bytes:
    """Write a frame; a body gets its `content-length`. None as version: before one has been agreed upon."""
    headers = frame.headers
    if frame.body and "content-length" not in headers:
        headers = {**headers, "content-length": str(len(frame.body))}
    if frame.command in NEVER_ESCAPED:
        lines = [f"{name}:{value}" for name, value in headers.items()]
        assert not any("\n" in line for line in lines)
    else:
        escapes = ESCAPES[version or "1.2"]
        lines = [f"{name.translate(escapes)}:{value.translate(escapes)}" for name, value in headers.items()]
    return "\n".join([frame.command, *lines, "", ""]).encode() + frame.body + b"\0"


class Parser:
    """Feed it bytes, ask it for frames. Once it has raised BadFrame, nothing more can be had from it."""

    def __init__(self, version: Version | None = None) -> None:
        self.version = version  # None until one has been agreed upon
        self._buffer = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._taken = 0  # bytes of this frame that have left the buffer
        self._searched = 0  # bytes of the buffer that do not hold what is looked for
        self._command = ""
        self._headers: dict[str, str] = {}
        self._header_count = 0
        self._in_body = False
        self._body_bytes: int | None = None

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Frame | None:
        """Take the next frame, or None while it is not whole. Raises BadFrame."""
        if not self._command:
            line_ends = LINE_ENDS.match(self._buffer)
            assert line_ends is not None
            del self._buffer[: line_ends.end()]
        while not self._in_body:
            line = self._take_line()
            if line is None:
                return None
            self._read_line(line)
        body = self._take_body()
        if body is None:
            return None
        frame = Frame(self._command, self._headers, body)
        self._begin()
        return frame

    # The head

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._searched)
        if self._buffer.find(b"\0", self._searched, end if end >= 0 else None) >= 0:
            _refuse("a NUL came before the empty line that ends the headers")
        if (end if end >= 0 else len(self._buffer)) > LINE_BYTES_MAX:
            _refuse(f"a line of a frame's head has at most {LINE_BYTES_MAX} bytes")
        if end < 0:
            self._wait()
            return None
        line = self._take(end + 1)[:-1]
        return line.removesuffix(b"\r") if self.version != "1.1" else line

    def _read_line(self, line: bytes) -> None:
        if not self._command:
            command = line.decode("latin1")
            if command not in CLIENT_COMMANDS and command not in SERVER_COMMANDS:
                _refuse(f"there is no command {show(line)}")
            self._command = command
        elif line:
            self._read_header(line)
        else:
            self._in_body = True
            self._body_bytes = self._content_length()

    def _read_header(self, line: bytes) -> None:
        self._header_count += 1
        if self._header_count > HEADERS_MAX:
            _refuse(f"a frame has at most {HEADERS_MAX} headers")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            _refuse(f"the header {show(line)} is not UTF-8")
        name, colon, value = text.partition(":")
        if not name or not colon:
            _refuse(f"a header is name:value, which {show(line)} is not")
        if "\r" in text and self.version != "1.1":
            _refuse(f"there is a bare CR in the header {show(line)}")
        if "\\" in text and self._command not in NEVER_ESCAPED:
            name, value = self._unescape(name), self._unescape(value)
        self._headers.setdefault(name, value)

    def _unescape(self, text: str) -> str:
        version = self.version or "1.2"

        def meaning(escape: re.Match[str]) -> str:
            known = MEANINGS[version].get(escape[0])
            return known if known is not None else _refuse(f"{show(escape[0])} is no escape of STOMP {version}")

        return ESCAPE.sub(meaning, text)

    def _content_length(self) -> int | None:
        text = self._headers.get("content-length")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()):
            _refuse(f"content-length must be a whole number, not {show(text)}")
        if len(text) > len(str(FRAME_BYTES_MAX)) or int(text) > FRAME_BYTES_MAX:
            _refuse(TOO_LONG)
        return int(text)

    # The body

    def _take_body(self) -> bytes | None:
        length = self._body_bytes
        if length is None:
            length = self._buffer.find(b"\0", self._searched)
        elif length >= len(self._buffer):
            length = -1
        elif self._buffer[length]:
            _refuse(f"no NUL follows the {length} bytes that content-length announces")
        if length < 0:
            self._wait()
            return None
        return self._take(length + 1)[:-1]

    # The buffer

    def _take(self, count: int) -> bytes:
        self._taken += count
        if self._taken > FRAME_BYTES_MAX:
            _refuse(TOO_LONG)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._searched = 0
        return taken

    def _wait(self) -> None:
        """Remember that what is here has been looked at."""
        self._searched = len(self._buffer)
        if self._taken + self._searched > FRAME_BYTES_MAX:
            _refuse(TOO_LONG)


def show(text: str | bytes) -> str:
    """Quote what came: printable, and not all of it."""
    plain = ascii(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    return plain if len(plain) <= SHOWN_MAX else f"{plain[:SHOWN_MAX]}..."


def _refuse(sentence: str) -> NoReturn:
    raise BadFrame(sentence)
