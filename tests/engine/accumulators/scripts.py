"""Random scripts: those of tests/engine/betting on three matches, with accumulators on all of them."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from engine.accumulators.market import ODDS_MAX
from tests.engine.betting import scripts as betting
from tests.engine.betting.scripts import ACCEPTS, LINES, ODDS, PEOPLE, ROOT, STAKES, Choose, Script, Step

MATCHES = ("derby", "final", "cup")
FUNDS = {**betting.FUNDS, "house": "300"}

# What of a hundred steps: first mostly accumulators; in the end, matches come to results, which stand or do not.
STAKING = {
    "accumulate": 12,
    "accumulate_offered": 50,
    "accumulate_most": 5,
    "bet_offered": 15,
    "set_odds": 8,
    "fund_accumulators": 4,
    "return_funds": 2,
    "return_most": 1,
    "suspend_accumulators": 1,
    "resume_accumulators": 3,
    "reopen": 3,
    "settle_option": 3,
    "claim_own": 1,
    "claim_own_accumulator": 2,
    "restart": 1,
}
ENDING = {
    "accumulate": 3,
    "accumulate_offered": 12,
    "accumulate_most": 2,
    "bet_offered": 6,
    "set_odds": 3,
    "fund_accumulators": 2,
    "return_most": 1,
    "suspend_accumulators": 1,
    "resume_accumulators": 2,
    "suspend": 1,
    "reopen": 6,
    "go_in_play": 2,
    "close": 1,
    "settle_option": 14,
    "settle_score": 9,
    "roll_back": 10,
    "finalize": 5,
    "void": 2,
    "claim_own": 8,
    "claim_accumulator": 3,
    "claim_own_accumulator": 20,
    "wait": 2,
    "restart": 4,
}
PHASES = [[kind for kind, weight in weights.items() for _ in range(weight)] for weights in (STAKING, ENDING)]
NUMBERS = tuple(range(1, 9))


def script(choose: Choose, lines: str, length: int, starts_in_ms: Sequence[int] = (200, 100_000, 100_000)) -> Script:
    engine = {
        "part_max": choose((1, 2, 1_000)),
        "crashes": choose((False, True)),
        "odds_max": choose((20, ODDS_MAX, ODDS_MAX, 10**9)),
    }
    kinds = [choose(PHASES[number > length * 2 // 5]) for number in range(length)]
    return Script(lines, choose(starts_in_ms), engine, [step(choose, lines, kind) for kind in kinds])


def step(choose: Choose, lines: str, kind: str) -> Step:
    def legs() -> list[tuple[str, int]]:
        return [(match, choose(NUMBERS)) for match in choose((MATCHES, MATCHES[:2], MATCHES[1:], MATCHES[::2]))]

    def asked() -> list[tuple[str, int, str]]:
        twice = choose((False,) * 9 + (True,))
        found = [(match, number, choose(ODDS)) for match, number in legs()]
        return found[:1] * 2 if twice else found

    arguments: dict[str, Callable[[], tuple[Any, ...]]] = {
        "accumulate": lambda: (choose(PEOPLE), asked(), choose(STAKES), choose(ACCEPTS)),
        "accumulate_offered": lambda: (choose(PEOPLE), legs(), choose(STAKES)),
        "accumulate_most": lambda: (legs(),),
        "claim_accumulator": lambda: (choose(PEOPLE), choose(range(1, 40))),
        "claim_own_accumulator": lambda: (choose(range(50)),),
        "fund_accumulators": lambda: (ROOT, choose((1, 77, 50_000))),
        "return_funds": lambda: (ROOT, choose((1, 77, 50_000))),
        "return_most": tuple,
        "suspend_accumulators": lambda: (ROOT,),
        "resume_accumulators": lambda: (ROOT,),
    }
    return (kind, arguments[kind](), {}) if kind in arguments else betting.step(choose, lines, kind, MATCHES)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    return script(choose, choose(sorted(LINES)), draw(st.integers(15, 40)))


def long_script(seed: int, length: int, **terms: Any) -> Script:
    """The same by dice, which reach deeper than what hypothesis likes to draw."""
    return script(random.Random(seed).choice, sorted(LINES)[seed % len(LINES)], length, **terms)


# Playing them


def opened(exchange: Any, script: Script) -> Any:
    """Three matches with all kinds of odds; the pool of accumulators has a third of the house's money."""
    lines = LINES[script.lines]
    for person, amount in FUNDS.items():
        exchange.deposit(person, "at first", "USD", amount)
    for match, moneyline in zip(MATCHES, ("1.85 3.33 7", "1.97 1.85", "1.05 7"), strict=True):
        exchange.list_match(match, starts_in_ms=script.starts_in_ms)
        spread, total = f"{lines['spread'][0]} 1.97 1.85", f"{lines['total'][0]} 1.5 2.1"
        exchange.set_odds(match, ROOT, moneyline=moneyline, spread=spread, total=total)
        exchange.open(match, ROOT, 100_000)
    exchange.fund_accumulators(ROOT, 1_000_000)
    return exchange


