"""What a client sends over `/ws/odds`: a message at a time, each with its `type`; what does not fit is MALFORMED.

subscribe, unsubscribe     markets
resume                     offsets: {market: the last number that the client has}; it subscribes, too
ping                       nothing
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.decoding import decode_body, malformed
from gateway.limits import ID_END, ID_PATTERN, Id, as_id
from gateway.shapes import Shape

# Matches of one socket: above it TOO_MANY_REQUESTS; so also of one message: above it MALFORMED. A front end may follow
# whole leagues: a season has 380 matches, two of them fit with room. Each costs 0.4 KB here (`tracemalloc`), so a
# socket at its limit 0.4 MB, and CONNECTIONS_MAX of them are 1.6 GB.
MARKETS_MAX = 1_000

Markets = Annotated[tuple[Id, ...], Meta(max_length=MARKETS_MAX)]
Offsets = Annotated[dict[str, Annotated[int, Meta(ge=0, lt=ID_END)]], Meta(max_length=MARKETS_MAX)]


Kind = Literal["subscribe", "unsubscribe", "resume", "ping"]


class Frame(Shape, frozen=True):
    """A message as it comes."""

    type: Kind
    markets: Markets | UnsetType = UNSET
    offsets: Offsets | UnsetType = UNSET


class Asked(msgspec.Struct, frozen=True):
    """What a message asks for: something for these markets. Who resumes has a number for each, else there is None."""

    kind: Kind
    markets: Mapping[int, int | None]


ID = re.compile(ID_PATTERN)
FRAME = msgspec.json.Decoder(Frame)


def read_frame(raw: bytes) -> Asked:
    """Read a message. Raises Rejected."""
    frame = decode_body(raw, FRAME)
    if frame.type == "ping":
        return Asked("ping", {})
    if frame.type == "resume":
        if frame.offsets is UNSET:
            raise malformed("resume needs offsets")
        return Asked("resume", {_read_id(market): after for market, after in frame.offsets.items()})
    if frame.markets is UNSET:
        raise malformed(f"{frame.type} needs markets")
    return Asked(frame.type, dict.fromkeys(map(as_id, frame.markets)))


def _read_id(text: str) -> int:
    if not ID.match(text):
        raise malformed(f"offsets has {text[:64]!a}, which is no market's id")
    return as_id(text)
