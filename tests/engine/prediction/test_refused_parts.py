"""A question with a defect is stopped by the ledger: an event that contradicts what is known spoils its part."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.amounts import RATE_ONE, divide_up
from engine.ledger.chart import pool_of
from engine.ledger.commands import MovementKind
from engine.ledger.events import MoneyMoved
from engine.ledger.journal import PartRefused
from engine.ledger.page import Page
from engine.ledger.records import MarketState
from engine.matching.order import Side
from engine.matching.terms import Outcome, TradeKind
from engine.prediction.bookkeeping import check
from engine.prediction.events import HolderPaid, PayoutFreed, PayoutTakenBack, QuestionMoved
from engine.prediction.lifecycle import Resolution, Step
from engine.trading.events import Execution, TradeMade
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene
from tests.engine.stage import Stage

ANN, BOB, CAT = 1, 2, 3
HOUR_MS = 3_600_000

MINT = ("ann buys 10 YES at 60", "bob buys 10 NO at 40")
TRANSFER = (*MINT, "ann sells 4 YES at 70", "cat buys 4 YES at 70")
MERGE = (*MINT, "ann sells 4 YES at 70", "bob sells 4 NO at 30")


def staged(*sentences: str, parts: int = 0, **engine: Any) -> Stage:
    """What has happened; then so many parts of what the market does by itself. The last commit is on the stage."""
    exchange = Harness(works=False, **engine)
    scene = Scene(exchange).owning("""
        person | USD
        ann    | 100
        bob    | 100
        cat    | 100
    """)
    scene.market(taker_rate="0.1")
    for sentence in sentences:
        if sentence == "an hour":
            exchange.wait(HOUR_MS)
        else:
            scene.told(sentence)
    for _ in range(parts):
        assert exchange.go_on(RAIN)
    return Stage(exchange)


# Trades


def kind(kind: TradeKind | None) -> Callable[[TradeMade], TradeMade]:
    return lambda made: replace(made, kind=kind)


def swapped(made: TradeMade) -> TradeMade:
    return replace(made, buyer=made.seller, seller=made.buyer)


def more(made: TradeMade) -> TradeMade:
    """So many shares that Ann would sell more than she has, with the fees of so many."""

    def charged(execution: Execution) -> Execution:
        parts = execution.standing.fee_parts // made.quantity_lots * 11
        fee = divide_up(parts, RATE_ONE)
        return replace(execution, fee=fee, standing=replace(execution.standing, fee=fee, fee_parts=parts))

    return replace(
        made,
        quantity_lots=11,
        value=made.value // made.quantity_lots * 11,
        buyer=charged(made.buyer),
        seller=charged(made.seller),
    )


def at(price_ticks: int) -> Callable[[TradeMade], TradeMade]:
    return lambda made: replace(made, price_ticks=price_ticks)


def cheaper_for_the_seller(made: TradeMade) -> TradeMade:
    return replace(made, value=made.value - 1)


def keeping_what_it_paid(made: TradeMade) -> TradeMade:
    held = replace(made.buyer.standing, held=made.buyer.unheld)
    return replace(made, buyer=replace(made.buyer, unheld=0, standing=held))


@pytest.mark.parametrize(
    ("sentences", "change", "said"),
    [
        (MINT, kind(None), "trade 1 does not say what it does to shares"),
        (MINT, kind(TradeKind.TRANSFER), "order 2 is not one of YES"),
        (MINT, kind(TradeKind.TRANSFER_NO), "order 1 is not one of NO"),
        (MINT, kind(TradeKind.MERGE), "order 1 is not one of NO"),
        (MINT, swapped, "order 2 is not one of YES"),
        (TRANSFER, kind(TradeKind.MINT), "order 3 is not one of NO"),
        (TRANSFER, swapped, "order 3 is not that of account 1"),
        (TRANSFER, more, "account 1 sells 11 of 10 shares of YES"),
        (MERGE, kind(TradeKind.MINT), "order 4 is not one of YES"),
        (MERGE, kind(TradeKind.TRANSFER), "order 4 is not one of YES"),
        (MERGE, more, "account 2 sells 11 of 10 shares of NO"),
        (MERGE, swapped, "order 3 is not one of NO"),
        (TRANSFER, at(699), "trade 2 of rain is not worth 28000"),
        (TRANSFER, cheaper_for_the_seller, "trade 2 of rain is not worth 27999"),
        (TRANSFER, keeping_what_it_paid, "order 4 is closed, and still holds 29200"),
    ],
)
def test_a_trade_that_can_not_be(
    sentences: tuple[str, ...], change: Callable[[TradeMade], TradeMade], said: str
) -> None:
    stage = staged(*sentences)
    placed, made = stage.part.events
    stage.accepts(placed, made)
    assert stage.refusal_of(placed, change(made)).startswith(said)


@pytest.mark.parametrize(
    ("side", "fee", "charged", "parts", "said"),
    [
        ("seller", 1, 1, 0, "order 3 is to be charged a fee of 0, not 1"),  # the maker, who pays none
        ("seller", 0, 1, 0, "order 3 is to be charged a fee of 0, not 0"),
        ("seller", 1, 1, 10**8, "order 3 owes 0 parts of fees, not 100000000"),
        ("buyer", -1, -1, 0, "order 4 is to be charged a fee of 1200, not 1199"),
        ("buyer", -1200, -1200, -1200 * 10**8, "order 4 owes 120000000000 parts of fees, not 0"),
        ("buyer", 0, 0, -1, "order 4 owes 120000000000 parts of fees, not 119999999999"),
    ],
)
def test_a_fee_that_is_not_what_the_rates_give(side: str, fee: int, charged: int, parts: int, said: str) -> None:
    stage = staged(*TRANSFER)
    placed, made = stage.part.events
    execution: Execution = getattr(made, side)
    standing = execution.standing
    standing = replace(standing, fee=standing.fee + charged, fee_parts=standing.fee_parts + parts)
    changed = replace(execution, fee=execution.fee + fee, standing=standing)
    assert stage.refusal_of(placed, replace(made, **{side: changed})) == said


def test_a_fee_is_rounded_once_for_all_that_an_order_has_traded() -> None:
    """At 0.3 of a unit a share, the second fill of one share adds nothing, the fourth does."""
    exchange = Harness()
    scene = Scene(exchange).owning("person | USD \n ann | 100 \n bob | 100")
    scene.market(maker_rate="0.00006").told("ann buys 5 YES at 50")
    fees = []
    for _ in range(5):
        scene.told("bob buys 1 NO at 50")
        stage = Stage(exchange)
        placed, made = stage.part.events
        stage.accepts(placed, made)
        fees.append(made.buyer.fee)
        wrong = replace(made.buyer, fee=1 - made.buyer.fee)
        assert stage.refusal_of(placed, replace(made, buyer=wrong)).startswith("order 1 is to be charged a fee of")
    assert fees == [1, 0, 0, 1, 0]


@pytest.mark.parametrize("step", ["root halts", "root closes"])
def test_nothing_is_ordered_or_traded_where_trading_has_stopped(step: str) -> None:
    exchange = Harness(works=False)
    scene = Scene(exchange).owning("person | USD \n ann | 100 \n bob | 100").market()
    scene.told(MINT[0])
    scene.told(MINT[1])
    placed, made = Stage(exchange).part.events
    stopped = staged(MINT[0], step)
    (moved,) = stopped.part.events
    said = f"market 1 is {moved.state.value}: nothing is ordered or traded in it"
    late = replace(placed, sequence=moved.sequence + 1)
    assert stopped.refusal_of(moved, late) == said
    assert stopped.refusal_of(moved, replace(made, sequence=moved.sequence + 1)) == said


def test_an_order_says_which_share_it_is_about() -> None:
    stage = staged("ann buys 1 YES at 60")
    (placed,) = stage.part.events
    refusal = "order 1 does not say how many of which shares it is about"
    assert stage.refusal_of(replace(placed, outcome=None)) == refusal


def test_a_seller_of_shares_holds_no_money() -> None:
    """Whatever an event says: the shares are the market's to keep, and no money was held for them."""
    stage = staged(*MINT, "ann sells 4 YES at 70", "ann cancels 2")
    (closed,) = stage.part.events
    stage.accepts(closed)
    assert stage.refusal_of(replace(closed, unheld=1)).startswith("order 3 holds 0, not 1 more")
    assert stage.refusal_of(replace(closed, side=Side.BUY)).startswith("order 3 is not that of account 1")


