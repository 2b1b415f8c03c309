"""Rows and entries for storage's tests: each builder makes a small, whole row; a test names only what it is about."""

from typing import Any

import msgspec

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import Acceptance, BetRecord, GroupKind, OptionRecord, Pick
from engine.ledger.journal import GENESIS_HASH, chain_hash
from engine.ledger.records import (
    AssetLogRecord,
    Entry,
    FreezeRecord,
    JournalRecord,
    MakerAuditRecord,
    MarketRecord,
    MarketState,
    OrderChange,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from engine.matching.order import Side
from engine.matching.terms import OrderState, Outcome
from tests.engine.ledger.records import order_record

NOW_MS = 1_790_000_000_000


class Entries:
    """Makes entries that follow each other."""

    def __init__(self) -> None:
        self.sequence = 0
        self.hash = GENESIS_HASH

    def next(self, **parts: Any) -> Entry:
        """Make the next entry; `parts` are lists named as the fields of Entry."""
        self.sequence += 1
        body = f"body {self.sequence}".encode()
        self.hash = chain_hash(self.hash, body)
        journal = JournalRecord(self.sequence, NOW_MS + self.sequence, body, self.hash)
        return Entry(journal, **{name: tuple(rows) for name, rows in parts.items()})


def order(order_id: int, **fields: Any) -> OrderRecord:
    """Make an open limit order to buy of account 7 in market 1, with nothing held."""
    return order_record(order_id, **{"created_ms": NOW_MS, "updated_ms": NOW_MS, **fields})


def change(order_id: int, **fields: Any) -> OrderChange:
    """Make an order filled."""
    plain = OrderChange(order_id, OrderState.FILLED, 5, 500, 0, 1, 10**8, 0, NOW_MS + 1)
    return msgspec.structs.replace(plain, **fields)


def trade(trade_id: int, **fields: Any) -> TradeRecord:
    """Make a trade of market 1 in which account 7 buys from account 8."""
    plain = TradeRecord(
        trade_id=trade_id,
        market_id=1,
        number=trade_id,
        price_ticks=100,
        quantity_lots=5,
        value=500,
        taker_side=Side.SELL,
        buy_order_id=1,
        sell_order_id=2,
        buyer_id=7,
        seller_id=8,
        buy_fee=1,
        sell_fee=2,
        created_ms=NOW_MS,
    )
    return msgspec.structs.replace(plain, **fields)


def asset_log(log_id: int, **fields: Any) -> AssetLogRecord:
    """Make a deposit of 10 on account 7."""
    plain = AssetLogRecord(log_id, 7, "USDT", f"t{log_id}", "deposit", 10, 0, 10, NOW_MS)
    return msgspec.structs.replace(plain, **fields)


def freeze(freeze_id: int, **fields: Any) -> FreezeRecord:
    """Make a hold of 500 of account 7."""
    plain = FreezeRecord(freeze_id, 7, "USDT", 500, str(freeze_id), NOW_MS, NOW_MS)
    return msgspec.structs.replace(plain, **fields)


def market(market_id: int, **fields: Any) -> MarketRecord:
    """Make an open market that has not traded."""
    plain = MarketRecord(
        market_id, "spot", f"M{market_id}_USDT", b'{"tick":"0.01"}', NOW_MS, MarketState.OPEN, 0, 0, None
    )
    return msgspec.structs.replace(plain, **fields)


def transaction(account_id: int, trans_id: str, **fields: Any) -> TransactionRecord:
    """Make a deposit of 10."""
    plain = TransactionRecord(account_id, trans_id, "deposit", "USDT", 10, -1, 10, NOW_MS)
    return msgspec.structs.replace(plain, **fields)


def position(market_id: int, account_id: int, **fields: Any) -> PositionRecord:
    """Make 5 shares of YES, bought at 40 cents."""
    plain = PositionRecord(market_id, account_id, yes=5, yes_cost=20_000, fees=200)
    return msgspec.structs.replace(plain, **fields)


def bet(bet_id: int, **fields: Any) -> BetRecord:
    """Make a bet of 1,000 of account 7 on option 1 of market 1, at 1.85."""
    plain = BetRecord(bet_id, 7, 1, None, 1, 1_000, 185, 185, Acceptance.EXACT, NOW_MS, f"0x{bet_id}")
    return msgspec.structs.replace(plain, **fields)


def claimed(bet: BetRecord, payout: int = 1_850) -> BetRecord:
    """Make the row that a bet becomes when it is paid."""
    changes = {"payout": payout, "claim_tx_hash": f"0xc{bet.bet_id}", "claimed_ms": NOW_MS + bet.bet_id}
    return msgspec.structs.replace(bet, **changes)


def option(market_id: int, number: int, **fields: Any) -> OptionRecord:
    """Make the home side's victory, offered at 1.85, without a result."""
    plain = OptionRecord(market_id, number, 1, GroupKind.MONEYLINE, Pick.HOME, True, None, 185, True)
    return msgspec.structs.replace(plain, **fields)


def leg(bet_id: int, number: int, **fields: Any) -> LegRecord:
    """Make a leg on option 1 of the match with the leg's own number, at 1.85."""
    plain = LegRecord(bet_id, number, number, 1, 185, 185)
    return msgspec.structs.replace(plain, **fields)


def accumulator(bet_id: int, *legs: LegRecord, **fields: Any) -> AccumulatorRecord:
    """Make an open accumulator of 1,000 of account 7 in market 9, on matches 1 and 2 if not on others."""
    plain = AccumulatorRecord(
        bet_id,
        account_id=7,
        market_id=9,
        client_bet_id=None,
        stake=1_000,
        accept=Acceptance.EXACT,
        max_payout=3_422,
        created_ms=NOW_MS,
        tx_hash=f"0x{bet_id}",
        legs=legs or (leg(bet_id, 1), leg(bet_id, 2)),
    )
    return msgspec.structs.replace(plain, **fields)


def placed(*accumulators: AccumulatorRecord) -> dict[str, list[Any]]:
    """Make the parts of an entry that places them."""
    return {"accumulators": [*accumulators], "legs": [leg for row in accumulators for leg in row.legs]}


def closed(accumulator: AccumulatorRecord, payout: int = 3_422) -> AccumulatorRecord:
    """Make the row that an accumulator becomes when it is paid, or with a payout of 0 lost for good."""
    claim_tx_hash = f"0xc{accumulator.bet_id}" if payout else None
    changes = {"payout": payout, "claim_tx_hash": claim_tx_hash, "closed_ms": NOW_MS + accumulator.bet_id}
    return msgspec.structs.replace(accumulator, **changes)


def maker_audit(market_id: int, sequence: int, **fields: Any) -> MakerAuditRecord:
    """Make a row that says that the market maker has placed an order to buy 5 of YES."""
    plain = MakerAuditRecord(
        market_id, sequence, "PLACE", OrderState.NEW, sequence, Outcome.YES, Side.BUY, 400, 5, NOW_MS
    )
    return msgspec.structs.replace(plain, **fields)
