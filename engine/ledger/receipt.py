"""The hash that a customer can keep of a bet and of its claim: that of the event as the journal has it."""

import hashlib
from functools import cache
from typing import Any

import msgpack

from engine.ledger.journal import JournalCodec


@cache
def _codec_of(kind: type) -> JournalCodec:
    return JournalCodec((kind,))


def tx_hash(market_id: int, event: Any) -> str:
    """SHA-256 of msgpack [market id, event], as 0x and 64 hexadecimal digits; an event has its tag and its fields."""
    kind: type = type(event)
    packed = msgpack.packb((market_id, _codec_of(kind).pack_event(event)))
    return "0x" + hashlib.sha256(packed).hexdigest()
