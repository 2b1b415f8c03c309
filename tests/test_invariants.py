"""The audit notices what it is there for: whatever row is bent by hand, the check for it fails."""

from collections.abc import Callable
from typing import Any

import pytest
import trio.testing
from msgspec.structs import replace

from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.chart import FEES, OUTSIDE, pool_of
from engine.ledger.records import FreezeRecord, MarketState, TradeRecord
from engine.matching.terms import Outcome
from engine.prediction.commands import CloseQuestion, VoidQuestion
from storage.memory import MemoryStorage
from storage.memory.tables import Tables
from tests.actors.exchanges import ALICE, BOB, CAROL, ROOT, deposit, limit, place, small_exchange
from tests.actors.questions import ask_question, trade
from tests.invariants import audit

# Orders that wait, by their owner's id for them: one for a symbol, two for YES.
SPOT_ORDER, BID, ASK = (ALICE, "spot"), (CAROL, "bid"), (CAROL, "ask")
TRADING, VOID = 5, 6  # two questions, behind three symbols and the accumulators

OrderKey = tuple[int, str]
Bend = Callable[[Tables], None]


async def three_markets() -> MemoryStorage:
    """Alice, Bob and Carol in a spot market, in a question that trades, and in one that was void and is paid."""
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        for account in (ALICE, BOB, CAROL):
            await deposit(exchange, account, USD="100", USDT="100")
        await place(exchange, limit(ALICE, "buy", "10", "1", "spot"))
        trading = await ask_question(exchange)
        await trade(exchange, trading, ALICE, "buy 10 NO at 40")
        await trade(exchange, trading, CAROL, "buy 10 YES at 60")
        await trade(exchange, trading, CAROL, "buy 5 YES at 30", client_order_id="bid")
        await trade(exchange, trading, BOB, "buy 2 YES at 35")
        await trade(exchange, trading, CAROL, "sell 4 YES at 70", client_order_id="ask")
        void = await ask_question(exchange)
        await trade(exchange, void, ALICE, "buy 10 NO at 40")
        await trade(exchange, void, BOB, "buy 10 YES at 60")
        await exchange.accounts.ask(CloseQuestion(void.name, ROOT))
        await exchange.accounts.ask(VoidQuestion(void.name, ROOT))
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert (trading.market_id, void.market_id) == (TRADING, VOID)
    return storage


def market(market_id: int, **fields: Any) -> Bend:
    return lambda tables: tables.markets.update({market_id: replace(tables.markets[market_id], **fields)})


def order(key: OrderKey, **fields: Any) -> Bend:
    def bend(tables: Tables) -> None:
        order_id = tables.orders_by_client_id[key]
        tables.orders[order_id] = replace(tables.orders[order_id], **fields)

    return bend


def hold(key: OrderKey, change: int) -> Bend:
    """Add to what is held for an order; shares that are offered have no row for that."""

    def bend(tables: Tables) -> None:
        order_id = tables.orders_by_client_id[key]
        before = tables.freezes.get(order_id, FreezeRecord(order_id, key[0], PAYOUT_ASSET, 0, "", 0, 0))
        tables.freezes[order_id] = replace(before, amount=before.amount + change)

    return bend


def give(change: int, asset: str, *accounts: int) -> Bend:
    """Give so much to the first account, and take it from the second if there is one."""

    def bend(tables: Tables) -> None:
        for account, amount in zip(accounts, (change, -change), strict=False):
            balance = tables.balances[account, asset]
            tables.balances[account, asset] = replace(balance, total=balance.total + amount)

    return bend


def position(market_id: int, account: int, **changes: int) -> Bend:
    """Add to fields of a position."""

    def bend(tables: Tables) -> None:
        row = tables.positions[market_id, account]
        sums = {name: getattr(row, name) + change for name, change in changes.items()}
        tables.positions[market_id, account] = replace(row, **sums)

    return bend


def free(tables: Tables) -> None:
    tables.positions[VOID, BOB] = replace(tables.positions[VOID, BOB], payout_held=0)


