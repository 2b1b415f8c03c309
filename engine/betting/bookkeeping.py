"""What the events of a match do to money, odds, bets and rows.

bet placed      customer -stake      pool +stake
bet claimed     pool -payout         customer +payout
pool moved      house -amount        pool +amount; what is left comes back at the settlement

After every part the pool covers the worst that the match can come to; once it is over, it is what is still to be paid.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from engine.betting.bet import accepts, claimed_record, placed_record
from engine.betting.events import BetClaimed, BetPlaced, MatchDescribed, MatchMoved, OddsMessage, OddsSet, PoolMoved
from engine.betting.lifecycle import (
    BEGINNINGS,
    BETTING,
    OVER,
    TRANSITIONS,
    MatchStanding,
    Step,
    read_standing,
    write_standing,
)
from engine.betting.match import Match
from engine.betting.options import (
    changed_by,
    rolled_back,
    settled_by_option,
    settled_by_score,
    settled_on,
    voided,
    worst,
)
from engine.ledger.bet_books import Shown
from engine.ledger.bets import OptionRecord, Result, payout_of
from engine.ledger.books import EventWriter
from engine.ledger.chart import HOUSE, pool_of
from engine.ledger.journal import PartRefused
from engine.ledger.page import Page
from engine.ledger.records import MarketState


def odds_channel(channel: str) -> str:
    """Name the stream of a match's odds; `channel` is the market's part of it."""
    return f"odds:{channel}"


# Odds and the lifecycle


def write_odds_set(page: Page, market_id: int, now_ms: int, event: OddsSet) -> None:
    """Show another board; write down who did it, and why."""
    market = page.market(market_id)
    if event.state is not market.state or market.state in OVER:
        raise PartRefused(f"market {market_id} is {market.state.value}: its odds can't be set as {event.state.value}")
    before = read_standing(market.standing)
    board, options = event.standing.board, page.betting.options_of(market_id)
    settled = settled_on(board, options.values())
    if event.standing != replace(before, board=board, number=before.number + 1, settled=settled):
        raise PartRefused(f"market {market_id} changes more than its odds with them")
    _expect(event, changed_by(market_id, options, board))
    if any(option.result is not None for option in event.options):
        raise PartRefused(f"market {market_id} offers what is settled")
    _tell(page, market_id, now_ms, event)
    details = {"reason": event.reason, "number": event.standing.number, "board": event.standing.board}
    page.note_action(event.actor_id, "set_odds", market.channel, msgspec.json.encode(details).decode(), now_ms)


def write_match_moved(page: Page, market_id: int, now_ms: int, event: MatchMoved) -> None:
    """Take a step of the lifecycle; there is no other way."""
    market = page.market(market_id)
    if TRANSITIONS.get((market.state, event.step)) is not event.state:
        raise PartRefused(f"{event.step.value} does not lead from {market.state.value} to {event.state.value}")
    if event.step is Step.ROLL_BACK and market.state in OVER:
        _check_given_back(page, market_id)
    options, before = page.betting.options_of(market_id), read_standing(market.standing)
    if before.final:
        raise PartRefused(f"the settlement of market {market_id} is final")
    if event.step in BEGINNINGS and before.opened is (event.step is Step.OPEN):
        raise PartRefused(f"betting on market {market_id} is {'opened twice' if before.opened else 'not opened first'}")
    if event.step is Step.ROLL_BACK:
        _check_rolled_back(page, market_id, event)
    elif event.step is Step.VOID:
        _expect(event, voided(options.values(), final_groups(page, market_id)))
    elif event.step in (Step.SETTLE, Step.SETTLE_OPTION):
        _check_settled(page, market_id, event)
    elif event.options:
        raise PartRefused(f"{event.step.value} of market {market_id} changes results")
    _tell(page, market_id, now_ms, event)
    if event.step is Step.FINALIZE:
        page.betting.finalize(market_id)
    if event.standing != _standing_after(page, market_id, before, event):
        raise PartRefused(f"{event.step.value} does not leave market {market_id} as it says")


def _standing_after(page: Page, market_id: int, before: MatchStanding, event: MatchMoved) -> MatchStanding:
    """What a step makes of the standing; the score is the event's own."""
    in_play, opened = before.in_play or event.step is Step.GO_IN_PLAY, before.opened or event.step is Step.OPEN
    settled = settled_on(before.board, page.betting.options_of(market_id).values())
    after = replace(before, number=before.number + 1, in_play=in_play, opened=opened, settled=settled)
    goals = event.standing.home_goals, event.standing.away_goals
    if event.step is Step.SETTLE and None not in goals:
        after = replace(after, home_goals=goals[0], away_goals=goals[1])
    elif event.step is Step.ROLL_BACK:
        after = replace(after, home_goals=None, away_goals=None, returned="0")
    elif event.step is Step.FINALIZE:
        return replace(after, final=True)
    return replace(after, returned=str(_left(page, market_id))) if event.state in OVER else after


