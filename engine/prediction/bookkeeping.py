"""What the events of a question do to money, shares and rows.

trade of q shares at price p of the side's own share      buyer   -p q  -fee   fees +fee    +q shares
                                                          seller  +p q  -fee   fees +fee    -q shares
what both pay, less what both get, goes to the pool:      mint +q pairs, merge -q pairs, transfer 0
"""

from typing import Any

from msgspec.structs import replace

from engine.amounts import RATE_ONE, divide_up
from engine.ledger.assets import PAYOUT_ASSET
from engine.ledger.books import EventWriter
from engine.ledger.chart import FEES, MAKER, pool_of
from engine.ledger.journal import PartRefused
from engine.ledger.page import Page
from engine.ledger.records import MakerAuditRecord, MarketState, OrderRecord, PositionRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import TRADE_SIDES, Outcome, TradeKind
from engine.prediction.events import HolderPaid, PayoutFreed, PayoutTakenBack, QuestionMoved
from engine.prediction.lifecycle import PAYING, TRANSITIONS, Step, read_standing, write_standing
from engine.prediction.question import PAIR_UNITS, Question, VoidPolicy
from engine.trading.bookkeeping import fill_message, move_on, take_trade
from engine.trading.bookkeeping import write_order_closed as close_order
from engine.trading.bookkeeping import write_order_placed as place_order
from engine.trading.events import Execution, OrderClosed, OrderPlaced, TradeMade

PAIRS = {
    TradeKind.MINT: 1,
    TradeKind.TRANSFER: 0,
    TradeKind.TRANSFER_NO: 0,
    TradeKind.MERGE: -1,
}  # that a share of a trade makes


def write_order_placed(page: Page, market_id: int, now_ms: int, event: OrderPlaced) -> None:
    """Hold the order's budget; open its row."""
    _trading(page, market_id)
    place_order(page, market_id, now_ms, event)
    order = page.order(event.order_id)
    if order.outcome is None or order.quantity_lots is None:
        raise PartRefused(f"order {order.order_id} does not say how many of which shares it is about")
    _audit_maker(page, event.sequence, "PLACE", order, order.quantity_lots, order.price_ticks)


def write_trade_made(page: Page, market_id: int, now_ms: int, event: TradeMade) -> None:
    """Move money and shares of both sides; mint or merge pairs; move both orders on."""
    _trading(page, market_id)
    trade = take_trade(page, market_id, now_ms, event)
    if trade.kind is None:
        raise PartRefused(f"trade {trade.number} does not say what it does to shares")
    question: Question = page.definition(market_id)
    parties = ((Side.BUY, event.buyer), (Side.SELL, event.seller))
    for (side, outcome), (book_side, execution) in zip(TRADE_SIDES[trade.kind], parties, strict=True):
        before = page.order(execution.order_id)
        if before.outcome is not outcome:
            raise PartRefused(f"order {execution.order_id} is not one of {outcome.value}")
        takes = book_side is trade.taker_side
        page.tell(execution.account_id, fill_message(side, execution, trade, takes, outcome), now_ms)
        order = move_on(page, market_id, side, execution, now_ms)
        price = question.yes_ticks(outcome, trade.price_ticks)
        rate = question.taker_rate if takes else question.maker_rate
        _check_fee(before, execution, question.fee_parts(price, trade.quantity_lots, rate))
        _pay_side(page, trade, order, execution, question.value(price, trade.quantity_lots))
        _audit_maker(page, event.sequence, "FILL", order, trade.quantity_lots, price)
    pairs = PAIRS[trade.kind] * trade.quantity_lots
    if pairs:
        trans_id = str(trade.trade_id)
        page.move(pool_of(market_id), PAYOUT_ASSET, pairs * PAIR_UNITS, trade.kind.value, trans_id, now_ms)


def _check_fee(before: OrderRecord, execution: Execution, parts: int) -> None:
    """The fee is what the question's rates give: rounded up on all that the order has traded, less what was charged."""
    standing, order_id = execution.standing, execution.order_id
    if standing.fee_parts != before.fee_parts + parts:
        raise PartRefused(f"order {order_id} owes {before.fee_parts + parts} parts of fees, not {standing.fee_parts}")
    fee = divide_up(standing.fee_parts, RATE_ONE)
    if (execution.fee, standing.fee) != (fee - before.fee, fee):
        raise PartRefused(f"order {order_id} is to be charged a fee of {fee - before.fee}, not {execution.fee}")


