"""What can be asked of a question alone; engine/trading/commands.py has the rest."""

import msgspec

from engine.ledger.records import MarketState, OrderRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, Outcome, TimeInForce
from engine.messages import Command, Known
from engine.prediction.lifecycle import Resolution
from engine.refusals import Refused
from engine.trading.commands import Placed


class PlaceShareOrder(Command[Placed | Known | Refused], frozen=True):
    """An order for shares, as its customer wrote it; the price is in cents, not yet checked against the tick."""

    account_id: int
    market: str
    outcome: Outcome
    side: Side
    type: OrderType
    quantity: int
    price: str | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    client_order_id: str | None = None


class QuestionStands(msgspec.Struct, frozen=True):
    """Where a question stands now."""

    name: str
    state: MarketState
    resolution: Resolution


class MoveQuestion(Command[QuestionStands | Refused], frozen=True):
    """Base of what moves a question on; `actor_id` is who asks for it."""

    market: str
    actor_id: int
    command_id: int = 0


class CloseQuestion(MoveQuestion, frozen=True):
    """End trading before its date."""


class ProposeOutcome(MoveQuestion, frozen=True, kw_only=True):
    """Propose an answer, or another one: it stands unless it is disputed within the challenge window."""

    outcome: Outcome


class DisputeOutcome(MoveQuestion, frozen=True, kw_only=True):
    """A holder challenges the proposed answer."""

    reason: str


class ResolveQuestion(MoveQuestion, frozen=True, kw_only=True):
    """Decide the answer of a disputed question, or approve a proposal whose window has passed."""

    outcome: Outcome
    disregarded: int | None = None  # a first approver whose approval does not count any more


class VoidQuestion(MoveQuestion, frozen=True, kw_only=True):
    """Decide that there is no answer."""

    disregarded: int | None = None  # a first approver whose approval does not count any more


class RollBackQuestion(MoveQuestion, frozen=True):
    """Take back what was decided and paid, while payouts are held."""


QUESTION_MOVES = (CloseQuestion, ProposeOutcome, DisputeOutcome, ResolveQuestion, VoidQuestion, RollBackQuestion)


class HolderView(msgspec.Struct, frozen=True):
    """What one account needs to know to quote: the book without its own orders, in prices of YES, and what it has."""

    state: MarketState
    best_bid_ticks: int | None
    best_ask_ticks: int | None
    last_price_ticks: int | None
    yes: int  # shares, those offered included
    no: int
    open_orders: tuple[OrderRecord, ...]  # oldest first


class GetHolder(Command[HolderView | Refused], frozen=True):
    """Read a market as one account sees it."""

    account_id: int


class PlannedPayout(msgspec.Struct, frozen=True):
    """What one holder would get; in USD units."""

    account_id: int
    yes: int
    no: int
    payout: int
    refund: int


class PayoutPlan(msgspec.Struct, frozen=True):
    """What a decision would pay; `pool` is what there is for it, and the payouts add up to it."""

    yes_units: int
    pool: int
    payouts: tuple[PlannedPayout, ...]


class GetPayouts(Command[PayoutPlan | Refused], frozen=True):
    """Ask what would be paid if the answer were this one; None: if there were none."""

    outcome: Outcome | None
