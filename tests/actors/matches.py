"""Matches for tests of actors: one with odds, open for bets that a pool of the house covers; bets in one line."""

from actors.directory import MarketEntry
from actors.exchange import Exchange
from engine.betting.commands import (
    BetPaid,
    BetTaken,
    ClaimBet,
    MatchStands,
    MoveMatch,
    OpenBetting,
    PlaceBet,
    SetOdds,
)
from engine.betting.match import Match, Moneyline, Spread, Total, make_match
from engine.ledger.bets import Acceptance, BetRecord
from engine.ledger.chart import HOUSE, OUTSIDE
from engine.ledger.commands import Listed, ListMarket, Moved, MovementKind, MoveMoney
from engine.ledger.records import MarketState
from engine.products import BETTING, write_definition

ADMIN = 90
DAY_MS = 24 * 3_600_000

# The options of a match with these odds, by number.
HOME, DRAW, AWAY, SPREAD_HOME, SPREAD_AWAY, OVER, UNDER = range(1, 8)
MONEYLINE = Moneyline(home=200, draw=350, away=400)
SPREAD = Spread(line=-2, home=190, away=190)  # the home side gives half a goal
TOTAL = Total(line=10, over=180, under=200)  # two and a half


def match(now_ms: int, *, days: int = 1) -> Match:
    """A match that starts in some days."""
    made = make_match(
        league="Cup",
        home_team="Reds",
        away_team="Blues",
        start_ms=now_ms + days * DAY_MS,
        asset="USD",
        now_ms=now_ms,
    )
    assert isinstance(made, Match), made
    return made


async def fund_house(exchange: Exchange, units: int) -> None:
    """Give the house money."""
    funding = MoveMoney(MovementKind.HOUSE_FUND, HOUSE, f"for {exchange.clock.now_ms()}", "USD", units, OUTSIDE)
    assert isinstance(await exchange.accounts.ask(funding), Moved)


async def list_match(exchange: Exchange, listed: Match | None = None) -> MarketEntry:
    """List a match, still without odds."""
    listed = listed or match(exchange.clock.now_ms())
    listing = ListMarket(BETTING, None, write_definition(listed), state=MarketState.SCHEDULED)
    answer = await exchange.accounts.ask(listing)
    assert isinstance(answer, Listed), answer
    return exchange.directory.by_id[answer.market.market_id]


async def open_match(exchange: Exchange, *, pool: int = 1_000_000, listed: Match | None = None) -> MarketEntry:
    """List a match, set its odds and open it."""
    market = await list_match(exchange, listed)
    await fund_house(exchange, pool)
    odds = SetOdds(market.name, ADMIN, reason="first odds", moneyline=MONEYLINE, spread=SPREAD, total=TOTAL)
    await move(exchange, odds)
    await move(exchange, OpenBetting(market.name, ADMIN, funding=pool))
    return market


async def move(exchange: Exchange, command: MoveMatch) -> MatchStands:
    """Take a step that is possible."""
    answer = await exchange.accounts.ask(command)
    assert isinstance(answer, MatchStands), answer
    return answer


async def bet(
    exchange: Exchange,
    market: MarketEntry,
    account: int,
    option: int,
    stake: int,
    odds: int,
    accept: Acceptance = Acceptance.EXACT,
    client_bet_id: str | None = None,
) -> BetRecord:
    """Place a bet that is taken."""
    answer = await exchange.accounts.ask(PlaceBet(account, market.name, option, stake, odds, accept, client_bet_id))
    assert isinstance(answer, BetTaken), answer
    return answer.bet


async def claim(exchange: Exchange, market: MarketEntry, account: int, bet_id: int) -> BetRecord:
    """Claim what there is to claim."""
    answer = await exchange.accounts.ask(ClaimBet(account, market.name, bet_id))
    assert isinstance(answer, BetPaid), answer
    return answer.bet
