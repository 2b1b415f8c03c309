"""The betting engine as a whole exchange: the markets of tests/engine/exchange.py.

What a void match does by itself is done after every command, a part and a commit at a time; with `crashes`, the market
is made anew from the tables before each part.
"""

from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from engine.betting.audit import audit
from engine.betting.bookkeeping import check, odds_channel
from engine.betting.commands import (
    ClaimBet,
    CloseBetting,
    DescribeMatch,
    EnterBet,
    FinalizeMatch,
    FundPool,
    GoInPlay,
    MatchStands,
    MoveMatch,
    OpenBetting,
    PlaceBet,
    ReopenBetting,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SettleScore,
    SuspendBetting,
    VoidMatch,
)
from engine.betting.events import MatchMoved, OddsSet
from engine.betting.lifecycle import read_standing
from engine.betting.market import PART_MAX, BettingMarket
from engine.betting.match import Match, Moneyline, Spread, Total, make_match
from engine.betting.moves import MOVES
from engine.betting.pool import Pool
from engine.ledger.bets import Acceptance, BetRecord, Result
from engine.ledger.chart import HOUSE, pool_of
from engine.ledger.commands import MovementKind
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from engine.products import BETTING
from engine.refusals import Refused
from tests.engine.exchange import Answer, Exchange

ASSET = "USD"