def test_money_does_not_leave_the_pool_in_another_way() -> None:
    stage = staged(*MINT, "ann halts")
    taken = MoneyMoved(MovementKind.TRANSFER, ANN, "mine", "USD", 10_000, pool_of(stage.market_id), ANN)
    said = "market 1 has 10 YES, 10 NO, 0 paid out and a pool of 90000"
    assert stage.refusal_of(*stage.part.events, taken) == said


@pytest.mark.parametrize(("change", "said"), [({"yes": 11}, "11 YES, 10 NO"), ({"payout": 1}, "10 NO, 1 paid out")])
def test_shares_and_payouts_that_do_not_add_up(change: dict[str, int], said: str) -> None:
    """No event can do so; should a writer ever, its part is refused."""
    stage = staged(*MINT, "ann halts")
    page = Page(stage.books)
    check(page, stage.market_id)
    page.change_position(replace(page.position(stage.market_id, ANN), **change))
    with pytest.raises(PartRefused, match=said):
        check(page, stage.market_id)


# Steps


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (Step.CLOSE, MarketState.FINAL),
        (Step.CLOSE, MarketState.HALTED),
        (Step.VOID, MarketState.VOID),
        (Step.RESUME, MarketState.OPEN),
        (Step.FINISH, MarketState.FINAL),
    ],
)
def test_a_step_that_is_not_in_the_table(step: Step, state: MarketState) -> None:
    """It was closed."""
    stage = staged(*MINT, "root closes")
    (moved,) = stage.part.events
    stage.accepts(moved)
    said = f"{step.value} does not lead from open to {state.value}"
    assert stage.refusal_of(replace(moved, step=step, state=state)) == said


