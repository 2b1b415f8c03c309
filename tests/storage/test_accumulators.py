"""What accumulators keep in storage: what was taken and paid, legs with their options' results, claims on matches."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import Acceptance, Result
from engine.ledger.records import BalanceRecord
from storage.interface import AccumulatorFilter, CommitImpossible
from tests.storage.conftest import Open
from tests.storage.entries import Entries, accumulator, bet, claimed, closed, leg, option, order, placed

HUGE = 10**77
WIN, LOSS, PUSH = Result.WIN, Result.LOSS, Result.PUSH

pytestmark = pytest.mark.trio


def ids(accumulators: list[AccumulatorRecord]) -> list[int]:
    return [accumulator.bet_id for accumulator in accumulators]


def on(bet_id: int, *options: tuple[int, int]) -> tuple[LegRecord, ...]:
    """Legs on options, each named by its match and number."""
    return tuple(
        leg(bet_id, number, market_id=market_id, option_number=option_number)
        for number, (market_id, option_number) in enumerate(options, start=1)
    )


def with_results(accumulator: AccumulatorRecord, *results: Result | None) -> AccumulatorRecord:
    legs = zip(accumulator.legs, results, strict=True)
    return replace(accumulator, legs=tuple(replace(leg, result=result) for leg, result in legs))


async def test_an_empty_storage_has_none(opened: Open) -> None:
    async with opened() as storage:
        reader = storage.reader
        assert await reader.accumulator(1) is None
        assert await reader.accumulator_by_client_id(7, "mine") is None
        assert await reader.accumulators(AccumulatorFilter()) == ([], 0)
        assert await reader.accumulators_after(0, 10) == []
        assert await reader.bets_after(0, 10) == []
        assert await reader.open_accumulators() == await reader.open_accumulators(9) == []
        assert await reader.paid_legs(1) == []


async def test_an_accumulator_is_read_back_as_it_was_written(opened: Open) -> None:
    first = 2**53 - 1
    whole = AccumulatorRecord(
        first,
        account_id=2**53 - 2,
        market_id=2**53 - 3,
        client_bet_id="\"quote\" 'single' \\ ünïcode $1",
        stake=HUGE,
        accept=Acceptance.BETTER,
        max_payout=HUGE - 1,
        created_ms=2**53 - 4,
        tx_hash="ab" * 32,
        payout=HUGE - 2,
        claim_tx_hash="cd" * 32,
        closed_ms=2**53 - 5,
        legs=tuple(
            LegRecord(first, 2**53 - 30 + number, 2**53 - 6, 2**53 - 7, 2**53 - 8, 2**53 - 9) for number in range(20)
        ),
    )
    other = accumulator(1)
    async with opened() as storage:
        parts = placed(whole, other)
        await storage.writer.commit(Entries().next(accumulators=parts["accumulators"], legs=parts["legs"][::-1]))
        assert await storage.reader.accumulator(first) == whole
        assert await storage.reader.accumulator(1) == other
        assert await storage.reader.accumulator(2) is None


@pytest.mark.parametrize("result", [None, *Result])
async def test_a_legs_result_is_its_options_and_no_other(opened: Open, result: Result | None) -> None:
    """What is written of it with the leg itself is passed over."""
    lied = leg(1, 1, option_number=2, result=Result.HALF_WIN)
    written = accumulator(1, lied, leg(1, 2), client_bet_id="mine")
    true = with_results(written, result, None)
    others = [option(1, 1, result=PUSH), option(2, 2, result=PUSH)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(**placed(written), options=[*others, option(1, 2, result=result)]))
        assert await storage.reader.accumulator(1) == true
        assert await storage.reader.accumulator_by_client_id(7, "mine") == true
        assert await storage.reader.accumulators(AccumulatorFilter()) == ([true], 1)
        assert await storage.reader.accumulators_after(0, 1) == [true]
        assert await storage.reader.open_accumulators() == await storage.reader.open_accumulators(9) == [true]


async def test_an_accumulator_that_is_there_changes_only_in_what_was_paid(opened: Open) -> None:
    entries = Entries()
    first = accumulator(1, client_bet_id="mine")
    other = accumulator(
        1, leg(1, 9), account_id=8, market_id=2, client_bet_id="theirs", stake=1, max_payout=1, tx_hash=""
    )
    paid = closed(replace(other, accept=Acceptance.ANY, created_ms=1), HUGE)
    is_paid = replace(first, payout=HUGE, claim_tx_hash=paid.claim_tx_hash, closed_ms=paid.closed_ms)
    async with opened() as storage:
        await storage.writer.commit(entries.next(**placed(first)))
        for written, read in ((paid, is_paid), (other, first), (closed(other, 0), closed(first, 0))):
            await storage.writer.commit(entries.next(accumulators=[written]))
            assert await storage.reader.accumulator(1) == read
        assert await storage.reader.accumulator_by_client_id(8, "theirs") is None


async def test_an_accumulator_is_found_by_its_accounts_own_id_only(opened: Open) -> None:
    mine, theirs = accumulator(1, client_bet_id="a"), accumulator(2, account_id=8, client_bet_id="a")
    async with opened() as storage:
        await storage.writer.commit(Entries().next(**placed(mine, theirs, accumulator(3))))
        assert await storage.reader.accumulator_by_client_id(7, "a") == mine
        assert await storage.reader.accumulator_by_client_id(8, "a") == theirs
        assert await storage.reader.accumulator_by_client_id(9, "a") is None
        assert await storage.reader.accumulator_by_client_id(7, "A") is None


async def test_ids_of_a_client_are_its_accounts_own_and_of_accumulators_only(opened: Open) -> None:
    """An accumulator that is there keeps its own, whatever comes with its claim."""
    entries = Entries()
    first, second = accumulator(1, client_bet_id="a"), accumulator(2, client_bet_id="b")
    async with opened() as storage:
        await storage.writer.commit(entries.next(**placed(first, second), bets=[bet(3, client_bet_id="a")]))
        paid = closed(replace(second, client_bet_id="a"))
        await storage.writer.commit(entries.next(accumulators=[paid], new_orders=[order(4, client_order_id="a")]))
        assert await storage.reader.accumulator_by_client_id(7, "b") == closed(second)
        assert await storage.reader.accumulator_by_client_id(7, "a") == first
        assert await storage.reader.bet_by_client_id(7, "b") is None


# Lists

OPTIONS = [
    option(1, 1, result=WIN),
    option(1, 2, result=LOSS),
    option(2, 1, result=PUSH),
    option(3, 1),
]
LISTED = [
    accumulator(1, *on(1, (1, 1), (2, 1))),
    accumulator(2, *on(2, (1, 2), (3, 1))),  # lost, whatever becomes of the other
    accumulator(3, *on(3, (1, 1), (3, 1))),
    accumulator(4, *on(4, (3, 1), (1, 1), (1, 2)), account_id=8),
    accumulator(5, *on(5, (1, 1), (4, 1)), account_id=8),  # an option that is not known has no result
    accumulator(6, *on(6, (3, 1), (4, 1)), account_id=8),
    closed(accumulator(10, *on(10, (1, 1), (2, 1)))),
    closed(accumulator(11, *on(11, (1, 2), (3, 1)), account_id=8), 0),
    closed(accumulator(12, *on(12, (3, 1), (4, 1)), account_id=9), 0),  # less than a unit was left of it
]


async def test_a_list_of_accumulators_is_filtered_and_paged_newest_first_and_counted(opened: Open) -> None:
    cases: dict[AccumulatorFilter, tuple[list[int], int]] = {
        AccumulatorFilter(): ([12, 11, 10, 6, 5, 4, 3, 2, 1], 9),
        AccumulatorFilter(account_id=7): ([10, 3, 2, 1], 4),
        AccumulatorFilter(account_id=10): ([], 0),
        AccumulatorFilter(settled=True): ([12, 11, 10, 4, 2, 1], 6),
        AccumulatorFilter(settled=False): ([6, 5, 3], 3),
        AccumulatorFilter(account_id=8, settled=True): ([11, 4], 2),
        AccumulatorFilter(account_id=8, settled=False): ([6, 5], 2),
        AccumulatorFilter(limit=2): ([12, 11], 9),
        AccumulatorFilter(offset=2, limit=2): ([10, 6], 9),
        AccumulatorFilter(offset=8): ([1], 9),
        AccumulatorFilter(offset=9): ([], 9),
        AccumulatorFilter(limit=0): ([], 9),
        AccumulatorFilter(account_id=8, settled=False, offset=1, limit=1): ([5], 2),
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(**placed(*LISTED), options=OPTIONS))
        pages = {which: await storage.reader.accumulators(which) for which in cases}
        assert {which: (ids(found), count) for which, (found, count) in pages.items()} == cases
        assert pages[AccumulatorFilter(account_id=8, settled=True)][0] == [
            with_results(LISTED[7], LOSS, None),
            with_results(LISTED[3], None, WIN, LOSS),
        ]
        for which, (found, _) in pages.items():
            settled = [one.payout is not None or one.potential_payout is not None for one in found]
            assert which.settled is None or settled == [which.settled] * len(found)


async def test_an_accumulator_is_listed_by_what_its_options_have_come_to_now(opened: Open) -> None:
    entries = Entries()

    async def counts() -> list[int]:
        return [(await storage.reader.accumulators(AccumulatorFilter(settled=settled)))[1] for settled in (True, False)]

    async with opened() as storage:
        await storage.writer.commit(entries.next(**placed(accumulator(1)), options=[option(1, 1), option(2, 1)]))
        assert await counts() == [0, 1]
        for result, expected in ((PUSH, [0, 1]), (LOSS, [1, 0]), (None, [0, 1]), (WIN, [0, 1])):
            await storage.writer.commit(entries.next(options=[option(1, 1, result=result)]))
            assert await counts() == expected
        await storage.writer.commit(entries.next(options=[option(2, 1, result=PUSH)]))
        assert await counts() == [1, 0]


async def test_all_are_read_in_pages_by_id(opened: Open) -> None:
    async with opened() as storage:
        reader = storage.reader
        await storage.writer.commit(Entries().next(**placed(*LISTED[::-1]), bets=[claimed(bet(9)), bet(7), bet(8)]))
        assert ids(await reader.accumulators_after(-1, 3)) == [1, 2, 3]
        assert await reader.accumulators_after(5, 100) == LISTED[5:]
        assert await reader.accumulators_after(12, 100) == await reader.accumulators_after(0, 0) == []
        assert await reader.bets_after(-1, 2) == [bet(7), bet(8)]
        assert await reader.bets_after(7, 100) == [bet(8), claimed(bet(9))]
        assert await reader.bets_after(9, 100) == []


async def test_accumulators_are_open_until_they_are_paid_or_lost_for_good(opened: Open) -> None:
    entries = Entries()
    rows = [accumulator(1), accumulator(2, market_id=10), accumulator(3), accumulator(4), accumulator(20)]
    async with opened() as storage:
        await storage.writer.commit(entries.next(**placed(*rows[::-1])))
        assert await storage.reader.open_accumulators() == rows
        assert await storage.reader.open_accumulators(9) == [rows[0], *rows[2:]]
        await storage.writer.commit(entries.next(accumulators=[closed(rows[0], 0), closed(rows[3]), closed(rows[1])]))
        assert await storage.reader.open_accumulators() == [rows[2], rows[4]]
        assert await storage.reader.open_accumulators(9) == [rows[2], rows[4]]
        assert await storage.reader.open_accumulators(10) == await storage.reader.open_accumulators(1) == []


# What a paid accumulator means to its matches

PAID = closed(accumulator(1, *on(1, (1, 1), (2, 1))))
ALSO_PAID = closed(accumulator(4, *on(4, (3, 1), (2, 1), (1, 3))), 1)
LOST = closed(accumulator(2, *on(2, (1, 2), (2, 1))), 0)
OPEN = accumulator(3, *on(3, (1, 1), (2, 2)))


async def test_the_legs_on_a_match_are_told_of_paid_accumulators_only(opened: Open) -> None:
    options = [option(1, 1, result=WIN), option(1, 2, result=LOSS)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(**placed(ALSO_PAID, LOST, PAID, OPEN), options=options))
        assert await storage.reader.paid_legs(1) == [replace(PAID.legs[0], result=WIN), ALSO_PAID.legs[2]]
        assert await storage.reader.paid_legs(2) == [PAID.legs[1], ALSO_PAID.legs[1]]
        assert await storage.reader.paid_legs(3) == [ALSO_PAID.legs[0]]
        assert await storage.reader.paid_legs(4) == []


async def test_a_paid_accumulator_is_a_claim_on_each_of_its_legs(opened: Open) -> None:
    entries = Entries()
    rows = [PAID, ALSO_PAID, LOST, OPEN]
    still_open = [replace(row, payout=None, claim_tx_hash=None, closed_ms=None) for row in rows]
    async with opened() as storage:
        await storage.writer.commit(entries.next(**placed(*still_open), bets=[claimed(bet(5)), bet(6)]))
        assert await storage.reader.claim_counts() == {(1, 1): 1}
        await storage.writer.commit(entries.next(accumulators=rows))
        counts = {(1, 1): 2, (2, 1): 2, (3, 1): 1, (1, 3): 1}
        assert await storage.reader.claim_counts() == counts


async def test_lost_bets_are_left_out_once_an_accumulator_on_their_group_is_paid(opened: Open) -> None:
    entries = Entries()
    options = [
        option(1, 1, result=WIN),
        option(1, 2, result=LOSS),
        option(1, 3, group_number=2, result=LOSS),
        option(2, 1, result=WIN),
        option(2, 2, result=LOSS),
    ]
    lost = [bet(11, option_number=2), bet(12, option_number=3), bet(13, market_id=2, option_number=2)]
    winner = bet(14, result=WIN)
    bets = [*(replace(bet, result=LOSS) for bet in lost), winner]
    first = accumulator(1, *on(1, (1, 1), (3, 1)))
    async with opened() as storage:
        await storage.writer.commit(entries.next(options=options, bets=[*lost, winner], **placed(first, LOST)))
        assert await storage.reader.unclaimed_bets() == bets  # as it is after a lost one was closed
        await storage.writer.commit(entries.next(accumulators=[closed(first)]))
        assert await storage.reader.unclaimed_bets() == bets[1:]
        assert await storage.reader.unclaimed_bets(1) == [bets[1], bets[3]]
        assert await storage.reader.unclaimed_bets(2) == [bets[2]]


async def test_accumulators_bets_and_orders_are_numbered_together(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        for parts, highest in (
            (placed(accumulator(5), accumulator(2)), 5),
            ({"new_orders": [order(7)]}, 7),
            ({"bets": [bet(6)]}, 7),
            (placed(accumulator(2**53 - 1)), 2**53 - 1),
        ):
            await storage.writer.commit(entries.next(**parts))
            assert (await storage.reader.counters()).order_id == highest


# Refusals


@pytest.mark.parametrize(
    "parts",
    [
        {"accumulators": [accumulator(2, client_bet_id="mine")]},
        {"accumulators": [accumulator(2, client_bet_id="new"), accumulator(3, client_bet_id="new")]},
        {"accumulators": [accumulator(2), accumulator(2)]},
        {"accumulators": [closed(accumulator(1)), closed(accumulator(1))]},
        {"legs": [leg(1, 2)]},
        {"legs": [leg(2, 1), leg(2, 1, option_number=2)]},
    ],
    ids=[
        "its client's id is there",
        "two of one client's id",
        "two of one id",
        "closed twice",
        "its leg is there",
        "two of one leg",
    ],
)
async def test_an_entry_that_meets_other_rows_is_refused_whole(opened: Open, parts: dict[str, list[Any]]) -> None:
    entries = Entries()
    first = accumulator(1, client_bet_id="mine")
    more = {
        "balances": [BalanceRecord(7, "USD", 1, 0)],
        "legs": [leg(9, 1)],
        "accumulators": [accumulator(9)],
    }
    async with opened() as storage:
        await storage.writer.commit(entries.next(**placed(first)))
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(entries.next(**(more | parts)))
        assert (await storage.reader.journal_head()).sequence == 1
        assert await storage.reader.balances() == []
        assert await storage.reader.accumulators(AccumulatorFilter()) == ([first], 1)
        entries.sequence = 1
        await storage.writer.commit(entries.next(**placed(accumulator(9))))  # no leg of it was left behind
        assert await storage.reader.accumulator(9) == accumulator(9)