def at_its_odds(exchange: Any, legs: list[tuple[str, int]]) -> list[tuple[str, int, str]]:
    """Of each match an option that is offered, if there is one."""
    found = []
    for match, number in legs:
        options = exchange.options(match)
        offered = [option for option in options if option["offered"]]
        option = (offered or options)[number % len(offered or options)]
        found.append((match, option["number"], f"{option['odds'] / 100:.2f}"))
    return found


def accumulate_offered(exchange: Any, account: str, legs: list[tuple[str, int]], stake: int) -> Any:
    return exchange.accumulate(account, at_its_odds(exchange, legs), stake)


def accumulate_most(exchange: Any, legs: list[tuple[str, int]]) -> list[Any]:
    """Ask for too much; then one more than the largest stake that is said to pass, and then that."""
    asked = at_its_odds(exchange, legs)
    answers = [exchange.accumulate("ann", asked, 10**12, "any")]
    if (limit := answers[0].get("maxStake")) is not None:
        answers.append(exchange.accumulate("ann", asked, int(limit) + 1, "any"))
        assert answers[1] == answers[0]
        if int(limit):
            answers.append(exchange.accumulate("ann", asked, int(limit), "any"))
            assert "betId" in answers[2]
    return answers


def return_most(exchange: Any) -> list[Any]:
    """Ask for too much back; then for what is said to be free."""
    answers = [exchange.return_funds(ROOT, 10**12)]
    if free := int(answers[0]["available"]):
        answers.append(exchange.return_funds(ROOT, free))
        assert answers[1]["pool"] == answers[1]["liability"]
    return answers


def claim_own_accumulator(exchange: Any, number: int) -> Any:
    """Some accumulator is claimed by whose it is; more often one that is worth something, be it paid or not."""
    found = exchange.all_accumulators()
    found = ([one for one in found if one["potential"]] if number % 3 else []) or found
    one = found[number % len(found)] if found else {"account": "ann", "betId": 1}
    return exchange.claim_accumulator(one["account"], one["betId"])


HERE: dict[str, Callable[..., Any]] = {
    "accumulate_offered": accumulate_offered,
    "accumulate_most": accumulate_most,
    "return_most": return_most,
    "claim_own_accumulator": claim_own_accumulator,
}


def do(exchange: Any, step: Step) -> Any:
    method, positional, _ = step
    return HERE[method](exchange, *positional) if method in HERE else betting.do(exchange, step)


def seen(exchange: Any) -> dict[str, Any]:
    """All that can be seen from outside between two steps."""
    return {
        "money": {account: exchange.has(account) for account in FUNDS},
        "standings": {match: exchange.standing(match) for match in MATCHES},
        "options": {match: exchange.options(match) for match in MATCHES},
        "bets": exchange.all_bets(),
        "stand": exchange.stand(),
        "accumulators": exchange.all_accumulators(),
    }
