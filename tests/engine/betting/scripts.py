"""Random scripts: commands of a few people who bet on two matches, and of those who run them, as text."""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

PEOPLE = ("ann", "bob", "cat")
MATCHES = ("derby", "final")
FUNDS = {"ann": "200000000", "bob": "50", "cat": "5", "house": "90"}  # more than enough, enough, little
ROOT = "root"

# A step is a method of an exchange, or one of those at the end of this module, and its arguments.
Step = tuple[str, tuple[Any, ...], dict[str, Any]]

# What of a hundred steps: mostly bets, and some of everything else; in the end, matches come to their results.
BETTING = {
    "bet": 16,
    "bet_offered": 50,
    "bet_most": 4,
    "set_odds": 12,
    "fund": 4,
    "suspend": 1,
    "reopen": 6,
    "go_in_play": 1,
    "settle_option": 2,
    "claim_own": 3,
    "restart": 1,
}
ENDING = {
    "bet": 5,
    "bet_offered": 20,
    "bet_most": 3,
    "set_odds": 5,
    "fund": 3,
    "describe": 1,
    "suspend": 2,
    "reopen": 6,
    "go_in_play": 4,
    "close": 3,
    "settle_option": 11,
    "settle_score": 4,
    "roll_back": 9,
    "finalize": 3,
    "void": 2,
    "claim": 4,
    "claim_own": 14,
    "wait": 3,
    "restart": 4,
}
PHASES = [[kind for kind, weight in weights.items() for _ in range(weight)] for weights in (BETTING, ENDING)]

STAKES = (1, 2, 3, 7, 99, 100, 101, 777, 1_000, 3_333, 10_000, 10_001, 150_000)
ODDS = ("1.01", "1.05", "1.5", "1.85", "1.97", "2", "2.1", "3.33", "7", "1000")
ACCEPTS = ("any", "any", "any", "any", "exact", "better")
LINES: dict[str, dict[str, tuple[str, ...]]] = {
    "whole": {"spread": ("-2", "-1", "0", "1"), "total": ("1", "2", "3")},
    "half": {"spread": ("-1.5", "-0.5", "0.5"), "total": ("0.5", "2.5")},
    "quarter": {"spread": ("-1.25", "-0.75", "-0.25", "0.25", "1.75"), "total": ("0.25", "0.75", "2.25", "2.75")},
    "all": {"spread": ("-1.5", "-1", "-0.25", "0", "0.75"), "total": ("0.25", "2", "2.5", "2.75", "13.25")},
}
GOALS = (0, 0, 1, 1, 2, 3, 12)
WAITS = (1, 10, 30, 100)


class Script(NamedTuple):
    """Which lines there are, when the matches start, how the engine takes its breath, and what happens."""

    lines: str
    starts_in_ms: int
    engine: dict[str, Any]
    steps: list[Step]


Choose = Callable[[Sequence[Any]], Any]  # takes one of several: by hypothesis, which shrinks, or by dice