def test_a_step_out_of_turn() -> None:
    stage = staged(*MINT, "root closes")
    (moved,) = stage.part.events
    assert stage.refusal_of(replace(moved, sequence=moved.sequence + 1)) == "event 5 of rain does not follow event 3"


def test_nothing_is_final_before_all_is_paid() -> None:
    """Ann and Bob; here only Ann was."""
    stage = staged(*MINT, "root closes", "root voids", parts=1, part_max=1)
    (paid,) = stage.part.events
    assert paid.account_id == ANN
    finished = QuestionMoved(paid.sequence + 1, Step.FINISH, 0, MarketState.FINAL, Resolution())
    assert stage.refusal_of(paid, finished) == "market 1 is final, and not all of its pool is paid out"


def test_nothing_is_final_while_payouts_are_held() -> None:
    """All are paid, and the pool is empty."""
    stage = staged(*VOID, parts=1)
    ann, bob = stage.part.events
    finished = QuestionMoved(bob.sequence + 1, Step.FINISH, 0, MarketState.FINAL, Resolution())
    assert stage.refusal_of(ann, bob, finished) == "market 1 is final, and 104000 of its payouts are still held"
    stage.now_ms += HOUR_MS
    freed = [PayoutFreed(bob.sequence + 1, ANN, 50_000), PayoutFreed(bob.sequence + 2, BOB, 54_000)]
    one = replace(finished, sequence=bob.sequence + 2)
    said = "market 1 is final, and 54000 of its payouts are still held"
    assert stage.refusal_of(ann, bob, freed[0], one) == said
    stage.accepts(ann, bob, *freed, replace(finished, sequence=bob.sequence + 3))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"yes_units": 3_000}, "market 1 is answered YES: YES is not to be paid 3000"),
        ({"yes_units": None}, "market 1 is answered YES: YES is not to be paid None"),
        ({"outcome": Outcome.NO}, "market 1 is answered NO: YES is not to be paid 10000"),
        ({"outcome": None}, "market 1 is resolved with the answer None"),
    ],
)
def test_an_answer_that_pays_something_else(changes: dict[str, Any], said: str) -> None:
    stage = staged(*ANSWERED)
    (moved,) = stage.part.events
    stage.accepts(moved)
    assert stage.refusal_of(replace(moved, resolution=replace(moved.resolution, **changes))) == said
    no = replace(moved.resolution, outcome=Outcome.NO, yes_units=0)
    stage.accepts(replace(moved, resolution=no))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"yes_units": 4_999}, "market 1 is answered void: YES is not to be paid 4999"),
        ({"outcome": Outcome.YES}, "market 1 is void with the answer YES"),
    ],
)
def test_a_void_that_pays_something_else(changes: dict[str, Any], said: str) -> None:
    """It pays 50 each."""
    stage = staged(*VOID)
    (moved,) = stage.part.events
    stage.accepts(moved)
    assert stage.refusal_of(replace(moved, resolution=replace(moved.resolution, **changes))) == said


