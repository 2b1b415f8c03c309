"""The hash that a customer can keep of a bet and of its claim: that of the event as the journal has it."""

import hashlib

import msgpack

from engine.betting.events import BetClaimed, BetPlaced
from engine.ledger.journal import JournalCodec

_CODEC = JournalCodec((BetPlaced, BetClaimed))


def tx_hash(market_id: int, event: BetPlaced | BetClaimed) -> str:
    """SHA-256 of msgpack [market id, event], as 0x and 64 hexadecimal digits; an event has its tag and its fields."""
    return "0x" + hashlib.sha256(msgpack.packb((market_id, _CODEC.pack_event(event)))).hexdigest()