def script(choose: Choose, lines: str, length: int) -> Script:
    engine = {"part_max": choose((1, 2, 1_000)), "crashes": choose((False, True))}
    kinds = [choose(PHASES[number > length * 3 // 5]) for number in range(length)]
    steps = [step(choose, lines, kind) for kind in kinds]
    return Script(lines, choose((60, 200, 100_000)), engine, steps)


def step(choose: Choose, lines: str, kind: str, matches: Sequence[str] = MATCHES) -> Step:
    match, number = choose(matches), choose((1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 8, 9, 10, 15))
    if kind == "set_odds":
        return kind, (match, ROOT), groups(choose, lines)
    arguments: dict[str, Callable[[], tuple[Any, ...]]] = {
        "bet": lambda: (choose(PEOPLE), match, number, choose(STAKES), choose(ODDS), choose(ACCEPTS)),
        "bet_offered": lambda: (choose(PEOPLE), match, number, choose(STAKES)),
        "bet_most": lambda: (match, number),
        "claim": lambda: (choose(PEOPLE), choose(range(1, 25))),
        "claim_own": lambda: (choose(range(50)),),
        "fund": lambda: (match, ROOT, choose((0, 1, 5_000))),
        "describe": lambda: (match, ROOT, choose(("", "größer ☂"))),
        "settle_option": lambda: (match, ROOT, number),
        "settle_score": lambda: (match, ROOT, choose(GOALS), choose(GOALS)),
        "roll_back": lambda: (match, ROOT, choose((None, None, number))),
        "wait": lambda: (choose(WAITS),),
        "restart": tuple,
    }
    return kind, arguments.get(kind, lambda: (match, ROOT))(), {}


def groups(choose: Choose, lines: str) -> dict[str, str | None]:
    """Other odds for one kind or two; rarely a kind is not offered any more."""
    found: dict[str, str | None] = {}
    for kind in ("moneyline", "spread", "total"):
        if choose((True, False)):
            count = choose((2, 3)) if kind == "moneyline" else 2
            line = [] if kind == "moneyline" else [choose(LINES[lines][kind])]
            odds = [choose(ODDS) for _ in range(count)]
            found[kind] = None if choose(range(8)) == 7 else " ".join(line + odds)
    return found


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    return script(choose, choose(sorted(LINES)), draw(st.integers(15, 45)))


def long_script(seed: int, length: int) -> Script:
    """The same by dice, which reach deeper than what hypothesis likes to draw."""
    return script(random.Random(seed).choice, sorted(LINES)[seed % len(LINES)], length)


# Playing them


def opened(exchange: Any, script: Script) -> Any:
    """Two matches with all kinds of odds, and a pool of half the house's money and of none."""
    for match in MATCHES:
        exchange.list_match(match, starts_in_ms=script.starts_in_ms)
    for person, amount in FUNDS.items():
        exchange.deposit(person, "at first", "USD", amount)
    for match, moneyline in zip(MATCHES, ("1.85 3.33 7", "1.97 1.85"), strict=True):
        lines = LINES[script.lines]
        spread, total = f"{lines['spread'][0]} 1.97 1.85", f"{lines['total'][0]} 1.5 2.1"
        exchange.set_odds(match, ROOT, moneyline=moneyline, spread=spread, total=total)
    exchange.open("derby", ROOT, 150_000)
    exchange.open("final", ROOT, 0)
    return exchange


def bet_offered(exchange: Any, account: str, match: str, number: int, stake: int) -> Any:
    """On what is offered, at its odds."""
    offered = [option for option in exchange.options(match) if option["offered"]]
    if not offered:
        return exchange.bet(account, match, number, stake, "2")
    option = offered[number % len(offered)]
    return exchange.bet(account, match, option["number"], stake, f"{option['odds'] / 100:.2f}")


BEGUN = {"code": "MARKET_CLOSED"}


def bet_most(exchange: Any, match: str, number: int) -> list[Any]:
    """Ask for too much; then one more than the largest stake that is said to pass, and then that.

    Each takes a moment: the match may begin in between.
    """
    answers = [exchange.bet("ann", match, number, 10**12, "2", "any")]
    if (limit := answers[0].get("maxStake")) is not None:
        answers.append(exchange.bet("ann", match, number, int(limit) + 1, "2", "any"))
        assert answers[1] in (answers[0], BEGUN)
        if int(limit):
            answers.append(exchange.bet("ann", match, number, int(limit), "2", "any"))
            assert "betId" in answers[2] or answers[2] == BEGUN
    return answers


def claim_own(exchange: Any, number: int) -> Any:
    """Some bet is claimed by whose it is."""
    bets = exchange.all_bets()
    bet = bets[number % len(bets)] if bets else {"account": "ann", "betId": 1}
    return exchange.claim(bet["account"], bet["betId"])


def do(exchange: Any, step: Step) -> Any:
    method, positional, named = step
    if method in HERE:
        return HERE[method](exchange, *positional)
    return getattr(exchange, method)(*positional, **named)


HERE: dict[str, Callable[..., Any]] = {"bet_offered": bet_offered, "bet_most": bet_most, "claim_own": claim_own}


def seen(exchange: Any) -> dict[str, Any]:
    """All that can be seen from outside between two steps."""
    return {
        "money": {account: exchange.has(account) for account in FUNDS},
        "standings": {match: exchange.standing(match) for match in MATCHES},
        "options": {match: exchange.options(match) for match in MATCHES},
        "bets": exchange.all_bets(),
    }