class Harness(Exchange[BettingMarket]):
    """Has the methods of NaiveBetting."""

    def __init__(self, *, part_max: int = PART_MAX, crashes: bool = False, works: bool = True) -> None:
        super().__init__()
        self.part_max = part_max
        self.crashes = crashes
        self.works = works  # False: a test does the work itself, part by part
        self.refused: Refused | None = None  # the last one

    def list_match(self, name: str, *, starts_in_ms: int = 3_600_000) -> None:
        match = make_match(
            league="EPL",
            home_team=f"{name} home",
            away_team=f"{name} away",
            start_ms=self.now_ms + starts_in_ms,
            asset=ASSET,
            now_ms=self.now_ms,
        )
        assert isinstance(match, Match), match
        self.list_market(BETTING, name, match, MarketState.SCHEDULED)

    def market(self, market_id: int) -> BettingMarket:
        balance = self.tables.balances.get((pool_of(market_id), ASSET))
        pool = Pool(
            0 if balance is None else balance.total,
            options=[option for option in self.tables.options.values() if option.market_id == market_id],
            bets=self.tables.unclaimed_bets(market_id),
            claimed=[bet for bet in self.tables.bets_in(market_id) if bet.payout is not None],
            legs_paid=self.tables.paid_legs(market_id),
        )
        match = self.books.definitions[market_id]
        return BettingMarket(self.books.markets[market_id], match, pool, part_max=self.part_max)

    def deposit(self, account: str, trans_id: str, asset: str, amount: str) -> Answer:
        if account == "house":
            return self._move(MovementKind.HOUSE_FUND, account, trans_id, asset, amount, "outside")
        return super().deposit(account, trans_id, asset, amount)

    # Bets

    def bet(self, account: str, name: str, number: int, stake: int, odds: str, accept: str = "exact") -> Answer:
        self.wait(1)
        account_id, market = self.account_id(account), self.markets[name]
        if stake > self.funds.available(account_id, ASSET):
            return {"code": "INSUFFICIENT_FUNDS"}
        bet = PlaceBet(account_id, name, number, stake, hundredths(odds), Acceptance(accept), f"c{self._last_order_id}")
        self.funds.hold(account_id, ASSET, stake)
        answer = market.place(EnterBet(self._last_order_id + 1, bet))
        self.funds.release(account_id, ASSET, stake)
        if isinstance(answer, Refused):
            return self._refusal(name, answer)
        self._last_order_id += 1
        self.commit(market)
        assert not answer.repeated
        assert self.tables.bets[answer.bet.bet_id] == answer.bet
        return self._view(answer.bet)

    def claim(self, account: str, number: int) -> Answer:
        self.wait(1)
        row = self.tables.bets.get(number)
        if row is None:
            return {"code": "NOT_FOUND"}
        name = self.books.markets[row.market_id].name
        answer = self.markets[name].claim(ClaimBet(self.account_id(account), name, number))
        if isinstance(answer, Refused):
            lost = self.tables.options[row.market_id, row.option_number].result is Result.LOSS
            if lost and row.account_id == self.account_id(account):  # it may be forgotten; its row says what it is
                assert answer.code.value in ("NOT_FOUND", "NOTHING_TO_CLAIM")
                return {"code": "NOTHING_TO_CLAIM"}
            return self._refusal(name, answer)
        self.commit(self.markets[name])
        assert replace(self.tables.bets[number], result=answer.bet.result) == answer.bet
        return self._view(answer.bet)

    # Odds, and the way to the results

    def set_odds(self, name: str, actor: str, **groups: str | None) -> Answer:
        boards: dict[str, Any] = {kind: None if text is None else board_of(kind, text) for kind, text in groups.items()}
        return self._do(SetOdds(name, self.account_id(actor), reason="a goal fell", **boards))

    def open(self, name: str, actor: str, funding: int) -> Answer:
        return self._do(OpenBetting(name, self.account_id(actor), funding=funding))

    def fund(self, name: str, actor: str, amount: int) -> Answer:
        return self._do(FundPool(name, self.account_id(actor), amount=amount))

    def describe(self, name: str, actor: str, text: str) -> Answer:
        return self._do(DescribeMatch(name, self.account_id(actor), description=text))

    def suspend(self, name: str, actor: str) -> Answer:
        return self._do(SuspendBetting(name, self.account_id(actor)))

    def reopen(self, name: str, actor: str) -> Answer:
        return self._do(ReopenBetting(name, self.account_id(actor)))

    def go_in_play(self, name: str, actor: str) -> Answer:
        return self._do(GoInPlay(name, self.account_id(actor)))

    def close(self, name: str, actor: str) -> Answer:
        return self._do(CloseBetting(name, self.account_id(actor)))

    def settle_option(self, name: str, actor: str, number: int) -> Answer:
        return self._do(SettleOption(name, self.account_id(actor), option_number=number))

    def settle_score(self, name: str, actor: str, home: int, away: int) -> Answer:
        return self._do(SettleScore(name, self.account_id(actor), home=home, away=away))

    def roll_back(self, name: str, actor: str, number: int | None = None) -> Answer:
        returned = self._standing(name).returned_units
        actor_id = self.account_id(actor)
        return self._do(RollBackSettlement(name, actor_id, option_number=number, returned=returned))

    def finalize(self, name: str, actor: str) -> Answer:
        return self._do(FinalizeMatch(name, self.account_id(actor)))

    def void(self, name: str, actor: str) -> Answer:
        return self._do(VoidMatch(name, self.account_id(actor)))

    def wait(self, ms: int) -> None:
        """Let time pass, and all matches do what is due by then."""
        super().wait(ms)
        for name in tuple(self.markets):
            self.markets[name].begin(self.now_ms)
            self.commit(self.markets[name])
            self._work(name)

    def restart(self) -> None:
        super().restart()
        self.wait(0)

    def go_on(self, name: str) -> bool:
        """Do one part; False if there was nothing to do."""
        if not self.markets[name].has_work:
            return False
        if self.crashes:
            super().restart()
            self.markets[name].begin(self.now_ms)
        self.markets[name].go_on()
        self.commit(self.markets[name])
        return True

    # What can be seen

    def standing(self, name: str) -> Answer:
        market, standing = self.markets[name], self._standing(name)
        goals = standing.home_goals, standing.away_goals
        return {
            "state": market.state.value,
            "number": standing.number,
            "inPlay": standing.in_play,
            "score": None if None in goals else goals,
            "returned": standing.returned_units,
            "final": standing.final,
            "settled": [kind.value for kind in standing.settled],
            "description": standing.description,
            "pool": self.books.balance(pool_of(market.market_id), ASSET)[0],
            "liability": market.pool.liability,
        }

    def options(self, name: str) -> list[Answer]:
        market_id = self.markets[name].market_id
        return [
            {
                "number": option.number,
                "group": option.group_number,
                "kind": option.kind.value,
                "pick": option.pick.value,
                "line": None if option.line_quarters is None else Fraction(option.line_quarters, 4),
                "odds": option.odds,
                "offered": option.offered,
                "result": None if option.result is None else option.result.value,
            }
            for (owner, _), option in self.tables.options.items()
            if owner == market_id
        ]

    def limits(self, name: str) -> list[int | None]:
        pool = self.markets[name].pool
        return [pool.largest_stake(option) for option in pool.options.values() if option.result is None]

    def all_bets(self) -> list[Answer]:
        return [self._view(bet) for bet in self.tables.bets_in()]

    def has(self, account: str) -> int:
        total, held = self.books.balance(self.account_id(account), ASSET)
        assert not held
        return total

    def movements_of(self, account: str) -> list[tuple[str, int, str]]:
        account_id = self.account_id(account)
        return [
            (row.change_type, row.amount, row.trans_id)
            for row in self.tables.asset_logs.values()
            if row.account_id == account_id and row.change_type != "deposit"
        ]

    # What must hold

    def check_market(self, market: BettingMarket) -> None:
        audit(market)
        check(Page(self.books), market.market_id)
        row = self.books.markets[market.market_id]
        assert read_standing(row.standing) == market.standing
        assert market.pool.money == self.books.balance(pool_of(market.market_id), ASSET)[0]
        again = self.market(market.market_id)
        again._now_ms = market._now_ms
        assert shown(market) == shown(again)

    def check_streams(self, market: BettingMarket) -> None:
        """Its messages are numbered 1, 2, 3; each override of the odds has its row."""
        events = [
            event
            for journal in self.tables.journal
            for part in self.books.codec.unpack(journal.body).parts
            if part.market_id == market.market_id
            for event in part.events
        ]
        numbers = [event.standing.number for event in events if isinstance(event, OddsSet | MatchMoved)]
        assert numbers == list(range(1, market.standing.number + 1))
        channel = self.books.markets[market.market_id].channel
        assert self.books.streams.get(odds_channel(channel), 0) == market.standing.number
        actions = [action for action in self.tables.admin_actions if action.target == channel]
        overrides = [event for event in events if isinstance(event, OddsSet)]
        assert [action.admin_id for action in actions] == [event.actor_id for event in overrides]

    # How it is done

    def _do(self, command: MoveMatch) -> Answer:
        self.wait(1)
        name = command.market
        if command.house_pays > self.funds.available(HOUSE, ASSET):
            return {"code": "INSUFFICIENT_FUNDS"}
        move: Any = MOVES[type(command)]
        answer: MatchStands | Refused = move(self.markets[name], command)
        if isinstance(answer, Refused):
            return self._refusal(name, answer)
        self.commit(self.markets[name])
        row = self.books.markets[self.markets[name].market_id]
        assert (answer.name, answer.state, answer.standing) == (name, row.state, read_standing(row.standing))
        self._work(name)
        return self.standing(name)

    def _work(self, name: str) -> None:
        while self.works and self.go_on(name):
            pass

    def _standing(self, name: str) -> Any:
        return read_standing(self.books.markets[self.markets[name].market_id].standing)

    def _refusal(self, name: str, refused: Refused) -> Answer:
        assert not self.markets[name].take_events(), "what is refused leaves no trace"
        self.refused = refused
        self.check()
        return {"code": refused.code.value, **(refused.details or {})}

    def _view(self, bet: BetRecord) -> Answer:
        return {
            "betId": bet.bet_id,
            "account": self.account_name(bet.account_id),
            "option": bet.option_number,
            "stake": bet.stake,
            "odds": bet.odds,
            "asked": bet.odds_asked,
            "accept": bet.accept.value,
            "potential": bet.potential_payout,
            "payout": bet.payout,
        }


def shown(market: BettingMarket) -> dict[str, object]:
    """What a match knows."""
    pool = market.pool
    return {
        "row": (market.state, market.sequence, market.standing),
        "pool": (pool.money, pool.liability),
        "options": pool.options,
        "bets": {bet_id: replace(bet, result=None) for bet_id, bet in pool.bets.items()},
        "claimed": pool.claimed,
        "claims": pool.claims_on(set(pool.options)),
        "work": (market.has_work, market.due_ms),
    }


def board_of(kind: str, text: str) -> Any:
    """ "1.85 2.1", "1.85 3.4 4.2" (home, draw, away), "-0.25 1.9 1.95" (the line first)."""
    words = text.split()
    if kind == "moneyline":
        home, *draw, away = map(hundredths, words)
        return Moneyline(home, away, *draw)
    line = Fraction(words[0]) * 4
    assert line.denominator == 1
    return {"spread": Spread, "total": Total}[kind](int(line), *map(hundredths, words[1:]))


def hundredths(odds: str) -> int:
    found = Fraction(odds) * 100
    assert found.denominator == 1
    return int(found)
