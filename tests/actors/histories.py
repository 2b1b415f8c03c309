"""What an exchange has committed and told, made by the engine's random scripts, on pages of one part or of many."""

import random
from typing import Any

import msgspec

from engine.ledger.page import Page, PrivateMessage
from engine.ledger.records import Entry, MarketRecord
from tests.engine.cuts import parts_of
from tests.engine.exchange import Exchange
from tests.engine.ledger.tables import Tables
from tests.engine.prediction import scripts as prediction_scripts
from tests.engine.prediction.harness import Harness as PredictionHarness
from tests.engine.spot import scripts as spot_scripts
from tests.engine.spot.harness import Harness as SpotHarness


class History(msgspec.Struct):
    """Commits, oldest first, and what they told on private streams."""

    entries: list[Entry]
    messages: list[PrivateMessage]

    @property
    def markets(self) -> list[MarketRecord]:
        return list({market.market_id: market for entry in self.entries for market in entry.markets}.values())

    def told(self, account_id: int) -> list[PrivateMessage]:
        return [message for message in self.messages if message.account_id == account_id]

    @property
    def accounts(self) -> list[int]:
        return sorted({message.account_id for message in self.messages})


def spot_exchange(script: tuple[str, int, list[spot_scripts.Step]]) -> SpotHarness:
    """An exchange that has done a script."""
    terms, fills_max, steps = script
    exchange: SpotHarness = spot_scripts.opened(SpotHarness(fills_max), terms)
    for step in steps:
        spot_scripts.do(exchange, step)
    return exchange


def prediction_exchange(script: prediction_scripts.Script) -> PredictionHarness:
    """The same of questions."""
    made = PredictionHarness(**script.rules, **script.engine)
    exchange: PredictionHarness = prediction_scripts.opened(made, script.terms)
    for step in script.steps:
        prediction_scripts.do(exchange, step)
    return exchange


def history_of(exchange: Exchange[Any], seed: int, parts_max: int = 30) -> History:
    """Write an exchange's parts again, up to so many on a page."""
    dice = random.Random(seed)
    books = Tables().books()
    history = History([], [])
    parts = parts_of(exchange)
    while parts:
        page = Page(books)
        count = dice.randint(1, parts_max)
        for part in parts[:count]:
            page.write(part)
        history.entries.append(page.close())
        history.messages += page.messages
        parts = parts[count:]
    return history
