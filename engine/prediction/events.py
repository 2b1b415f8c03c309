"""What happens to a question and its holders; orders and trades have the events of engine/trading."""

import msgspec

from engine.ledger.records import MarketState
from engine.ledger.units import Units
from engine.prediction.lifecycle import Resolution, Step


class QuestionMoved(msgspec.Struct, frozen=True):
    """One step of the lifecycle, and how the question stands after it. `actor_id` is who took it; 0: time did."""

    sequence: int
    step: Step
    actor_id: int
    state: MarketState
    resolution: Resolution


class HolderPaid(msgspec.Struct, frozen=True):
    """A holder was paid for all shares, and after a void was given the fees back; both are held for a while."""

    sequence: int
    account_id: int
    payout: Units
    refund: Units


class PayoutTakenBack(msgspec.Struct, frozen=True):
    """The same undone, exactly."""

    sequence: int
    account_id: int
    payout: Units
    refund: Units


class PayoutFreed(msgspec.Struct, frozen=True):
    """What a holder was paid is not held any more."""

    sequence: int
    account_id: int
    amount: Units


PredictionEvent = QuestionMoved | HolderPaid | PayoutTakenBack | PayoutFreed