def _expect(event: OddsMessage, options: Iterable[OptionRecord]) -> None:
    if event.options != tuple(options):
        raise PartRefused(f"event {event.sequence} does not say what becomes of the options")


def _check_settled(page: Page, market_id: int, event: MatchMoved) -> None:
    """Results are what the score makes of them, or one option has won its group."""
    options, standing = page.betting.options_of(market_id).values(), event.standing
    if standing.home_goals is not None and standing.away_goals is not None:
        _expect(event, settled_by_score(options, standing.home_goals, standing.away_goals))
    else:
        winners = [option for option in event.options if option.result is Result.WIN]
        open_options = [option.number for option in options if option.result is None]
        if len(winners) != 1 or winners[0].number not in open_options:
            raise PartRefused(f"market {market_id} is settled with {len(winners)} winners of an open group")
        _expect(event, settled_by_option(options, winners[0]))
    settled = {option.number for option in event.options}
    complete = all(option.result is not None or option.number in settled for option in options)
    if complete is not (event.step is Step.SETTLE):
        raise PartRefused(f"{event.step.value} of market {market_id} does not fit what is left to settle")


def _check_rolled_back(page: Page, market_id: int, event: MatchMoved) -> None:
    """The results of whole groups are taken back that nothing was paid for."""
    market, options = page.market(market_id), page.betting.options_of(market_id)
    groups = {options[option.number].group_number for option in event.options if option.number in options}
    meant = [o for o in options.values() if o.result is not None and o.group_number in groups]
    if not meant:
        raise PartRefused(f"market {market_id} takes results back that it does not have")
    _expect(event, rolled_back(meant, read_standing(market.standing).board))
    _check_unclaimed(page, market_id, [option.number for option in meant])


def _check_given_back(page: Page, market_id: int) -> None:
    """The house has put back into the pool what it got at the settlement."""
    left, returned = _left(page, market_id), read_standing(page.market(market_id).standing).returned_units
    if left != returned:
        raise PartRefused(f"the house gives {left} back for market {market_id}, where it got {returned}")


def _check_unclaimed(page: Page, market_id: int, numbers: Iterable[int]) -> None:
    for number in numbers:
        if page.betting.claims_on(market_id, number):
            raise PartRefused(f"bets on option {number} of market {market_id} have been claimed")


def _tell(page: Page, market_id: int, now_ms: int, event: OddsMessage) -> None:
    """Move the market's row on, and the stream of its odds."""
    page.betting.replace_shown(market_id, replace(shown_now(page, market_id), until_ms=now_ms))
    channel = odds_channel(page.market(market_id).channel)
    page.follow(market_id, event.sequence, state=event.state, standing=write_standing(event.standing))
    for option in event.options:
        page.betting.write_option(option)
    if page.count(channel) != event.standing.number:
        raise PartRefused(f"message {event.standing.number} of {channel} does not follow the one before")


def shown_now(page: Page, market_id: int) -> Shown:
    """What a match shows, as it stands on this page."""
    match: Match = page.definition(market_id)
    market = page.market(market_id)
    standing = read_standing(market.standing)
    options = page.betting.options_of(market_id).values()
    return Shown(
        standing.number,
        market.state in BETTING,
        None if standing.in_play else match.start_ms,
        {option.number: option.odds for option in options if option.offered},
    )


def final_groups(page: Page, market_id: int) -> frozenset[int]:
    """The groups of options whose results can't be taken back any more."""
    options = page.betting.options_of(market_id).values()
    if _is_final(page, market_id):
        return frozenset(option.group_number for option in options)
    return frozenset(option.group_number for option in options if page.betting.claims_on(market_id, option.number))


def final_result(page: Page, market_id: int, number: int) -> Result | None:
    """An option's result, if it can't be taken back any more."""
    final = _is_final(page, market_id) or page.betting.is_claimed(market_id, number)
    return page.betting.options_of(market_id)[number].result if final else None


