"""The arguments of `commit.sql`, made from an entry."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.ledger.records import Entry

COMMIT = Path(__file__).with_name("commit.sql").read_text(encoding="utf-8")

_encode = msgspec.json.Encoder().encode


def arguments(entry: Entry) -> list[object]:
    """Make the arguments of the commit statement, in its order."""
    journal = entry.journal
    parts = (
        entry.new_orders,
        entry.changed_orders,
        entry.trades,
        entry.asset_logs,
        entry.freezes,
        entry.balances,
        entry.markets,
        entry.transactions,
        entry.channels,
        entry.positions,
        entry.maker_audit,
        entry.bets,
        entry.options,
        entry.admin_actions,
        [replace(accumulator, legs=()) for accumulator in entry.accumulators],  # legs are written once: as rows
        entry.legs,
    )
    rows = [_encode(part).decode() for part in parts]
    return [journal.sequence, journal.now_ms, journal.body, journal.hash, *rows, list(map(len, parts))]