def _pay_side(page: Page, trade: TradeRecord, order: OrderRecord, execution: Execution, value: int) -> None:
    """One side's money and shares; `value` is what its shares are worth."""
    assert order.outcome is not None
    assert trade.kind is not None
    paid = value if order.side is Side.BUY else -value
    word = trade.kind.value if PAIRS[trade.kind] else "trade"
    trans_id, now_ms, account_id = str(trade.trade_id), trade.created_ms, order.account_id
    page.move(account_id, PAYOUT_ASSET, -paid, word, trans_id, now_ms)
    if execution.fee:
        page.move(account_id, PAYOUT_ASSET, -execution.fee, "fee", trans_id, now_ms)
        page.move(FEES, PAYOUT_ASSET, execution.fee, "fee", trans_id, now_ms)
    position = page.position(trade.market_id, account_id)
    change = bought if order.side is Side.BUY else sold
    page.change_position(change(position, order.outcome, trade.quantity_lots, value, execution.fee))


def bought(position: PositionRecord, outcome: Outcome, shares: int, value: int, fee: int) -> PositionRecord:
    """A position with so many shares more, bought for `value`."""
    fees = position.fees + fee
    if outcome is Outcome.YES:
        return replace(position, yes=position.yes + shares, yes_cost=position.yes_cost + value, fees=fees)
    return replace(position, no=position.no + shares, no_cost=position.no_cost + value, fees=fees)


def sold(position: PositionRecord, outcome: Outcome, shares: int, value: int, fee: int) -> PositionRecord:
    """A position with so many shares less; their part of the average cost, rounded down, leaves with them."""
    held, cost = (position.yes, position.yes_cost) if outcome is Outcome.YES else (position.no, position.no_cost)
    if shares > held:
        raise PartRefused(f"account {position.account_id} sells {shares} of {held} shares of {outcome.value}")
    gone = cost * shares // held
    realized, fees = position.realized + value - gone, position.fees + fee
    if outcome is Outcome.YES:
        return replace(position, yes=held - shares, yes_cost=cost - gone, realized=realized, fees=fees)
    return replace(position, no=held - shares, no_cost=cost - gone, realized=realized, fees=fees)


def write_order_closed(page: Page, market_id: int, now_ms: int, event: OrderClosed) -> None:
    """Release what was still held; close the row."""
    order = page.order(event.order_id)
    close_order(page, market_id, now_ms, event)
    closed = replace(order, state=event.standing.state, updated_ms=now_ms)
    _audit_maker(page, event.sequence, "CANCEL", closed, event.standing.cancelled_lots, order.price_ticks)


def _audit_maker(
    page: Page, sequence: int, event_type: str, order: OrderRecord, shares: int, price_ticks: int | None
) -> None:
    """Keep what becomes of the market maker's orders; a fill has the price of its trade."""
    if order.account_id != MAKER:
        return
    assert order.outcome is not None
    if price_ticks is None:
        raise PartRefused(f"order {order.order_id} of the market maker is not a limit order")
    page.maker_audit.append(
        MakerAuditRecord(
            order.market_id,
            sequence,
            event_type,
            order.state,
            order.order_id,
            order.outcome,
            order.side,
            price_ticks,
            shares,
            order.updated_ms,
        )
    )


def write_question_moved(page: Page, market_id: int, _now_ms: int, event: QuestionMoved) -> None:
    """Take a step of the lifecycle; there is no other way."""
    before = page.market(market_id).state
    if TRANSITIONS.get((before, event.step)) is not event.state:
        raise PartRefused(f"{event.step.value} does not lead from {before.value} to {event.state.value}")
    page.follow(market_id, event.sequence, state=event.state, standing=write_standing(event.resolution))
    if event.step in (Step.RESOLVE, Step.VOID):
        _check_decision(page, market_id, event)
    if event.state is not MarketState.FINAL:
        return
    if page.balance(pool_of(market_id), PAYOUT_ASSET) != (0, 0):
        raise PartRefused(f"market {market_id} is final, and not all of its pool is paid out")
    *_, held = page.shares_in(market_id)
    if held:
        raise PartRefused(f"market {market_id} is final, and {held} of its payouts are still held")


def _check_decision(page: Page, market_id: int, event: QuestionMoved) -> None:
    """A share of YES is paid what the answer says; without one, what the question's policy allows."""
    outcome, yes_units = event.resolution.outcome, event.resolution.yes_units
    question: Question = page.definition(market_id)
    if (outcome is None) is not (event.step is Step.VOID):
        raise PartRefused(f"market {market_id} is {event.state.value} with the answer {outcome and outcome.value}")
    if outcome is not None:
        fits = yes_units == (PAIR_UNITS if outcome is Outcome.YES else 0)
    elif question.void_policy is VoidPolicy.EQUAL:
        fits = yes_units == PAIR_UNITS // 2
    else:
        fits = yes_units is not None and 0 <= yes_units <= PAIR_UNITS
    if not fits:
        answer = "void" if outcome is None else outcome.value
        raise PartRefused(f"market {market_id} is answered {answer}: YES is not to be paid {yes_units}")