@pytest.mark.parametrize(
    ("yes_units", "fits"), [(0, True), (10_000, True), (10_001, False), (-1, False), (None, False)]
)
def test_a_void_at_the_last_price_pays_no_more_than_a_pair(yes_units: int | None, fits: bool) -> None:
    exchange = Harness(works=False)
    scene = Scene(exchange).owning("person | USD \n ann | 100 \n bob | 100").market(void="last_price")
    scene.told("\n".join(VOID))
    stage = Stage(exchange)
    (moved,) = stage.part.events
    changed = replace(moved, resolution=replace(moved.resolution, yes_units=yes_units))
    if fits:
        stage.accepts(changed)
    else:
        assert stage.refusal_of(changed) == f"market 1 is answered void: YES is not to be paid {yes_units}"


# Payouts

VOID = (*MINT, "root closes", "root voids")
ANSWERED = (*MINT, "root closes", "root proposes YES", "bob disputes", "root resolves YES")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"payout": 50_001}, "account 1 is not to be paid 50001 in market 1"),
        ({"payout": 0}, "account 1 is not to be paid 0 in market 1"),
        ({"account_id": BOB}, "account 2 is to be given back 4000, not 0"),
        ({"account_id": CAT}, "account 3 is not to be paid 50000 in market 1"),
        ({"refund": 1}, "account 1 is to be given back 0, not 1"),
    ],
)
def test_a_payout_that_can_not_be(change: dict[str, int], said: str) -> None:
    stage = staged(*VOID, parts=1, part_max=1)
    (paid,) = stage.part.events
    stage.accepts(paid)
    assert stage.refusal_of(replace(paid, **change)) == said


def test_who_paid_fees_gets_them_all_back() -> None:
    stage = staged(*VOID, parts=1)
    ann, bob = stage.part.events
    stage.accepts(ann, bob)
    assert stage.refusal_of(ann, replace(bob, refund=3_999)) == "account 2 is to be given back 4000, not 3999"
    assert stage.refusal_of(ann, replace(bob, refund=0)) == "account 2 is to be given back 4000, not 0"


def test_an_answer_gives_no_fees_back() -> None:
    stage = staged(*ANSWERED, parts=1)
    ann, bob = stage.part.events
    assert (bob.payout, bob.refund) == (0, 0)
    assert stage.refusal_of(ann, replace(bob, refund=4_000)) == "account 2 is to be given back 0, not 4000"


