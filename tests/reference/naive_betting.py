"""The twin of all fixed-odds betting: the rules as one would explain them, over whole numbers, fractions and lists.

Text goes in and text comes out; stakes and what a pool has are whole units. Nothing is kept that could be added up
again: what a match may have to pay is added up bet by bet, over every result there can be. No code is the engine's.

    answer = exchange.bet("ann", "derby", 1, 1000, "1.85")
    answer -> the bet as a dict, or {"code": "ODDS_CHANGED", "odds": 190}

A match goes: scheduled, open, suspended or in play (closed at its start otherwise), closed, settled or void. What is
settled can be made final.
"""

from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.reference.naive_betting_match import OVER, Bet, Match, Option, Pot
from tests.reference.naive_betting_odds import NAMES, Fate, Terms, named, scored

Answer = dict[str, Any]

BETTING = ("open", "in_play")
KINDS: tuple[str, ...] = ("moneyline", "spread", "total")
USD = 10_000


class NaiveBetting:
    """All matches, and everybody's money."""

    def __init__(self, **_of_the_engine: Any) -> None:
        self.now_ms = 1_700_000_000_000
        self.matches: dict[str, Match] = {}
        self.bets: list[Bet] = []
        self.last_number = 0  # of a bet
        self.money: defaultdict[str, int] = defaultdict(int)
        self.movements: list[tuple[str, str, int, str]] = []  # account, word, amount, id

    def wait(self, ms: int) -> None:
        """Let time pass, and do what is due by then."""
        self.now_ms += ms
        for match in self.matches.values():
            waits = match.state in ("scheduled", "open", "suspended") and not match.was_in_play
            if waits and self.now_ms >= match.start_ms:
                self._go(match, "closed")

    def restart(self) -> None:
        """Nothing is forgotten."""

    def list_match(self, name: str, *, starts_in_ms: int = 3_600_000) -> None:
        self.matches[name] = Match(len(self.matches) + 1, name, self.now_ms + starts_in_ms)

    def deposit(self, account: str, _trans_id: str, _asset: str, amount: str) -> Answer:
        self.wait(1)
        self.money[account] += int(amount) * USD
        return {}

    # Bets

    def bet(self, account: str, name: str, number: int, stake: int, odds: str, accept: str = "exact") -> Answer:
        self.wait(1)
        match, asked = self.matches[name], Fraction(odds)
        if stake > self.money[account]:
            return {"code": "INSUFFICIENT_FUNDS"}
        if match.state == "suspended":
            return {"code": "MARKET_HALTED"}
        if match.state not in BETTING:
            return {"code": "MARKET_CLOSED"}
        if not 1 <= number <= len(match.options):
            return {"code": "NOT_FOUND"}
        option = match.options[number - 1]
        if not match.offers(option):
            return {"code": "MARKET_CLOSED"}
        if not (accept == "any" or option.odds == asked or (accept == "better" and option.odds > asked)):
            return {"code": "ODDS_CHANGED", "odds": hundredths(option.odds)}
        if stake > (limit := match.largest_stake(option)):
            return {"code": "LIABILITY_LIMIT", "maxStake": str(limit)}
        bet = Bet(self._next_number(), account, option, stake, asked, accept)
        self.bets.append(bet)
        match.bets.append(bet)
        self._pay(match, account, -stake, "bet", str(bet.number))
        return self._view(bet)

    def claim(self, account: str, number: int) -> Answer:
        self.wait(1)
        bet = next((bet for bet in self.bets if (bet.number, bet.account) == (number, account)), None)
        if bet is None:
            return {"code": "NOT_FOUND"}
        if bet.payout is not None:
            return {"code": "ALREADY_CLAIMED"}
        if bet.worth is None:
            return {"code": "NOT_SETTLED"}
        if bet.worth == 0:
            return {"code": "NOTHING_TO_CLAIM"}
        self._pay_out(bet)
        return self._view(bet)

    # Odds, and the way to the results

    def set_odds(self, name: str, _actor: str, **groups: str | None) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if match.state in OVER:
            return {"code": "CONFLICT"}
        kept = {kind: shown for kind, shown in match.board.items() if kind not in groups}
        told = {kind: group_of(kind, text) for kind, text in groups.items() if text is not None}
        shown = kept | told
        board = {kind: shown[kind] for kind in KINDS if kind in shown}
        for terms, odds in board.values():
            if any(option.fate and option.odds != odds[option.pick] for option in match.group(terms)):
                return {"code": "ALREADY_SETTLED"}
        match.board = board
        for terms, odds in board.values():
            group = match.group(terms)
            number = group[0].group if group else len(match.groups) + 1
            for pick in terms.picks:
                if not group:
                    match.options.append(Option(len(match.options) + 1, number, terms, pick, odds[pick]))
            for option in group:
                option.odds = odds[option.pick]
        match.told += 1
        return self.standing(name)

    def open(self, name: str, _actor: str, funding: int) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if funding > self.money["house"]:
            return {"code": "INSUFFICIENT_FUNDS"}
        first = match.state in ("scheduled", "closed") and not match.was_opened and self.now_ms < match.start_ms
        if not first or not any(map(match.offers, match.options)):
            return {"code": "CONFLICT"}
        match.was_opened = True
        self._go(match, "open")
        self._fund(match, funding)
        return self.standing(name)

    def fund(self, name: str, _actor: str, amount: int) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if amount > self.money["house"]:
            return {"code": "INSUFFICIENT_FUNDS"}
        if match.state in OVER or not match.was_opened:
            return {"code": "CONFLICT"}
        self._fund(match, amount)
        return self.standing(name)

    def describe(self, name: str, _actor: str, text: str) -> Answer:
        self.wait(1)
        self.matches[name].description = text
        return self.standing(name)

    def suspend(self, name: str, _actor: str) -> Answer:
        return self._step(name, "suspended", from_=("open", "in_play"))

    def reopen(self, name: str, _actor: str) -> Answer:
        match = self.matches[name]
        if match.state in BETTING:
            return self._step(name, match.state)
        if match.was_in_play:
            return self._step(name, "in_play", from_=("suspended", "closed"))
        if self.now_ms + 1 >= match.start_ms:
            return self._step(name, "open", from_=())
        return self._step(name, "open", from_=("suspended", "closed"))

    def go_in_play(self, name: str, _actor: str) -> Answer:
        return self._step(name, "in_play", from_=("open", "suspended", "closed"))

    def close(self, name: str, _actor: str) -> Answer:
        return self._step(name, "closed", from_=("scheduled", "open", "suspended", "in_play"))

    def settle_option(self, name: str, _actor: str, number: int) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if match.state in OVER:
            return {"code": "ALREADY_SETTLED"}
        if match.state == "scheduled":
            return {"code": "CONFLICT"}
        if not 1 <= number <= len(match.options):
            return {"code": "NOT_FOUND"}
        winner = match.options[number - 1]
        if winner.fate is not None:
            return {"code": "ALREADY_SETTLED"}
        self._settle(match, winner.terms, named(winner.terms, winner.pick))
        self._end(match, match.state if any(option.fate is None for option in match.options) else "settled")
        return self.standing(name)

    def settle_score(self, name: str, _actor: str, home: int, away: int) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if match.state in OVER:
            return {"code": "ALREADY_SETTLED"}
        if match.state == "scheduled":
            return {"code": "CONFLICT"}
        for terms in match.groups:
            if all(option.fate is None for option in match.group(terms)):
                self._settle(match, terms, scored(terms, home, away))
        match.score = (home, away)
        self._end(match, "settled")
        return self.standing(name)

    def roll_back(self, name: str, _actor: str, number: int | None = None) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if match.returned > self.money["house"]:
            return {"code": "INSUFFICIENT_FUNDS"}
        if match.state in ("scheduled", "void") or match.was_finalized:
            return {"code": "CONFLICT"}
        if number is not None and not 1 <= number <= len(match.options):
            return {"code": "NOT_FOUND"}
        meant = match.options if number is None else match.group(match.options[number - 1].terms)
        settled = [option for option in meant if option.fate is not None]
        if not settled:
            return {"code": "CONFLICT"}
        if claims := [number for number, option in match.claims if option in settled]:
            return {"code": "ALREADY_CLAIMED", "claims": sorted(claims)}
        for option in settled:
            option.fate = None
        self._fund(match, match.returned)
        match.returned, match.score = 0, None
        self._go(match, "closed" if match.state == "settled" else match.state)
        return self.standing(name)

    def finalize(self, name: str, _actor: str) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if not match.was_finalized:
            if match.state != "settled":
                return {"code": "CONFLICT"}
            match.was_finalized = True
            self._go(match, "settled")
        return self.standing(name)

    def void(self, name: str, _actor: str) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if match.state in OVER:
            return {"code": "CONFLICT"}
        kept = {option.terms for _, option in match.claims}
        unpaid = [bet for bet in match.bets if bet.payout is None]
        owed = sum((bet.worth or 0) if bet.option.terms in kept else bet.stake for bet in unpaid)
        if owed > match.pool:
            return {"code": "CONFLICT"}
        for option in match.options:
            if option.terms not in kept:
                option.fate = (Fraction(0), Fraction(1))
        self._end(match, "void")
        for bet in unpaid:
            if bet.worth:
                self._pay_out(bet)
        return self.standing(name)

    # What can be seen

    def standing(self, name: str) -> Answer:
        match = self.matches[name]
        return {
            "state": match.state,
            "number": match.told,
            "inPlay": match.was_in_play,
            "score": match.score,
            "returned": match.returned,
            "final": match.was_finalized,
            "settled": [kind for kind, (terms, _) in match.board.items() if any(o.fate for o in match.group(terms))],
            "description": match.description,
            "pool": match.pool,
            "liability": match.liability,
        }

    def options(self, name: str) -> list[Answer]:
        match = self.matches[name]
        return [
            {
                "number": option.number,
                "group": option.group,
                "kind": option.terms.kind,
                "pick": option.pick,
                "line": option.terms.line,
                "odds": hundredths(option.odds),
                "offered": match.offers(option),
                "result": None if option.fate is None else NAMES[option.fate],
            }
            for option in match.options
        ]

    def limits(self, name: str) -> list[int]:
        """The largest stake on each option, whether it is offered or not."""
        match = self.matches[name]
        return [match.largest_stake(option) for option in match.options if option.fate is None]

    def all_bets(self) -> list[Answer]:
        return [self._view(bet) for bet in self.bets]

    def has(self, account: str) -> int:
        return self.money[account]

    def movements_of(self, account: str) -> list[tuple[str, int, str]]:
        return [(word, amount, trans_id) for who, word, amount, trans_id in self.movements if who == account]

    # How it is done

    def _step(self, name: str, to: str, *, from_: tuple[str, ...] = ()) -> Answer:
        self.wait(1)
        match = self.matches[name]
        if match.state != to:
            if match.state not in from_:
                return {"code": "CONFLICT"}
            if to in BETTING and not (match.was_opened and any(map(match.offers, match.options))):
                return {"code": "CONFLICT"}
            match.was_in_play = match.was_in_play or to == "in_play"
            self._go(match, to)
        return self.standing(name)

    def _go(self, match: Match, state: str) -> None:
        match.state = state
        match.told += 1

    def _settle(self, match: Match, terms: Terms, outcome: dict[str, Fate]) -> None:
        for option in match.group(terms):
            option.fate = outcome[option.pick]

    def _end(self, match: Match, state: str) -> None:
        self._go(match, state)
        if state in OVER:
            match.returned = match.pool - match.liability
            self._fund(match, -match.returned)

    def _next_number(self) -> int:
        self.last_number += 1
        return self.last_number

    def _fund(self, match: Pot, amount: int) -> None:
        if amount:
            word = "pool_fund" if amount > 0 else "pool_return"
            self._pay(match, "house", -amount, word, f"market-{match.number}")

    def _pay_out(self, bet: Bet) -> None:
        assert bet.worth is not None
        bet.payout = bet.worth
        match = next(match for match in self.matches.values() if bet in match.bets)
        self._pay(match, bet.account, bet.payout, "payout", str(bet.number))

    def _pay(self, match: Pot, account: str, amount: int, word: str, trans_id: str) -> None:
        self.money[account] += amount
        match.pool -= amount
        self.movements.append((account, word, amount, trans_id))

    def _view(self, bet: Bet) -> Answer:
        return {
            "betId": bet.number,
            "account": bet.account,
            "option": bet.option.number,
            "stake": bet.stake,
            "odds": hundredths(bet.odds),
            "asked": hundredths(bet.asked),
            "accept": bet.accept,
            "potential": bet.worth,
            "payout": bet.payout,
        }


def group_of(kind: str, text: str) -> tuple[Terms, dict[str, Fraction]]:
    """ "1.85 2.1", "1.85 3.4 4.2" (home, draw, away), "-0.25 1.9 1.95" (the line first)."""
    first, *rest = map(Fraction, text.split())
    if kind == "moneyline":
        odds = (first, *rest)
        terms = Terms(kind, has_draw=len(odds) == 3)
    else:
        odds = tuple(rest)
        terms = Terms(kind, first)
    return terms, dict(zip(terms.picks, odds, strict=True))


def hundredths(odds: Fraction) -> int:
    assert (odds * 100).denominator == 1
    return int(odds * 100)
