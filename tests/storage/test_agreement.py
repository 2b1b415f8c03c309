"""Hypothesis writes scripts of commits, and both storages answer alike after each: what they refuse included."""

from itertools import product
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.betting.lifecycle import MatchStanding, write_standing
from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import BetRecord, OptionRecord, Result
from engine.ledger.records import (
    AssetLogRecord,
    BalanceRecord,
    ChannelRecord,
    Entry,
    FreezeRecord,
    MakerAuditRecord,
    MarketRecord,
    MarketState,
    OrderChange,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from storage.interface import (
    AccumulatorFilter,
    BetFilter,
    CommitImpossible,
    OrderFilter,
    Reader,
    Storage,
    TradeFilter,
)
from storage.memory import MemoryStorage
from tests.storage.drawn import MANY_EXAMPLES, UNITS, open_emptied, rows
from tests.storage.entries import Entries

# Few ids, so that rows meet: filters find some and leave some, and entries are refused.

IDS = st.integers(1, 5)
ACCOUNTS = st.sampled_from([-1, 7, 8])
ASSETS = st.sampled_from(["BTC", "USDT"])
MONEY = st.integers(0, 9)
MARKETS = st.integers(1, 2)
OPTIONS = st.integers(1, 2)
STATES = st.sampled_from([MarketState.OPEN, MarketState.FINAL, MarketState.SETTLED])
PRODUCTS = st.sampled_from(["spot", "prediction", "betting"])
STANDINGS = st.sampled_from([b"", *(write_standing(MatchStanding(final=final)) for final in (True, False))])
TIMES = st.integers(0, 9)

SMALL_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "new_orders": st.lists(
            rows(
                OrderRecord,
                order_id=IDS,
                account_id=ACCOUNTS,
                market_id=MARKETS,
                client_order_id=st.none() | st.sampled_from(["a", "A"]),
                held=st.just(0),
            ),
            max_size=2,
        ),
        "changed_orders": st.lists(rows(OrderChange, order_id=IDS, held=st.just(0)), max_size=1),
        "trades": st.lists(
            rows(
                TradeRecord,
                trade_id=IDS,
                market_id=MARKETS,
                buyer_id=ACCOUNTS,
                seller_id=ACCOUNTS,
                created_ms=TIMES,
            ),
            max_size=3,
        ),
        "asset_logs": st.lists(rows(AssetLogRecord, log_id=IDS, account_id=ACCOUNTS, asset=ASSETS), max_size=2),
        "freezes": st.lists(rows(FreezeRecord, freeze_id=IDS, account_id=ACCOUNTS, amount=MONEY), max_size=2),
        "balances": st.lists(
            rows(BalanceRecord, account_id=ACCOUNTS, asset=ASSETS, total=UNITS, held=MONEY), max_size=3
        ),
        "markets": st.lists(
            rows(MarketRecord, market_id=MARKETS, product=PRODUCTS, state=STATES, standing=STANDINGS), max_size=2
        ),
        "transactions": st.lists(
            rows(TransactionRecord, account_id=ACCOUNTS, trans_id=st.sampled_from(["x", "y"])), max_size=1
        ),
        "channels": st.lists(
            rows(ChannelRecord, channel=st.sampled_from(["account:7", "account:8", "trades:A"]), last_seq=IDS),
            max_size=2,
        ),
        "positions": st.lists(rows(PositionRecord, market_id=MARKETS, account_id=ACCOUNTS), max_size=2),
        "maker_audit": st.lists(rows(MakerAuditRecord, market_id=MARKETS, sequence=IDS), max_size=2),
        "bets": st.lists(
            rows(
                BetRecord,
                bet_id=IDS,
                account_id=ACCOUNTS,
                market_id=MARKETS,
                client_bet_id=st.none() | st.sampled_from(["a", "A"]),
                option_number=OPTIONS,
                payout=st.none() | MONEY,
            ),
            max_size=3,
        ),
        "options": st.lists(
            rows(
                OptionRecord, market_id=MARKETS, number=OPTIONS, result=st.sampled_from([None, Result.LOSS, Result.WIN])
            ),
            max_size=3,
        ),
        "accumulators": st.lists(
            rows(
                AccumulatorRecord,
                bet_id=IDS,
                account_id=ACCOUNTS,
                market_id=MARKETS,
                client_bet_id=st.none() | st.sampled_from(["a", "A"]),
                payout=st.none() | MONEY,
                legs=st.just(()),
            ),
            max_size=3,
        ),
        "legs": st.lists(
            rows(LegRecord, bet_id=IDS, leg=st.integers(1, 3), market_id=MARKETS, option_number=OPTIONS), max_size=4
        ),
    },
)