def _is_final(page: Page, market_id: int) -> bool:
    """Whether nothing of a match can be taken back any more."""
    market = page.market(market_id)
    return market.state is MarketState.VOID or read_standing(market.standing).final


def write_match_described(page: Page, market_id: int, _now_ms: int, event: MatchDescribed) -> None:
    """Show another description."""
    standing: MatchStanding = replace(read_standing(page.market(market_id).standing), description=event.description)
    page.follow(market_id, event.sequence, standing=write_standing(standing))


# Money


def write_pool_moved(page: Page, market_id: int, now_ms: int, event: PoolMoved) -> None:
    """Take from the house, or give back to it once the match is over."""
    if event.amount < 0 and page.market(market_id).state not in OVER:
        raise PartRefused(f"market {market_id} gives {-event.amount} back before it is over")
    move_pool(page, market_id, now_ms, event)


def move_pool(page: Page, market_id: int, now_ms: int, event: PoolMoved) -> None:
    """Move money between the house and a pool."""
    page.follow(market_id, event.sequence)
    if not event.amount:
        raise PartRefused(f"event {event.sequence} moves nothing")
    word = "pool_fund" if event.amount > 0 else "pool_return"
    pay(page, market_id, HOUSE, -event.amount, word, f"market-{market_id}", now_ms)


def write_bet_placed(page: Page, market_id: int, now_ms: int, event: BetPlaced) -> None:
    """Take the stake into the pool; open the bet's row."""
    page.follow(market_id, event.sequence)
    option = page.betting.options_of(market_id).get(event.option_number)
    if page.market(market_id).state not in BETTING or option is None or not option.offered:
        raise PartRefused(f"option {event.option_number} of market {market_id} takes no bets")
    if event.stake <= 0 or event.odds != option.odds or not accepts(event.accept, event.odds_asked, event.odds):
        raise PartRefused(f"bet {event.bet_id} of {event.stake} at {event.odds} can't be taken at {option.odds}")
    pay(page, market_id, event.account_id, -event.stake, "bet", str(event.bet_id), now_ms)
    page.betting.place(placed_record(market_id, now_ms, event))


def write_bet_claimed(page: Page, market_id: int, now_ms: int, event: BetClaimed) -> None:
    """Pay a bet what its option's result says; close its row."""
    page.follow(market_id, event.sequence)
    bet = page.betting.bet(event.bet_id)
    if (bet.market_id, bet.account_id) != (market_id, event.account_id):
        raise PartRefused(f"bet {bet.bet_id} is not that of account {event.account_id} in market {market_id}")
    result = page.betting.options_of(market_id)[bet.option_number].result
    if result is None or event.payout <= 0 or event.payout != payout_of(bet.stake, bet.odds, result):
        raise PartRefused(f"bet {bet.bet_id} is not to be paid {event.payout}")
    pay(page, market_id, event.account_id, event.payout, "payout", str(event.bet_id), now_ms)
    page.betting.claim(claimed_record(market_id, now_ms, bet, event))


def pay(page: Page, market_id: int, account_id: int, amount: int, word: str, trans_id: str, now_ms: int) -> None:
    """Move money from a market's pool to an account; below zero: from the account to the pool."""
    asset: str = page.definition(market_id).asset
    page.move(pool_of(market_id), asset, -amount, word, trans_id, now_ms)
    page.move(account_id, asset, amount, word, trans_id, now_ms)


def check(page: Page, market_id: int) -> None:
    """The pool covers the worst result; once the match is over, it is exactly what is still to be claimed."""
    left = _left(page, market_id)
    if left < 0 or (left and page.market(market_id).state in OVER):
        raise PartRefused(f"the pool of market {market_id} has {left} more than it may have to pay")


def _left(page: Page, market_id: int) -> int:
    """What the pool has beyond what it may have to pay, at worst."""
    match: Match = page.definition(market_id)
    pool, _ = page.balance(pool_of(market_id), match.asset)
    over = page.market(market_id).state in OVER

    def is_final(number: int) -> bool:
        return over or page.betting.claims_on(market_id, number) > 0

    return pool - worst(page.betting.options_of(market_id).values(), partial(page.betting.tally, market_id), is_final)


WRITERS: dict[Any, EventWriter] = {
    OddsSet: write_odds_set,
    MatchMoved: write_match_moved,
    MatchDescribed: write_match_described,
    BetPlaced: write_bet_placed,
    BetClaimed: write_bet_claimed,
}