def write_holder_paid(page: Page, market_id: int, now_ms: int, event: HolderPaid) -> None:
    """Pay all shares of a holder, and hold it."""
    page.follow(market_id, event.sequence)
    state = _paying(page, market_id)
    position = page.position(market_id, event.account_id)
    if position.payout is not None or event.payout != _payout(page, position):
        raise PartRefused(f"account {event.account_id} is not to be paid {event.payout} in market {market_id}")
    refund = position.fees if state is MarketState.VOID else 0
    if event.refund != refund:
        raise PartRefused(f"account {event.account_id} is to be given back {refund}, not {event.refund}")
    _move_payout(page, market_id, event.account_id, event.payout, event.refund, now_ms)
    held = event.payout + event.refund
    page.hold(event.account_id, PAYOUT_ASSET, held)
    page.change_position(replace(position, payout=event.payout, refund=event.refund, payout_held=held))


def write_payout_taken_back(page: Page, market_id: int, now_ms: int, event: PayoutTakenBack) -> None:
    """Undo a payment that is still held."""
    page.follow(market_id, event.sequence)
    if not read_standing(page.market(market_id).standing).rolling_back:
        raise PartRefused(f"market {market_id} is not rolled back")
    position = page.position(market_id, event.account_id)
    paid = (position.payout, position.refund, position.payout_held)
    if paid != (event.payout, event.refund, event.payout + event.refund):
        raise PartRefused(f"account {event.account_id} has not been paid what is to be taken back")
    page.hold(event.account_id, PAYOUT_ASSET, -position.payout_held)
    _move_payout(page, market_id, event.account_id, -event.payout, -event.refund, now_ms)
    page.change_position(replace(position, payout=None, refund=0, payout_held=0))


def write_payout_freed(page: Page, market_id: int, now_ms: int, event: PayoutFreed) -> None:
    """Let a holder have what was held."""
    page.follow(market_id, event.sequence)
    _paying(page, market_id)
    frees_ms = read_standing(page.market(market_id).standing).frees_ms
    if frees_ms is None or now_ms < frees_ms:
        raise PartRefused(f"payouts of market {market_id} are held until {frees_ms}, and it is {now_ms}")
    position = page.position(market_id, event.account_id)
    if position.payout_held != event.amount:
        raise PartRefused(f"account {event.account_id} has {position.payout_held} held, not {event.amount}")
    page.hold(event.account_id, PAYOUT_ASSET, -event.amount)
    page.change_position(replace(position, payout_held=0))


def _move_payout(page: Page, market_id: int, account_id: int, payout: int, refund: int, now_ms: int) -> None:
    trans_id = f"market-{market_id}"
    for source, amount, word in ((pool_of(market_id), payout, "payout"), (FEES, refund, "refund")):
        if amount:
            page.move(source, PAYOUT_ASSET, -amount, word, trans_id, now_ms)
            page.move(account_id, PAYOUT_ASSET, amount, word, trans_id, now_ms)


def _trading(page: Page, market_id: int) -> None:
    state = page.market(market_id).state
    if state is not MarketState.OPEN:
        raise PartRefused(f"market {market_id} is {state.value}: nothing is ordered or traded in it")


def _paying(page: Page, market_id: int) -> MarketState:
    state = page.market(market_id).state
    if state not in PAYING:
        raise PartRefused(f"market {market_id} is {state.value}: it has nothing to pay")
    return state


def _payout(page: Page, position: PositionRecord) -> int:
    yes_units = read_standing(page.market(position.market_id).standing).yes_units
    if yes_units is None:
        raise PartRefused(f"market {position.market_id} has no answer to be paid for")
    return position.yes * yes_units + position.no * (PAIR_UNITS - yes_units)


def check(page: Page, market_id: int) -> None:
    """As many shares of YES as of NO; the pool has a pair's worth for each, but for what is paid out already."""
    yes, no, paid, _ = page.shares_in(market_id)
    pool, _ = page.balance(pool_of(market_id), PAYOUT_ASSET)
    if yes != no or pool != yes * PAIR_UNITS - paid:
        raise PartRefused(f"market {market_id} has {yes} YES, {no} NO, {paid} paid out and a pool of {pool}")


WRITERS: dict[Any, EventWriter] = {
    QuestionMoved: write_question_moved,
    HolderPaid: write_holder_paid,
    PayoutTakenBack: write_payout_taken_back,
    PayoutFreed: write_payout_freed,
}
