"""Whatever bytes come: a frame, or bad news in words."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.matching.order import Side
from engine.matching.terms import OrderType
from gateway.answers import Rejected
from gateway.decoding import decode_body
from gateway.rest.orders import PlaceOrderRequest
from gateway.websocket.frames import CANCEL, CANCEL_ALL, Frame, id_of, read_frame, read_order

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["place", "cancel", "cancel_all", "BTC_USDT", "buy", "limit", "100", "orders"]),
)
keys = st.sampled_from(
    [
        "op",
        "id",
        "order",
        "subscribe",
        "unsubscribe",
        "resume",
        "orderId",
        "clientOrderId",
        "symbol",
        "side",
        "type",
        "price",
    ]
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=12,
)


def read_whole(raw: bytes) -> None:
    """Do all that a connection does to read a frame."""
    id_of(raw)
    with suppress(Rejected):
        frame = read_frame(raw)
        assert frame.op or frame.subscribe or frame.unsubscribe or frame.resume
        if frame.op == "place":
            read_order(frame)
        elif frame.op is not None:
            decoder: msgspec.json.Decoder[Any] = CANCEL if frame.op == "cancel" else CANCEL_ALL
            decode_body(raw, decoder)


@given(raw=st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read_whole(raw)


@given(document=documents)
def test_any_document_is_read_or_refused(document: Any) -> None:
    read_whole(msgspec.json.encode(document))


@given(document=documents, cut=st.integers(0, 200))
def test_a_document_that_is_cut_is_read_or_refused(document: Any, cut: int) -> None:
    read_whole(msgspec.json.encode(document)[:cut])


def test_a_frame() -> None:
    raw = b'{"op":"place","id":"7","order":{"symbol":"BTC_USDT","side":"buy","type":"limit","price":"1"},"more":[]}'
    frame = read_frame(raw)
    assert (frame.op, frame.id) == ("place", "7")
    assert read_order(frame) == PlaceOrderRequest("BTC_USDT", Side.BUY, OrderType.LIMIT, price="1")


def test_channels() -> None:
    assert read_frame(b'{"subscribe":["a","b"],"unsubscribe":["c"]}') == Frame(("c",), ("a", "b"))


def test_numbers_to_go_on_from() -> None:
    frame = read_frame(b'{"resume":{"a":0,"b":9007199254740991}}')
    assert frame == Frame(resume={"a": 0, "b": 2**53 - 1})


@pytest.mark.parametrize(
    ("raw", "op_id"),
    [
        (b'{"id":"7","op":7}', "7"),
        (b'{"op":[],"id":7}', 7),
        (b'{"id":7.5}', None),
        (b'{"id":null}', None),
        (b'{"op":7}', None),
        (b"7", None),
        (b"{", None),
        (b'{"id":"\xff"}', None),
        (b"", None),
    ],
)
def test_the_id_is_found_even_in_a_bad_frame(raw: bytes, op_id: str | int | None) -> None:
    assert id_of(raw) == op_id
