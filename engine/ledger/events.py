"""What happened to money outside of markets, and which markets came to be."""

import msgspec

from engine.ledger.commands import MovementKind
from engine.ledger.records import MarketState
from engine.ledger.units import Units


class MoneyMoved(msgspec.Struct, frozen=True):
    """An amount went from one account to another; `account_id` is the one whose `trans_id` it is."""

    kind: MovementKind
    account_id: int
    trans_id: str
    asset: str
    amount: Units
    source_id: int
    target_id: int


class MarketListed(msgspec.Struct, frozen=True):
    """A market came to be; `definition` is its terms as JSON text."""

    market_id: int
    product: str
    name: str
    definition: str
    state: MarketState = MarketState.OPEN


LedgerEvent = MoneyMoved | MarketListed