def test_nobody_is_paid_twice() -> None:
    stage = staged(*VOID, parts=1)
    ann, bob = stage.part.events
    again = replace(ann, sequence=bob.sequence + 1)
    assert stage.refusal_of(ann, bob, again) == "account 1 is not to be paid 50000 in market 1"


def test_nobody_is_paid_before_there_is_an_answer() -> None:
    stage = staged(*MINT, "root closes")
    (closed,) = stage.part.events
    paid = HolderPaid(closed.sequence + 1, ANN, 50_000, 0)
    assert stage.refusal_of(closed, paid) == "market 1 is closed: it has nothing to pay"


def test_nobody_is_paid_while_payouts_are_taken_back() -> None:
    stage = staged(*VOID, "root rolls_back")
    (rolled_back,) = stage.part.events
    paid = HolderPaid(rolled_back.sequence + 1, ANN, 50_000, 0)
    assert stage.refusal_of(rolled_back, paid) == "market 1 is closed: it has nothing to pay"


# Taking back and letting go


def taken_back() -> Stage:
    exchange = Harness(works=False)
    scene = Scene(exchange).owning("""
        person | USD
        ann    | 100
        bob    | 100
    """)
    scene.market(taker_rate="0.1").told("\n".join(VOID))
    exchange.go_on(RAIN)
    scene.told("root rolls_back")
    exchange.go_on(RAIN)
    return Stage(exchange)


@pytest.mark.parametrize(
    "change", [{"payout": 49_999}, {"refund": 1}, {"account_id": BOB}, {"account_id": CAT}, {"payout": 0}]
)
def test_only_what_was_paid_is_taken_back(change: dict[str, int]) -> None:
    stage = taken_back()
    ann, bob, moved = stage.part.events
    stage.accepts(ann, bob, moved)
    assert (ann.payout, ann.refund, bob.payout, bob.refund) == (50_000, 0, 50_000, 4_000)
    assert stage.refusal_of(replace(ann, **change)).endswith("has not been paid what is to be taken back")


def test_it_is_taken_back_once() -> None:
    stage = taken_back()
    ann, *_ = stage.part.events
    again = replace(ann, sequence=ann.sequence + 1)
    assert stage.refusal_of(ann, again) == "account 1 has not been paid what is to be taken back"


def test_a_payout_that_was_not_rolled_back_stands() -> None:
    stage = staged(*VOID, parts=1)
    ann, bob = stage.part.events
    back = PayoutTakenBack(bob.sequence + 1, ANN, ann.payout, ann.refund)
    assert stage.refusal_of(ann, bob, back) == "market 1 is not rolled back"


def test_only_what_is_held_is_freed() -> None:
    stage = staged(*VOID, parts=1)
    ann, bob = stage.part.events
    freed = PayoutFreed(bob.sequence + 1, BOB, 54_000)
    frees_ms = stage.now_ms + HOUR_MS
    said = f"payouts of market 1 are held until {frees_ms}, and it is"
    assert stage.refusal_of(ann, bob, freed) == f"{said} {stage.now_ms}"
    stage.now_ms = frees_ms - 1
    assert stage.refusal_of(ann, bob, freed) == f"{said} {stage.now_ms}"
    stage.now_ms = frees_ms
    stage.accepts(ann, bob, freed)
    assert stage.refusal_of(ann, bob, replace(freed, amount=53_999)) == "account 2 has 54000 held, not 53999"
    again = replace(freed, sequence=freed.sequence + 1)
    assert stage.refusal_of(ann, bob, freed, again) == "account 2 has 0 held, not 54000"
    back = PayoutTakenBack(freed.sequence + 1, BOB, 50_000, 4_000)
    assert stage.refusal_of(ann, bob, freed, back) == "market 1 is not rolled back"


def test_what_is_taken_back_is_not_freed() -> None:
    stage = taken_back()
    ann, *_ = stage.part.events
    freed = PayoutFreed(ann.sequence, ANN, 50_000)
    assert stage.refusal_of(freed) == "market 1 is closed: it has nothing to pay"
