"""What betting keeps in storage: bets with what was claimed for them, options with their results, what admins did."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from engine.betting.lifecycle import MatchStanding, write_standing
from engine.ledger.bets import Acceptance, BetRecord, GroupKind, OptionRecord, Pick, Result
from engine.ledger.records import AdminAction, BalanceRecord, MarketState
from storage.interface import BetFilter, CommitImpossible, Storage
from tests.storage.conftest import Open
from tests.storage.entries import NOW_MS, Entries, bet, claimed, market, option, order

HUGE = 10**77


def ids(bets: list[BetRecord]) -> list[int]:
    return [bet.bet_id for bet in bets]


@pytest.mark.trio
async def test_an_empty_storage_has_none(opened: Open) -> None:
    async with opened() as storage:
        reader = storage.reader
        assert await reader.bet(1) is None
        assert await reader.bet_by_client_id(7, "mine") is None
        assert await reader.bets(BetFilter()) == ([], 0)
        assert await reader.unclaimed_bets() == await reader.unclaimed_bets(1) == await reader.claimed_bets(1) == []
        assert await reader.options() == await reader.options(1) == []
        assert await reader.claim_counts() == {}


@pytest.mark.trio
async def test_a_bet_is_read_back_as_it_was_written(opened: Open) -> None:
    whole = BetRecord(
        2**53 - 1,
        account_id=2**53 - 2,
        market_id=2**53 - 3,
        client_bet_id="\"quote\" 'single' \\ ünïcode $1",
        option_number=2**53 - 4,
        stake=HUGE,
        odds=2**53 - 5,
        odds_asked=2**53 - 6,
        accept=Acceptance.BETTER,
        created_ms=2**53 - 7,
        tx_hash="ab" * 32,
        payout=HUGE - 1,
        claim_tx_hash="cd" * 32,
        claimed_ms=2**53 - 8,
    )
    async with opened() as storage:
        await storage.writer.commit(Entries().next(bets=[whole, bet(1)]))
        assert await storage.reader.bet(2**53 - 1) == whole
        assert await storage.reader.bet(1) == bet(1)
        assert await storage.reader.bet(2) is None


@pytest.mark.trio
@pytest.mark.parametrize("result", [None, *Result])
async def test_a_bets_result_is_its_options_and_no_other(opened: Open, result: Result | None) -> None:
    """What is written of it with the bet itself is passed over."""
    lied = bet(1, client_bet_id="mine", option_number=2, result=Result.HALF_WIN)
    true = replace(lied, result=result)
    others = [option(1, 1, result=Result.PUSH), option(2, 2, result=Result.PUSH)]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(bets=[lied], options=[*others, option(1, 2, result=result)]))
        assert await storage.reader.bet(1) == true
        assert await storage.reader.bet_by_client_id(7, "mine") == true
        assert await storage.reader.bets(BetFilter()) == ([true], 1)
        assert await storage.reader.unclaimed_bets() == await storage.reader.unclaimed_bets(1) == [true]


@pytest.mark.trio
async def test_a_bet_that_is_there_changes_only_in_what_was_claimed(opened: Open) -> None:
    entries = Entries()
    placed = bet(1, client_bet_id="mine")
    other = bet(1, account_id=8, market_id=2, client_bet_id="theirs", option_number=2, stake=1, odds=1, tx_hash="")
    paid = claimed(replace(other, odds_asked=1, accept=Acceptance.ANY, created_ms=1), HUGE)
    is_paid = replace(placed, payout=HUGE, claim_tx_hash=paid.claim_tx_hash, claimed_ms=paid.claimed_ms)
    async with opened() as storage:
        for written, read in ((placed, placed), (paid, is_paid), (other, placed)):
            await storage.writer.commit(entries.next(bets=[written]))
            assert await storage.reader.bet(1) == read
        assert await storage.reader.bet_by_client_id(8, "theirs") is None


@pytest.mark.trio
async def test_an_option_that_is_there_changes_only_in_odds_and_result(opened: Open) -> None:
    entries = Entries()
    line = option(1, 4, group_number=2, kind=GroupKind.SPREAD, pick=Pick.AWAY, has_draw=False, line_quarters=-9)
    other = option(1, 4, group_number=3, odds=2**53 - 1, offered=False, result=Result.HALF_LOSS)
    changed = replace(line, odds=2**53 - 1, offered=False, result=Result.HALF_LOSS)
    async with opened() as storage:
        for written, read in ((line, line), (other, changed), (line, line)):
            await storage.writer.commit(entries.next(options=[written]))
            assert await storage.reader.options(1) == [read]


@pytest.mark.trio
async def test_options_come_by_market_and_number(opened: Open) -> None:
    rows: list[OptionRecord] = [
        option(1, 1),
        option(1, 2, kind=GroupKind.SPREAD, pick=Pick.AWAY, line_quarters=0),
        option(1, 10, kind=GroupKind.TOTAL, pick=Pick.OVER, line_quarters=10),
        option(2, 1),
        option(10, 1),
    ]
    async with opened() as storage:
        await storage.writer.commit(Entries().next(options=rows[::-1]))
        assert await storage.reader.options() == rows
        assert await storage.reader.options(1) == rows[:-2]
        assert await storage.reader.options(10) == rows[-1:]
        assert await storage.reader.options(3) == []


@pytest.mark.trio
async def test_a_bet_is_found_by_its_accounts_own_id_only(opened: Open) -> None:
    mine, theirs = bet(1, client_bet_id="a"), bet(2, account_id=8, client_bet_id="a")
    async with opened() as storage:
        await storage.writer.commit(Entries().next(bets=[mine, theirs, bet(3)]))
        assert await storage.reader.bet_by_client_id(7, "a") == mine
        assert await storage.reader.bet_by_client_id(8, "a") == theirs
        assert await storage.reader.bet_by_client_id(9, "a") is None
        assert await storage.reader.bet_by_client_id(7, "A") is None


@pytest.mark.trio
async def test_a_list_of_bets_is_filtered_and_paged_newest_first_and_counted(opened: Open) -> None:
    options = [
        option(1, 1, result=Result.WIN),
        option(1, 2, result=Result.LOSS),
        option(1, 3),
        option(2, 1),
    ]
    bets = [
        claimed(bet(1)),
        bet(2, option_number=2),
        bet(3, option_number=3),
        bet(4, account_id=8),
        bet(5, market_id=2),
        bet(6, account_id=8, market_id=2),
        bet(7, market_id=3),  # of no option that is known: it has no result either
    ]
    cases: dict[BetFilter, tuple[list[int], int]] = {
        BetFilter(): ([7, 6, 5, 4, 3, 2, 1], 7),
        BetFilter(account_id=7): ([7, 5, 3, 2, 1], 5),
        BetFilter(market_id=1): ([4, 3, 2, 1], 4),
        BetFilter(settled=True): ([4, 2, 1], 3),
        BetFilter(settled=False): ([7, 6, 5, 3], 4),
        BetFilter(account_id=7, settled=True): ([2, 1], 2),
        BetFilter(account_id=7, market_id=1, settled=False): ([3], 1),
        BetFilter(account_id=8, market_id=2, settled=True): ([], 0),
        BetFilter(account_id=9): ([], 0),
        BetFilter(limit=2): ([7, 6], 7),
        BetFilter(offset=2, limit=2): ([5, 4], 7),
        BetFilter(offset=6): ([1], 7),
        BetFilter(offset=7): ([], 7),
        BetFilter(limit=0): ([], 7),
        BetFilter(account_id=7, settled=False, offset=1, limit=1): ([5], 3),
    }
    async with opened() as storage:
        await storage.writer.commit(Entries().next(bets=bets, options=options))
        pages = {which: await storage.reader.bets(which) for which in cases}
        assert {which: (ids(found), count) for which, (found, count) in pages.items()} == cases
        assert pages[BetFilter(account_id=7, settled=True)][0] == [
            replace(bets[1], result=Result.LOSS),
            replace(bets[0], result=Result.WIN),
        ]


@pytest.mark.trio
async def test_a_bet_is_listed_by_what_its_option_has_come_to_now(opened: Open) -> None:
    entries = Entries()
    settled, unsettled = BetFilter(settled=True), BetFilter(settled=False)
    async with opened() as storage:
        await storage.writer.commit(entries.next(bets=[bet(1)], options=[option(1, 1)]))
        assert [(await storage.reader.bets(which))[1] for which in (settled, unsettled)] == [0, 1]
        await storage.writer.commit(entries.next(options=[option(1, 1, result=Result.PUSH)]))
        assert [(await storage.reader.bets(which))[1] for which in (settled, unsettled)] == [1, 0]
        await storage.writer.commit(entries.next(options=[option(1, 1)]))  # the settlement was rolled back
        assert [(await storage.reader.bets(which))[1] for which in (settled, unsettled)] == [0, 1]


@pytest.mark.trio
async def test_bets_are_claimed_or_not(opened: Open) -> None:
    entries = Entries()
    bets = [bet(1), bet(2, market_id=2), bet(3, option_number=2), bet(4), bet(10)]
    options = [option(1, 1), option(1, 2), option(2, 1)]
    async with opened() as storage:
        await storage.writer.commit(entries.next(bets=bets[::-1], options=options))
        assert await storage.reader.unclaimed_bets() == bets
        paid = [claimed(bets[0], HUGE), claimed(bets[3], 0), claimed(bets[1])]
        await storage.writer.commit(entries.next(bets=paid))
        assert await storage.reader.unclaimed_bets() == [bets[2], bets[4]]
        assert await storage.reader.unclaimed_bets(1) == [bets[2], bets[4]]
        assert await storage.reader.unclaimed_bets(2) == await storage.reader.unclaimed_bets(3) == []
        assert await storage.reader.claimed_bets(1) == paid[:2]
        assert await storage.reader.claimed_bets(2) == paid[2:]
        assert await storage.reader.claimed_bets(3) == []
        assert await storage.reader.claim_counts() == {(1, 1): 2, (2, 1): 1}


@pytest.mark.trio
@pytest.mark.parametrize("state", [MarketState.OPEN, MarketState.SETTLED])
async def test_lost_bets_are_left_out_once_a_bet_on_their_group_is_paid(opened: Open, state: MarketState) -> None:
    """As long as nothing was paid on a group, its results may still be taken back, whatever becomes of others."""
    entries = Entries()
    results = dict(enumerate([*Result, None], start=1))
    losing = next(number for number, result in results.items() if result is Result.LOSS)
    options = [option(match, number, result=result) for match in (1, 2) for number, result in results.items()]
    beside = [
        option(1, number, group_number=2, result=result) for number, result in ((7, Result.LOSS), (8, Result.WIN))
    ]
    placed = [bet(number, option_number=number, result=result) for number, result in results.items()]
    lost = bet(9, option_number=7, result=Result.LOSS)
    elsewhere = bet(10, market_id=2, option_number=losing, result=Result.LOSS)
    winners = bet(11, result=Result.WIN), bet(12, option_number=8, result=Result.WIN)
    markets = [market(number, product="betting", state=state) for number in (1, 2)]
    bets = [*placed, lost, elsewhere, *winners]
    async with opened() as storage:
        await storage.writer.commit(entries.next(markets=markets, options=[*options, *beside], bets=bets))
        assert await storage.reader.unclaimed_bets() == bets
        await storage.writer.commit(entries.next(bets=[claimed(winners[0])]))
        left = [bet for bet in placed if bet.result is not Result.LOSS]
        assert len(left) == len(placed) - 1
        assert await storage.reader.unclaimed_bets() == [*left, lost, elsewhere, winners[1]]
        assert await storage.reader.unclaimed_bets(1) == [*left, lost, winners[1]]
        assert await storage.reader.unclaimed_bets(2) == [elsewhere]
        await storage.writer.commit(entries.next(bets=[claimed(winners[1])]))
        assert await storage.reader.unclaimed_bets() == [*left, elsewhere]
        assert await storage.reader.unclaimed_bets(1) == left


@pytest.mark.trio
async def test_lost_bets_are_left_out_once_their_match_is_finalized(opened: Open) -> None:
    """The others are not: they may be claimed whenever their owners like."""
    entries = Entries()
    finalized, not_finalized = (write_standing(MatchStanding(final=final)) for final in (True, False))
    results = dict(enumerate([*Result, None], start=1))
    options = [option(match, number, result=result) for match in (1, 2, 3) for number, result in results.items()]
    bets = [
        bet(10 * match + number, market_id=match, option_number=number, result=result)
        for match in (1, 2, 3)
        for number, result in results.items()
    ]
    markets = [
        market(1, product="betting", state=MarketState.SETTLED, standing=not_finalized),
        market(2, product="betting", state=MarketState.SETTLED),
        market(3, product="prediction", state=MarketState.SETTLED, standing=finalized),
    ]
    async with opened() as storage:
        await storage.writer.commit(entries.next(markets=markets, options=options, bets=bets))
        assert await storage.reader.unclaimed_bets() == bets
        await storage.writer.commit(entries.next(markets=[replace(markets[0], standing=finalized)]))
        of_match = [bet for bet in bets if bet.market_id == 1 and bet.result is not Result.LOSS]
        assert len(of_match) == len(results) - 1
        assert await storage.reader.unclaimed_bets() == [*of_match, *(bet for bet in bets if bet.market_id != 1)]
        assert await storage.reader.unclaimed_bets(1) == of_match
        assert await storage.reader.unclaimed_bets(2) == [bet for bet in bets if bet.market_id == 2]


@pytest.mark.trio
async def test_bets_and_orders_are_numbered_together(opened: Open) -> None:
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next(bets=[bet(5), bet(2)]))
        assert (await storage.reader.counters()).order_id == 5
        await storage.writer.commit(entries.next(new_orders=[order(7)]))
        assert (await storage.reader.counters()).order_id == 7
        await storage.writer.commit(entries.next(bets=[bet(2**53 - 1)]))
        assert (await storage.reader.counters()).order_id == 2**53 - 1


@pytest.mark.trio
async def test_what_admins_did_is_written_with_the_commit(opened: Open) -> None:
    entries = Entries()
    actions = [
        AdminAction(0, 1, word, "betting/7", '{"reason": "\\"Manual\\" ünïcode"}', NOW_MS) for word in ("one", "two")
    ]
    async with opened() as storage:
        await storage.identity.write_admin_action(replace(actions[0], action="before"))
        await storage.writer.commit(entries.next(admin_actions=actions))
        await storage.writer.commit(entries.next(admin_actions=actions[:1]))
        found = await storage.identity.admin_actions(None, 10)
        assert [action.action for action in found] == ["one", "two", "one", "before"]
        assert len({action.action_id for action in found}) == 4
        assert found[1] == replace(actions[1], action_id=found[1].action_id)
        after = storage.reader.admin_actions_after
        assert await after(-1, 10) == found[::-1]
        assert await after(found[3].action_id, 2) == [found[2], found[1]]
        assert await after(found[0].action_id, 10) == []


async def is_as_it_was(storage: Storage, placed: BetRecord) -> bool:
    reader = storage.reader
    head, balances = await reader.journal_head(), await reader.balances()
    everything = (await reader.bets(BetFilter()), await reader.options(), await storage.identity.admin_actions(None, 9))
    return head.sequence == 1 and balances == [] and everything == (([placed], 1), [], [])


@pytest.mark.trio
@pytest.mark.parametrize(
    "parts",
    [
        {"bets": [bet(2, client_bet_id="mine")]},
        {"bets": [bet(2, client_bet_id="new"), bet(3, client_bet_id="new")]},
        {"bets": [bet(2), bet(2)]},
        {"bets": [claimed(bet(1)), claimed(bet(1))]},
        {"options": [option(1, 1), option(1, 1, odds=190)]},
    ],
    ids=["its client's id is there", "two of one client's id", "two of one id", "claimed twice", "two of one option"],
)
async def test_an_entry_that_meets_other_rows_is_refused_whole(opened: Open, parts: dict[str, list[Any]]) -> None:
    entries = Entries()
    placed = bet(1, client_bet_id="mine")
    more = {
        "balances": [BalanceRecord(7, "USD", 1, 0)],
        "admin_actions": [AdminAction(0, 1, "set_odds", "betting/1", "{}", NOW_MS)],
        "options": [option(1, 9)],
    }
    async with opened() as storage:
        await storage.writer.commit(entries.next(bets=[placed]))
        with pytest.raises(CommitImpossible):
            await storage.writer.commit(entries.next(**(more | parts)))
        assert await is_as_it_was(storage, placed)


@pytest.mark.trio
async def test_ids_of_a_client_are_its_accounts_own_and_of_bets_only(opened: Open) -> None:
    """A bet that is there keeps its own, whatever comes with its claim."""
    entries = Entries()
    async with opened() as storage:
        await storage.writer.commit(entries.next(bets=[bet(1, client_bet_id="a"), bet(2, client_bet_id="b")]))
        rows: list[msgspec.Struct] = [bet(3, account_id=8, client_bet_id="a"), bet(4), bet(5)]
        await storage.writer.commit(entries.next(bets=rows, new_orders=[order(6, client_order_id="a")]))
        await storage.writer.commit(entries.next(bets=[claimed(bet(2, client_bet_id="a")), bet(7, client_bet_id="c")]))
        assert (await storage.reader.bets(BetFilter()))[1] == 6
        assert await storage.reader.bet_by_client_id(7, "b") == claimed(bet(2, client_bet_id="b"))