def trades(bent: Callable[[TradeRecord], TradeRecord]) -> Bend:
    """Bend a market's first trade."""

    def bend(tables: Tables) -> None:
        first = min(trade_id for trade_id, made in tables.trades.items() if made.market_id == TRADING)
        tables.trades[first] = bent(tables.trades[first])

    return bend


BENDS: dict[str, tuple[str, tuple[Bend, ...]]] = {
    "money from nowhere": ("check_balances", (give(1, "USD", ALICE),)),
    "a fee that nobody was charged": ("check_fees", (give(1, "USD", FEES, OUTSIDE),)),
    "more held than an order needs": ("check_symbol", (hold(SPOT_ORDER, 1),)),
    "a spot order about a share": ("check_symbol", (order(SPOT_ORDER, outcome=Outcome.YES),)),
    "a share without its other half": ("check_pairs", (position(TRADING, CAROL, yes=1),)),
    "shares below zero": ("check_pairs", (position(TRADING, ALICE, yes=-1), position(TRADING, CAROL, yes=1))),
    "a pair that nobody paid for": ("check_pool", (position(TRADING, CAROL, yes=1, no=1),)),
    "a cost that nobody paid": ("check_pool", (position(TRADING, CAROL, yes_cost=1),)),
    "a profit from nowhere": ("check_pool", (position(TRADING, CAROL, realized=1),)),
    "a pool with too little": ("check_pool", (give(1, PAYOUT_ASSET, ALICE, pool_of(TRADING)),)),
    "a payout that is too much": ("check_pool", (position(VOID, BOB, payout=1),)),
    "shares given away": ("check_history", (position(TRADING, ALICE, no=-1), position(TRADING, CAROL, no=1))),
    "fees of another": ("check_history", (position(TRADING, ALICE, fees=1), position(TRADING, CAROL, fees=-1))),
    "more offered than held": ("check_offers", (order(ASK, quantity_lots=11),)),
    "a bid that holds too little": ("check_share_holds", (hold(BID, -1),)),
    "an ask that holds money": ("check_share_holds", (hold(ASK, 1),)),
    "a book that crosses in terms of YES": ("check_book", (order(BID, price_ticks=660, outcome=Outcome.NO),)),
    "a place in the book taken twice": ("check_book", (order(BID, priority=1), order(ASK, priority=1))),
    "a place in the book that is still to come": ("check_book", (order(BID, priority=1_000),)),
    "a trade with the number of another": ("check_trades", (trades(lambda trade: replace(trade, number=2)),)),
    "a trade of shares without a kind": ("check_trades", (trades(lambda trade: replace(trade, kind=None)),)),
    "a payout of another": ("check_payouts", (position(VOID, ALICE, payout=1), position(VOID, BOB, payout=-1))),
    "a refund of what was no fee": ("check_payouts", (position(VOID, BOB, refund=-1),)),
    "half of a payout held": ("check_payouts", (position(VOID, BOB, payout_held=-1),)),
    "payouts before the answer": ("check_payouts", (market(VOID, state=MarketState.OPEN),)),
    "an end without payouts": ("check_payouts", (market(TRADING, state=MarketState.FINAL),)),
    "a payout that is not held any more": ("check_holds", (free,)),
}


@pytest.mark.trio
async def test_what_an_exchange_wrote_is_in_order() -> None:
    storage = await three_markets()
    await audit(storage.reader)
    (refunded,) = [p for p in await storage.reader.positions(VOID) if p.refund]
    assert (refunded.account_id, refunded.payout, refunded.payout_held) == (BOB, 50_000, 50_000 + refunded.refund)


@pytest.mark.trio
@pytest.mark.parametrize(("check", "bends"), BENDS.values(), ids=BENDS.keys())
async def test_what_was_bent_by_hand_is_not(check: str, bends: tuple[Bend, ...]) -> None:
    storage = await three_markets()
    for bend in bends:
        bend(storage.reader._tables)
    with pytest.raises(AssertionError) as failed:
        await audit(storage.reader)
    assert failed.traceback[-1].name == check
