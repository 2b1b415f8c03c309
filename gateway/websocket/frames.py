"""What a client sends over the socket. One frame is decoded in one go; what does not fit is MALFORMED, as over REST."""

from typing import Annotated, Literal

import msgspec

from gateway.decoding import decode_body, in_words, malformed
from gateway.limits import ID_END, TEXT_PATTERN
from gateway.rest.orders import CancelAllRequest, CancelOrderRequest, PlaceOrderRequest
from gateway.shapes import Shape

SUBSCRIPTIONS_MAX = 200  # channels of one socket: above it TOO_MANY_REQUESTS; so also of one frame: above it MALFORMED

OpId = Annotated[str, msgspec.Meta(pattern=TEXT_PATTERN)] | Annotated[int, msgspec.Meta(gt=-ID_END, lt=ID_END)]
Channels = Annotated[tuple[str, ...], msgspec.Meta(max_length=SUBSCRIPTIONS_MAX)]
Numbers = Annotated[
    dict[str, Annotated[int, msgspec.Meta(ge=0, lt=ID_END)]], msgspec.Meta(max_length=SUBSCRIPTIONS_MAX)
]

NOTHING = msgspec.Raw(b"")


class Frame(Shape, frozen=True):
    """Any of the things that a frame can ask for; they are done in this order.

    `resume` subscribes, too: {channel: the last number that the client has}.
    """

    unsubscribe: Channels = ()
    subscribe: Channels = ()
    resume: Numbers = msgspec.field(default_factory=dict)
    op: Literal["place", "cancel", "cancel_all"] | None = None
    id: OpId | None = None
    order: msgspec.Raw = NOTHING


class Id(msgspec.Struct, frozen=True):
    """As much of a frame as is needed to answer it, whatever else is wrong with it."""

    id: OpId


FRAME = msgspec.json.Decoder(Frame)
ID = msgspec.json.Decoder(Id)
PLACE = msgspec.json.Decoder(PlaceOrderRequest)
CANCEL = msgspec.json.Decoder(CancelOrderRequest)
CANCEL_ALL = msgspec.json.Decoder(CancelAllRequest)


def read_frame(raw: bytes) -> Frame:
    """Read a frame as far as its op. Raises Rejected."""
    frame = decode_body(raw, FRAME)
    if frame.op is not None and frame.id is None:
        raise malformed("an op needs an id, under which it is answered")
    if frame.op is None and not frame.subscribe and not frame.unsubscribe and not frame.resume:
        raise malformed("the message asks for nothing: it needs subscribe, unsubscribe, resume or op")
    return frame


def read_order(frame: Frame) -> PlaceOrderRequest:
    """Read the order of a place. Raises Rejected, in REST's words."""
    if frame.order is NOTHING:
        raise malformed("op place needs order")
    try:
        return PLACE.decode(frame.order)
    except msgspec.ValidationError as problem:  # nothing else: it has been read with its frame
        raise malformed(in_words(str(problem), PlaceOrderRequest)) from None


def id_of(raw: bytes) -> str | int | None:
    """Find the id of a frame that can't be read; None if even that can't."""
    try:
        return ID.decode(raw).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
