"""The journal's bytes: one row a commit, chained by hashes.

    body = msgpack [format, now_ms, first trade id, first log id, parts, balances after]
    part = [market id, now_ms, [[event tag, field, ...], ...]]

Everything a reader needs stands in the row itself: nothing has to be decided again. Money is decimal text, because
msgpack stops at 64 bits; enums are their values; fields stand in the order of their class, and new ones only go last.
"""

import enum
import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import msgpack
import msgspec

from engine.ledger.records import BalanceRecord, JournalRecord
from engine.ledger.units import Units

FORMAT = 1
GENESIS_HASH = bytes(32)
PLAIN = frozenset({int, str, bool})  # what stands in a row as it is; an int must fit 64 bits, so money is Units


class Part(msgspec.Struct, frozen=True):
    """What one market (or, under market 0, the ledger itself) decided in one batch."""

    market_id: int
    now_ms: int
    events: tuple[Any, ...]


class PartRefused(Exception):
    """A part that the ledger can't accept: its market has a defect and must rebuild itself."""


class Row(msgspec.Struct, frozen=True):
    """A journal row, read."""

    now_ms: int
    first_trade_id: int
    first_log_id: int
    parts: tuple[Part, ...]
    balances: tuple[BalanceRecord, ...]


class JournalError(ValueError):
    """A row that is not what this program writes, or that does not follow the one before it."""


def chain_hash(previous: bytes, body: bytes) -> bytes:
    """Hash a row: SHA-256 of the previous row's hash followed by its body."""
    return hashlib.sha256(previous + body).digest()


def check_chain(previous: JournalRecord | None, row: JournalRecord) -> None:
    """Raise JournalError unless `row` follows `previous` (None: it is the first)."""
    sequence, previous_hash = (0, GENESIS_HASH) if previous is None else (previous.sequence, previous.hash)
    if row.sequence != sequence + 1:
        raise JournalError(f"row {row.sequence} stands where row {sequence + 1} belongs")
    if row.hash != chain_hash(previous_hash, row.body):
        raise JournalError(f"row {row.sequence} does not have the hash of its content")


class JournalCodec:
    """Writes and reads rows of the given event classes; their names are the tags, so no two may share one."""

    def __init__(self, event_types: tuple[type, ...]) -> None:
        assert len({kind.__name__ for kind in event_types}) == len(event_types)
        self._packers = {kind: _packer(kind) for kind in event_types}
        self._readers = {kind.__name__: _reader(kind) for kind in event_types}

    def pack(self, row: Row) -> bytes:
        """Write a row's body."""
        parts = [(part.market_id, part.now_ms, [self.pack_event(event) for event in part.events]) for part in row.parts]
        balances = [(b.account_id, b.asset, str(b.total), str(b.held)) for b in row.balances]
        packed: bytes = msgpack.packb((FORMAT, row.now_ms, row.first_trade_id, row.first_log_id, parts, balances))
        return packed

    def pack_event(self, event: Any) -> tuple[object, ...]:
        """An event as it stands in a row: its tag and its fields."""
        return (type(event).__name__, *self._packers[type(event)](event))

    def unpack(self, body: bytes) -> Row:
        """Read a row's body; raises JournalError for another format and for what is no row."""
        try:
            version, *content = msgpack.unpackb(body)
        except (TypeError, ValueError) as error:
            raise JournalError("the row can't be read") from error
        if version != FORMAT:
            raise JournalError(f"the row has format {version}, this program reads {FORMAT}")
        try:
            now_ms, first_trade_id, first_log_id, parts, balances = content
            return Row(
                now_ms,
                first_trade_id,
                first_log_id,
                tuple(
                    Part(market_id, part_ms, tuple(self._readers[tag](fields) for tag, *fields in events))
                    for market_id, part_ms, events in parts
                ),
                tuple(BalanceRecord(account, asset, int(total), int(held)) for account, asset, total, held in balances),
            )
        except (TypeError, ValueError, KeyError) as error:
            raise JournalError("the row can't be read") from error


@cache  # of the class alone
def _packer(kind: type) -> Callable[[Any], list[object]]:
    """Make the function that turns a struct of this class into the list of its fields."""
    converters = [(name, _to_plain(hint)) for name, hint in get_type_hints(kind, include_extras=True).items()]

    def pack(event: object) -> list[object]:
        return [
            value if convert is None or value is None else convert(value)
            for value, convert in ((getattr(event, name), convert) for name, convert in converters)
        ]

    return pack


def _to_plain(hint: Any) -> Callable[[Any], object] | None:
    hint = _without_none(hint)
    if hint == Units:
        return str
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {member: member.value for member in hint}.__getitem__
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _packer(hint)
    if (item := _item_of(hint)) is not None:
        convert = _to_plain(item)
        return list if convert is None else lambda values: [convert(value) for value in values]
    assert hint in PLAIN, f"the journal can't carry {hint}"
    return None


@cache
def _reader(kind: type) -> Callable[[list[Any]], Any]:
    """Make the function that turns the list of fields back into a struct of this class."""
    converters = [_from_plain(hint) for hint in get_type_hints(kind, include_extras=True).values()]

    def read(fields: list[Any]) -> Any:
        if len(fields) > len(converters):
            raise ValueError(f"a newer program knows more of {kind.__name__}")
        return kind(
            *(
                value if convert is None or value is None else convert(value)
                for value, convert in zip(fields, converters, strict=False)  # an older row may lack the last fields
            )
        )

    return read


def _from_plain(hint: Any) -> Callable[[Any], Any] | None:
    hint = _without_none(hint)
    if hint == Units:
        return int
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _reader(hint)
    if (item := _item_of(hint)) is not None:
        convert = _from_plain(item)
        return tuple if convert is None else lambda values: tuple(convert(value) for value in values)
    assert hint in PLAIN, f"the journal can't carry {hint}"
    return None


def _item_of(hint: Any) -> Any:
    """X, if the hint is tuple[X, ...]; otherwise None."""
    items = get_args(hint)
    return items[0] if get_origin(hint) is tuple and len(items) == 2 and items[1] is ... else None


def _without_none(hint: Any) -> Any:
    """Reduce `X | None` to X."""
    options = [option for option in get_args(hint) if option is not type(None)]
    return options[0] if type(None) in get_args(hint) and len(options) == 1 else hint