@pytest.mark.slow
@MANY_EXAMPLES
@given(script=st.lists(SMALL_PARTS, min_size=1, max_size=5))
def test_both_storages_answer_alike_after_every_script(postgres_dsn: str, script: list[dict[str, Any]]) -> None:
    """Refusals too: an entry that one of them refuses, the other refuses."""

    async def check() -> None:
        memory = MemoryStorage()
        entries = Entries()
        async with open_emptied(postgres_dsn) as postgres:
            for parts in script:
                before = (entries.sequence, entries.hash)
                entry = entries.next(**parts)
                done = [await is_committed(storage, entry) for storage in (memory, postgres)]
                assert done[0] == done[1]
                if not done[0]:
                    entries.sequence, entries.hash = before
                assert await everything(memory.reader) == await everything(postgres.reader)

    trio.run(check)


async def is_committed(storage: Storage, entry: Entry) -> bool:
    try:
        await storage.writer.commit(entry)
    except CommitImpossible:
        return False
    return True


async def everything(reader: Reader) -> list[object]:
    """Ask all there is to ask about the few ids."""
    markets = (None, 1)
    pages = ((None, 100), (4, 2))
    answers: list[object] = [
        await reader.journal_head(),
        await reader.journal(1, 2),
        await reader.counters(),
        await reader.markets(),
        await reader.stream_numbers(),
        await reader.trial_balance(),
    ]
    answers += [await reader.open_orders(market) for market in markets]
    answers += [await reader.order(order_id) for order_id in (1, 2)]
    answers += [await reader.order_by_client_id(7, client_id) for client_id in ("a", "A")]
    answers += [await reader.transaction(7, trans_id) for trans_id in ("x", "y")]
    answers += [
        await reader.orders(OrderFilter(account, market, is_open, before, limit))
        for account, market, is_open, (before, limit) in product((None, -1, 7), markets, (None, True, False), pages)
    ]
    answers += [
        await reader.trades(TradeFilter(account, market, before, limit))
        for account, market, (before, limit) in product((None, -1, 7), markets, pages)
    ]
    answers += [await reader.orders(OrderFilter(account, product="spot", limit=2)) for account in (None, 7)]
    answers += [await reader.trades(TradeFilter(account, product="spot", limit=2)) for account in (None, 7)]
    answers += [await reader.market(market_id) for market_id in (1, 2)]
    answers += [
        await reader.market_page("spot", state, offset, 1)
        for state, offset in product((None, MarketState.OPEN, MarketState.FINAL), (0, 1))
    ]
    answers += [await reader.positions(market) for market in markets]
    answers += [await reader.positions_of(account) for account in (-1, 7)]
    answers += [await reader.maker_audit(1, before, limit) for before, limit in pages]
    answers += [await reader.bet(bet_id) for bet_id in (1, 2)]
    answers += [await reader.bet_by_client_id(7, client_id) for client_id in ("a", "A")]
    answers += [
        await reader.bets(BetFilter(account, market, settled, offset, limit))
        for account, market, settled, (offset, limit) in product(
            (None, 7), markets, (None, True, False), ((0, 100), (1, 2))
        )
    ]
    answers += [await reader.unclaimed_bets(market) for market in markets]
    answers += [await reader.options(market) for market in markets]
    answers += [await reader.claimed_bets(1), await reader.claim_counts()]
    answers += [await reader.accumulator(bet_id) for bet_id in (1, 2)]
    answers += [await reader.accumulator_by_client_id(7, client_id) for client_id in ("a", "A")]
    answers += [
        await reader.accumulators(AccumulatorFilter(account, settled, offset, limit))
        for account, settled, (offset, limit) in product((None, 7), (None, True, False), ((0, 100), (1, 2)))
    ]
    answers += [await reader.open_accumulators(market) for market in markets]
    answers += [await reader.paid_legs(market) for market in (1, 2)]
    answers += [await read(2, 2) for read in (reader.bets_after, reader.accumulators_after)]
    answers += [await reader.prices_since(1, since_ms) for since_ms in (0, 5)]
    answers += [await reader.price_history(1, since_ms, 3, limit) for since_ms, limit in product((0, 5), (1, 9))]
    answers += [await reader.balances(account) for account in (None, -1, 7)]
    answers += [await reader.account_snapshot(account) for account in (-1, 7)]
    for account, (before, limit) in product((-1, 7), pages):
        answers += [await reader.asset_logs(account, asset, before, limit) for asset in (None, "BTC")]
        answers += [await reader.freezes(account, before, limit)]
    return answers
