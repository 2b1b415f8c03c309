"""How a market gets from trading to its payouts. All but a dispute is for administrators, and is written down first.

halt, resume, close                   trading
propose, dispute, resolve, void       the answer
payouts, dryRun=true                  what a decision would pay; nothing is done
rollback                              the decision and its payouts taken back
"""

from functools import partial

import msgspec

from actors.directory import MarketEntry
from engine.matching.terms import Outcome
from engine.prediction.commands import (
    CloseQuestion,
    DisputeOutcome,
    GetPayouts,
    MoveQuestion,
    ProposeOutcome,
    ResolveQuestion,
    RollBackQuestion,
    VoidQuestion,
)
from engine.prediction.lifecycle import read_standing
from engine.prediction.question import PAIR_UNITS
from engine.products import PREDICTION
from engine.refusals import Refused
from engine.trading.commands import HaltMarket, ResumeMarket
from gateway.answers import refusal
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.limits import Id, Note
from gateway.outcome import outcome_unknown
from gateway.rest.audited import audited
from gateway.rest.numbers import Number
from gateway.rest.prediction.markets import find_question, find_record
from gateway.rest.prediction.marks import ask, mark_of
from gateway.rest.prediction.positions import name_of
from gateway.rest.prediction.shapes import Decision, cents, market_view, usd
from gateway.shapes import Shape


class ChangeMarketRequest(Shape, frozen=True):
    """Which market, and why."""

    market_id: Id
    reason: Note | None = None


class ProposeRequest(Shape, frozen=True):
    """The answer that stands unless somebody disputes it."""

    market_id: Id
    outcome: Outcome
    reason: Note | None = None


class DisputeRequest(Shape, frozen=True):
    """Why the proposed answer is wrong; everybody can read it."""

    market_id: Id
    reason: Note


class ResolveRequest(Shape, frozen=True):
    """The answer. With `dryRun` nothing is done: what would be paid is told."""

    market_id: Id
    outcome: Outcome
    dry_run: bool = False
    reason: Note | None = None


class VoidRequest(Shape, frozen=True):
    """There is no answer. With `dryRun` nothing is done: what would be paid is told."""

    market_id: Id
    dry_run: bool = False
    reason: Note | None = None


class PayoutsRequest(Shape, frozen=True):
    """What would be paid for this answer."""

    market_id: Id
    outcome: Decision


class PlannedPayoutView(Shape, frozen=True):
    """What one holder would be paid; `refund` is of fees, which only a void gives back."""

    account_id: int
    username: str
    yes: int
    no: int
    payout: str
    refund: str


class PayoutPlanView(Shape, frozen=True):
    """What a decision would pay out of `pool`: all of it, to the last unit. Money is in USD."""

    market_id: int
    outcome: Decision
    yes_payout: Number  # of a share
    no_payout: Number
    pool: str
    payouts: list[PlannedPayoutView]


async def halt_market(gateway: Gateway, caller: Caller, request: ChangeMarketRequest) -> Answer:
    """From here on only cancels are taken; halting twice is once."""
    market = find_question(gateway, request.market_id)
    command = HaltMarket(PREDICTION, market.name, caller.user_id)
    return await _audited_move(gateway, caller, "halt_market", market, request, command)


async def resume_market(gateway: Gateway, caller: Caller, request: ChangeMarketRequest) -> Answer:
    """Orders are taken again; a parked market comes back."""
    market = find_question(gateway, request.market_id)
    command = ResumeMarket(PREDICTION, market.name, caller.user_id)
    return await _audited_move(gateway, caller, "resume_market", market, request, command)


async def close_market(gateway: Gateway, caller: Caller, request: ChangeMarketRequest) -> Answer:
    """Trading ends before its date, and open orders are cancelled."""
    market = find_question(gateway, request.market_id)
    command = CloseQuestion(market.name, caller.user_id)
    return await _audited_move(gateway, caller, "close_market", market, request, command)


async def propose_outcome(gateway: Gateway, caller: Caller, request: ProposeRequest) -> Answer:
    """Opens the challenge window; at its end the answer stands. Proposed again, it is replaced, in a new window."""
    market = find_question(gateway, request.market_id)
    command = ProposeOutcome(market.name, caller.user_id, outcome=request.outcome)
    return await _audited_move(gateway, caller, "propose_outcome", market, request, command)


