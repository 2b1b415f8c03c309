"""Odds as an administrator sets them: JSON numbers, read to the last digit.

Who has set which odds, and why, is written by the commit that sets them.
"""

import msgspec
from msgspec import UNSET, UnsetType

from engine.amounts import MalformedAmount, parse_decimal
from engine.betting.commands import SetOdds
from engine.betting.match import Moneyline, Spread, Total
from gateway.context import Answer, Caller, Gateway
from gateway.decoding import malformed
from gateway.limits import Id, Note
from gateway.odds_messages import DECIMALS, QUARTER
from gateway.rest.betting.admin import move_match
from gateway.rest.betting.quotes import find_match
from gateway.rest.numbers import SentNumber, plain_text


class SentMoneyline(msgspec.Struct, frozen=True):
    """Odds with at most two places, from 1.01 to 1000."""

    home: SentNumber
    away: SentNumber
    draw: SentNumber = None


class SentSpread(msgspec.Struct, frozen=True):
    """The line is added to the home side's goals; whole, half or quarter."""

    line: SentNumber
    home: SentNumber
    away: SentNumber


class SentTotal(msgspec.Struct, frozen=True):
    """The line is whole, half or quarter."""

    line: SentNumber
    over: SentNumber
    under: SentNumber


class SentOdds(msgspec.Struct, frozen=True):
    """What is left out stays as it is, null is not offered any more."""

    moneyline: SentMoneyline | UnsetType | None = UNSET
    spread: SentSpread | UnsetType | None = UNSET
    total: SentTotal | UnsetType | None = UNSET


class OverrideRequest(msgspec.Struct, frozen=True):
    """Other odds, and why."""

    market_id: Id
    payload: SentOdds
    reason: Note


async def override_odds(gateway: Gateway, caller: Caller, request: OverrideRequest) -> Answer:
    """Sets odds: with their audit row in one commit, then in the cache, then for the subscribers.

    A group that is left out stays as it is; null takes it from the board. Another line is another group of options:
    bets on the old one stand.
    """
    match = find_match(gateway, request.market_id)
    sent = request.payload
    if all(group is UNSET for group in (sent.moneyline, sent.spread, sent.total)):
        raise malformed("payload needs moneyline, spread or total")
    command = SetOdds(
        match.name,
        caller.user_id,
        reason=request.reason,
        moneyline=_moneyline(sent.moneyline) if isinstance(sent.moneyline, SentMoneyline) else sent.moneyline,
        spread=_spread(sent.spread) if isinstance(sent.spread, SentSpread) else sent.spread,
        total=_total(sent.total) if isinstance(sent.total, SentTotal) else sent.total,
    )
    return await move_match(gateway, caller, match, (command,))


def _moneyline(sent: SentMoneyline) -> Moneyline:
    draw = None if sent.draw is None else _odds(sent.draw, "moneyline.draw")
    return Moneyline(_odds(sent.home, "moneyline.home"), _odds(sent.away, "moneyline.away"), draw)


def _spread(sent: SentSpread) -> Spread:
    home, away = _odds(sent.home, "spread.home"), _odds(sent.away, "spread.away")
    return Spread(_line(sent.line, "spread.line"), home, away)


def _total(sent: SentTotal) -> Total:
    over, under = _odds(sent.over, "total.over"), _odds(sent.under, "total.under")
    return Total(_line(sent.line, "total.line"), over, under)


def _odds(value: object, name: str) -> int:
    """Read odds as hundredths; how large they may be is the engine's to say. Raises Rejected(MALFORMED)."""
    return _hundredths(plain_text(value, f"payload.{name}", signed=False), name)


def _line(value: object, name: str) -> int:
    """Read a line as quarters. Raises Rejected(MALFORMED)."""
    text = plain_text(value, f"payload.{name}")
    quarters, rest = divmod(_hundredths(text.removeprefix("-"), name), QUARTER)
    if rest:
        raise malformed(f"payload.{name} must be a whole, half or quarter line, such as 2, 2.5 or 2.25")
    return -quarters if text.startswith("-") else quarters


def _hundredths(text: str, name: str) -> int:
    try:
        return parse_decimal(text, DECIMALS)
    except MalformedAmount as problem:
        raise malformed(f"payload.{name} {problem}") from None
