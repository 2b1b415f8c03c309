"""What the ledger and accounts know of each product.

the ledger   how events are written down, and how a market's terms are read
accounts     how an order is admitted, and what is held for it
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Literal

import msgspec

from engine.accumulators import bookkeeping as accumulators
from engine.accumulators.commands import FUND_MOVES, ClaimAccumulator, EnterAccumulator, PlaceAccumulator
from engine.accumulators.terms import Accumulators, refuse_legs
from engine.betting import bookkeeping as betting
from engine.betting.commands import MATCH_MOVES, ClaimBet, EnterBet, PlaceBet
from engine.betting.events import PoolMoved
from engine.betting.lifecycle import read_standing as read_match_standing
from engine.betting.match import Match
from engine.ledger import movements
from engine.ledger.books import EventWriter, Products
from engine.ledger.journal import PartRefused
from engine.ledger.page import Page
from engine.prediction import admission as prediction_admission
from engine.prediction import bookkeeping as prediction
from engine.prediction.commands import PlaceShareOrder
from engine.prediction.lifecycle import read_standing as read_question_standing
from engine.prediction.question import Question
from engine.refusals import Refused
from engine.spot import admission as spot_admission
from engine.spot import bookkeeping as spot
from engine.spot.commands import PlaceOrder
from engine.spot.symbol import SpotSymbol
from engine.trading import bookkeeping as trading
from engine.trading.commands import OrderTerms
from engine.trading.events import MarketHalted, MarketResumed, OrderClosed, OrderPlaced, TradeMade

SPOT = "spot"
PREDICTION = "prediction"
BETTING = "betting"
ACCUMULATORS = "accumulators"  # one market for each asset, named by it

DEFINITIONS: Mapping[str, type[msgspec.Struct]] = {
    SPOT: SpotSymbol,
    PREDICTION: Question,
    BETTING: Match,
    ACCUMULATORS: Accumulators,
}
ClientKind = Literal["order", "money", "bet", "accumulator"]  # what clients choose ids for, each kind by itself

STANDINGS: Mapping[str, Callable[[bytes], Any]] = {
    PREDICTION: read_question_standing,
    BETTING: read_match_standing,
}
WITH_BOOK = frozenset({SPOT, PREDICTION})  # whose markets match orders


def read_definition(product: str, definition: bytes) -> Any:
    """Read a market's terms from its row."""
    return msgspec.json.decode(definition, type=DEFINITIONS[product])


def read_standing(product: str, standing: bytes) -> Any:
    """Read how a market stands, in its product's words; a field that is newer than a row has its default there."""
    return STANDINGS[product](standing) if product in STANDINGS else standing


def write_definition(definition: msgspec.Struct) -> bytes:
    """Write a market's terms for its row."""
    return msgspec.json.encode(definition)


def _by_product(**writers: EventWriter) -> EventWriter:
    """Write an event in the way of the product whose market it happened in."""

    def write(page: Page, market_id: int, now_ms: int, event: Any) -> None:
        market = page.market(market_id)
        if market.product not in writers:
            raise PartRefused(f"a {type(event).__name__} can't happen in {market.product} market {market.name}")
        writers[market.product](page, market_id, now_ms, event)

    return write


PRODUCTS = Products(
    {
        **movements.WRITERS,
        OrderPlaced: _by_product(spot=trading.write_order_placed, prediction=prediction.write_order_placed),
        TradeMade: _by_product(spot=spot.write_trade_made, prediction=prediction.write_trade_made),
        OrderClosed: _by_product(spot=trading.write_order_closed, prediction=prediction.write_order_closed),
        MarketHalted: _by_product(spot=trading.write_market_halted, accumulators=trading.write_market_halted),
        MarketResumed: _by_product(spot=trading.write_market_resumed, accumulators=trading.write_market_resumed),
        **{kind: _by_product(prediction=writer) for kind, writer in prediction.WRITERS.items()},
        **{kind: _by_product(betting=writer) for kind, writer in betting.WRITERS.items()},
        **{kind: _by_product(accumulators=writer) for kind, writer in accumulators.WRITERS.items()},
        PoolMoved: _by_product(betting=betting.write_pool_moved, accumulators=betting.move_pool),
    },
    read_definition,
    {PREDICTION: prediction.check, BETTING: betting.check, ACCUMULATORS: accumulators.check},
)


class Staking(msgspec.Struct, frozen=True):
    """How accounts takes in one kind of bet."""

    product: str
    kind: ClientKind
    enter: Callable[[int, Any], Any]  # (id, bet): what its market gets
    refuse: Callable[[Any], Refused | None] = lambda _: None  # what is wrong with it whatever its market says


STAKINGS: Mapping[type, Staking] = {
    PlaceBet: Staking(BETTING, "bet", EnterBet),
    PlaceAccumulator: Staking(ACCUMULATORS, "accumulator", EnterAccumulator, lambda bet: refuse_legs(bet.legs)),
}
CLAIMS: Mapping[type, str] = {ClaimBet: BETTING, ClaimAccumulator: ACCUMULATORS}  # the product that pays
POOL_MOVES: Mapping[type, str] = {**dict.fromkeys(MATCH_MOVES, BETTING), **dict.fromkeys(FUND_MOVES, ACCUMULATORS)}


class Admission(msgspec.Struct, frozen=True):
    """How accounts takes in one kind of order."""

    product: str
    market_of: Callable[[Any], str]  # an order's market, by its name
    noun: str  # what such a market is called
    admit: Callable[[Any, Any], OrderTerms | Refused]  # (order, definition)
    budget: Callable[[OrderTerms, Any, int], int | None]  # (terms, definition, available)


ADMISSIONS: Mapping[type, Admission] = {
    PlaceOrder: Admission(SPOT, attrgetter("symbol"), "symbol", spot_admission.admit, spot_admission.budget),
    PlaceShareOrder: Admission(
        PREDICTION, attrgetter("market"), "market", prediction_admission.admit, prediction_admission.budget
    ),
}