async def dispute_outcome(gateway: Gateway, caller: Caller, request: DisputeRequest) -> Answer:
    """By who holds shares, within the challenge window: an administrator has to decide then."""
    market = find_question(gateway, request.market_id)
    return await _move(gateway, market, DisputeOutcome(market.name, caller.user_id, reason=request.reason))


async def resolve_market(gateway: Gateway, caller: Caller, request: ResolveRequest) -> Answer:
    """Decides the answer, or approves it as the first of two; holders are paid. Or, with dryRun, the plan of that."""
    market = find_question(gateway, request.market_id)
    if request.dry_run:
        return await _plan(gateway, market, Decision[request.outcome.name])
    disregarded = await _no_longer_counts(gateway, market)
    command = ResolveQuestion(market.name, caller.user_id, outcome=request.outcome, disregarded=disregarded)
    return await _audited_move(gateway, caller, "resolve_market", market, request, command)


async def void_market(gateway: Gateway, caller: Caller, request: VoidRequest) -> Answer:
    """Decides that there is no answer, or approves that as the first of two. Or, with dryRun, the plan of that."""
    market = find_question(gateway, request.market_id)
    if request.dry_run:
        return await _plan(gateway, market, Decision.VOID)
    command = VoidQuestion(market.name, caller.user_id, disregarded=await _no_longer_counts(gateway, market))
    return await _audited_move(gateway, caller, "void_market", market, request, command)


async def roll_back_market(gateway: Gateway, caller: Caller, request: ChangeMarketRequest) -> Answer:
    """Takes the decision and all its payouts back while those are held; refused once they are free."""
    market = find_question(gateway, request.market_id)
    command = RollBackQuestion(market.name, caller.user_id)
    return await _audited_move(gateway, caller, "roll_back_market", market, request, command)


async def get_payouts(gateway: Gateway, _: Caller, request: PayoutsRequest) -> Answer:
    """What a decision would pay to whom; nothing is done."""
    return await _plan(gateway, find_question(gateway, request.market_id), request.outcome)


async def _no_longer_counts(gateway: Gateway, market: MarketEntry) -> int | None:
    """Who approved first, if that was an administrator who is none any more."""
    record = await find_record(gateway, market.market_id)
    first = read_standing(record.standing).approved_by
    member = None if first is None else gateway.sessions.member(first)
    counts = member is not None and member.role is Role.ADMIN and not member.suspended
    return None if counts else first


async def _audited_move(
    gateway: Gateway,
    caller: Caller,
    action: str,
    market: MarketEntry,
    request: msgspec.Struct,
    command: MoveQuestion | HaltMarket | ResumeMarket,
) -> Answer:
    return await audited(gateway, caller, action, market.channel, request, partial(_move, gateway, market, command))


async def _move(gateway: Gateway, market: MarketEntry, command: MoveQuestion | HaltMarket | ResumeMarket) -> Answer:
    """Take a step, and show the market after it."""
    moved = await gateway.exchange.accounts.ask(command)
    if isinstance(moved, Refused):
        return refusal(moved)
    with outcome_unknown():  # the step is taken, whatever becomes of looking at it
        record = await find_record(gateway, market.market_id)
        return Answer(200, market_view(record, await mark_of(gateway, record)))


async def _plan(gateway: Gateway, market: MarketEntry, decision: Decision) -> Answer:
    plan = await ask(market, GetPayouts(decision.outcome))
    if isinstance(plan, Refused):
        return refusal(plan)
    payouts = [
        PlannedPayoutView(
            planned.account_id,
            name_of(gateway, planned.account_id),
            planned.yes,
            planned.no,
            usd(planned.payout),
            usd(planned.refund),
        )
        for planned in plan.payouts
    ]
    return Answer(
        200,
        PayoutPlanView(
            market.market_id,
            decision,
            cents(plan.yes_units),
            cents(PAIR_UNITS - plan.yes_units),
            usd(plan.pool),
            payouts,
        ),
    )
