"""What administrators do with the pool of accumulators: look, fund, take back what is free, suspend, resume.

Every asset that bets have been made in has a pool of its own; which one is meant is said by `asset`.
"""

from actors.core import Unknown
from actors.directory import MarketEntry
from engine.accumulators.commands import (
    AccumulatorsStand,
    FundAccumulators,
    GetAccumulators,
    MoveFunds,
    ReturnFunds,
)
from engine.products import ACCUMULATORS
from engine.refusals import Refused
from engine.trading.commands import HaltMarket, MarketChanged, ResumeMarket
from gateway.answers import LOOK_IT_UP, Rejected, failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.limits import Note, Stake, Text
from gateway.outcome import outcome_unknown
from gateway.rest.audited import audited
from gateway.rest.betting.accumulator_shapes import accumulator_pool_view
from gateway.rest.betting.accumulators import find_accumulators
from gateway.shapes import Shape
from gateway.statuses import Problem


class AccumulatorPoolRequest(Shape, frozen=True):
    """The pool of an asset; left out: of the one that new matches have."""

    asset: Text | None = None


class MoveFundsRequest(Shape, frozen=True):
    """So many smallest units of an asset; left out, it is the one that new matches have."""

    amount: Stake
    asset: Text | None = None


class ChangeAccumulatorsRequest(Shape, frozen=True):
    """The asset, which is that of new matches if it is left out, and why."""

    reason: Note | None = None
    asset: Text | None = None


async def get_accumulator_pool(gateway: Gateway, _: Caller, request: AccumulatorPoolRequest) -> Answer:
    """What there is for accumulators, and how much of it is kept for the open ones: for each the most it may win.

    Without `asset` it is the pool of the one that new matches have; an earlier one keeps its own.
    """
    market = find_accumulators(gateway, request.asset)
    try:
        return _show(await market.address.ask(GetAccumulators()))
    except Unknown:
        return failure(Problem.BUSY, "the market of accumulators is starting again")


async def fund_accumulators(gateway: Gateway, caller: Caller, request: MoveFundsRequest) -> Answer:
    """Puts more of the house's money into the pool of accumulators.

    There is no transId: after a 504 look at the pool first, as a repeat may put the money in twice.
    """
    market = find_accumulators(gateway, request.asset)
    move = FundAccumulators(market.name, caller.user_id, int(request.amount))
    return await _change(gateway, caller, "fund_accumulators", market, request, move)


async def return_from_accumulators(gateway: Gateway, caller: Caller, request: MoveFundsRequest) -> Answer:
    """Gives money back to the house that is kept for nobody; 409 CONFLICT says how much that is at most.

    There is no transId: after a 504 look at the pool first, as a repeat may take the money out twice.
    """
    market = find_accumulators(gateway, request.asset)
    move = ReturnFunds(market.name, caller.user_id, int(request.amount))
    return await _change(gateway, caller, "return_from_accumulators", market, request, move)


async def suspend_accumulators(gateway: Gateway, caller: Caller, request: ChangeAccumulatorsRequest) -> Answer:
    """No new ones are taken; those that are there are paid as before. Suspending twice is once."""
    market = find_accumulators(gateway, request.asset)
    halt = HaltMarket(ACCUMULATORS, market.name, caller.user_id)
    return await _change(gateway, caller, "suspend_accumulators", market, request, halt)


async def resume_accumulators(gateway: Gateway, caller: Caller, request: ChangeAccumulatorsRequest) -> Answer:
    """New ones are taken again; a market that failed again and again, and is out of service, comes back."""
    market = find_accumulators(gateway, request.asset)
    resume = ResumeMarket(ACCUMULATORS, market.name, caller.user_id)
    return await _change(gateway, caller, "resume_accumulators", market, request, resume)


async def _change(
    gateway: Gateway,
    caller: Caller,
    action: str,
    market: MarketEntry,
    request: MoveFundsRequest | ChangeAccumulatorsRequest,
    command: MoveFunds | HaltMarket | ResumeMarket,
) -> Answer:
    """Write down what is to be done, do it, and show how things stand after it."""

    async def act() -> Answer:
        changed = await gateway.exchange.accounts.ask(command)
        return _show(await _stands(market) if isinstance(changed, MarketChanged) else changed)

    return await audited(gateway, caller, action, market.channel, request, act)


async def _stands(market: MarketEntry) -> AccumulatorsStand:
    """How things stand after a change. Raises Rejected(UNKNOWN): it is done, whatever becomes of looking at it."""
    with outcome_unknown():
        stands = await market.address.ask(GetAccumulators())
    if isinstance(stands, Refused):
        raise Rejected(Problem.UNKNOWN, f"{stands.message}: {LOOK_IT_UP}")
    return stands


def _show(stands: AccumulatorsStand | Refused) -> Answer:
    return refusal(stands) if isinstance(stands, Refused) else Answer(200, accumulator_pool_view(stands))
