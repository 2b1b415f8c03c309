"""What administrators do with the pool of accumulators: look, fund, take back what is free, suspend, resume."""

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
from gateway.limits import Note, Stake
from gateway.outcome import outcome_unknown
from gateway.rest.audited import audited
from gateway.rest.betting.accumulator_shapes import accumulator_pool_view
from gateway.rest.betting.accumulators import find_accumulators
from gateway.rest.symbols import NoRequest
from gateway.shapes import Shape
from gateway.statuses import Problem


class MoveFundsRequest(Shape, frozen=True):
    """So many smallest units."""

    amount: Stake


class ChangeAccumulatorsRequest(Shape, frozen=True):
    """Why."""

    reason: Note | None = None


async def get_accumulator_pool(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """What there is for accumulators, and how much of it is kept for those that are open: for each what it may win."""
    try:
        return _show(await find_accumulators(gateway).address.ask(GetAccumulators()))
    except Unknown:
        return failure(Problem.BUSY, "the market of accumulators is starting again")


async def fund_accumulators(gateway: Gateway, caller: Caller, request: MoveFundsRequest) -> Answer:
    """Puts more of the house's money into the pool."""
    market = find_accumulators(gateway)
    move = FundAccumulators(market.name, caller.user_id, int(request.amount))
    return await _change(gateway, caller, "fund_accumulators", market, request, move)


async def return_from_accumulators(gateway: Gateway, caller: Caller, request: MoveFundsRequest) -> Answer:
    """Gives money back to the house that is kept for nobody; 409 CONFLICT says how much that is at most."""
    market = find_accumulators(gateway)
    move = ReturnFunds(market.name, caller.user_id, int(request.amount))
    return await _change(gateway, caller, "return_from_accumulators", market, request, move)


async def suspend_accumulators(gateway: Gateway, caller: Caller, request: ChangeAccumulatorsRequest) -> Answer:
    """No new ones are taken; those that are there are paid as before. Suspending twice is once."""
    market = find_accumulators(gateway)
    halt = HaltMarket(ACCUMULATORS, market.name, caller.user_id)
    return await _change(gateway, caller, "suspend_accumulators", market, request, halt)


async def resume_accumulators(gateway: Gateway, caller: Caller, request: ChangeAccumulatorsRequest) -> Answer:
    """New ones are taken again; a market that failed again and again, and is out of service, comes back."""
    market = find_accumulators(gateway)
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
