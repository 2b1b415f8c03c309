"""What a question does by itself leaves in parts, a commit each; whatever happens between, each is paid once."""

from collections import Counter
from typing import Any, NoReturn

import pytest

from engine.ledger.audit import audit
from engine.ledger.books import Books
from engine.ledger.chart import FEES, OUTSIDE, pool_of
from engine.ledger.journal import GENESIS_HASH, Part
from engine.ledger.page import Page
from engine.ledger.records import BalanceRecord, MarketRecord, MarketState, PositionRecord
from engine.matching.order import SelfTradePrevention, Side
from engine.matching.terms import OrderType, Outcome, TimeInForce
from engine.prediction.commands import QuestionStands, ResolveQuestion, RollBackQuestion, VoidQuestion
from engine.prediction.events import HolderPaid, PayoutFreed, PayoutTakenBack, QuestionMoved
from engine.prediction.holdings import Holdings
from engine.prediction.lifecycle import Resolution, Rules, Step, write_standing
from engine.prediction.market import PART_MAX, PredictionMarket
from engine.prediction.question import PAIR_UNITS, Question, make_question
from engine.products import PRODUCTS, write_definition
from engine.refusals import Refusal, Refused
from engine.trading.commands import EnterOrder, OrderTerms, Placed
from engine.trading.events import OrderClosed
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene
from tests.engine.prediction.test_payouts import HOUR_MS, PEOPLE, TRADED, seen

MARKET, ROOT = 1, 9_999
NOW = 1_700_000_000_000
RULES = Rules()

# One share of YES for a tenth of a cent.
PENNY = OrderTerms(
    Side.BUY, OrderType.LIMIT, TimeInForce.GTC, False, SelfTradePrevention.CANCEL_NEWEST, 1, 1, None, Outcome.YES
)


def question() -> Question:
    made = make_question(title="rain", description="", category="", resolution_ms=NOW + HOUR_MS, now_ms=NOW)
    assert isinstance(made, Question)
    return made


class Untouched(Holdings):
    """Fails whoever looks at all holders."""

    def __iter__(self) -> NoReturn:
        raise AssertionError


class Crowd:
    """A closed market with so many holders of four shares each, half of them of YES; all have paid a fee."""

    def __init__(self, holders: int) -> None:
        self.question = question()
        standing = write_standing(Resolution(stopped_ms=NOW))
        definition = write_definition(self.question)
        record = MarketRecord(MARKET, "prediction", RAIN, definition, NOW, MarketState.CLOSED, 0, 0, None, standing)
        pool, fees = holders // 2 * 4 * PAIR_UNITS, holders * 7
        balances = ((pool_of(MARKET), pool), (FEES, fees), (OUTSIDE, -pool - fees))
        self.books = Books(
            PRODUCTS,
            journal_sequence=0,
            journal_hash=GENESIS_HASH,
            market_id=MARKET,
            balances=[BalanceRecord(account_id, "USD", total, 0) for account_id, total in balances],
            markets=[record],
            positions=[
                PositionRecord(MARKET, holder, yes=4 * (holder % 2), no=4 * (1 - holder % 2), fees=7)
                for holder in range(1, holders + 1)
            ],
        )
        self.now_ms = NOW
        self.market = self.rebuilt()

    def rebuilt(self) -> PredictionMarket:
        """What recovery makes of the rows."""
        market = PredictionMarket(
            self.books.markets[MARKET], self.question, RULES, positions=self.books.positions.values()
        )
        market.begin(self.now_ms)
        return market

    def commit(self) -> tuple[Any, ...]:
        events = self.market.take_events()
        page = Page(self.books)
        page.write(Part(MARKET, self.now_ms, events))
        page.close()
        audit(self.books)
        return events

    def works(self, *, crashes: bool = False) -> list[Counter[type]]:
        """Do all there is to do; what the parts were made of."""
        found = []
        while self.market.has_work:
            if crashes:
                self.market.go_on()  # decided, and lost before it was committed
                self.market = self.rebuilt()
            self.market.go_on()
            found.append(Counter(map(type, self.commit())))
            if crashes:
                self.market = self.rebuilt()
        return found

    def paid(self) -> Counter[tuple[int, int]]:
        """How many accounts hold how much."""
        return Counter(balance for (account_id, _), balance in self.books.balances.items() if account_id > 0)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_thousand_holders_are_paid_in_a_commit(crashes: bool) -> None:
    crowd = Crowd(2_500)
    crowd.market.void(VoidQuestion(RAIN, ROOT))
    crowd.commit()
    assert crowd.works(crashes=crashes) == [{HolderPaid: 1_000}, {HolderPaid: 1_000}, {HolderPaid: 500}]
    half = 4 * PAIR_UNITS // 2 + 7
    assert crowd.paid() == {(half, half): 2_500}
    crowd.now_ms += HOUR_MS
    crowd.market.begin(crowd.now_ms)
    assert crowd.works(crashes=crashes) == [
        {PayoutFreed: 1_000},
        {PayoutFreed: 1_000},
        {PayoutFreed: 500, QuestionMoved: 1},
    ]
    assert crowd.paid() == {(half, 0): 2_500}
    assert crowd.books.markets[MARKET].state is MarketState.FINAL
    assert not crowd.books.positions


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("parts", range(4))
def test_a_roll_back_in_the_middle_takes_back_what_was_paid(parts: int, crashes: bool) -> None:
    crowd = Crowd(2_500)
    before = dict(crowd.books.balances), dict(crowd.books.positions)
    crowd.market.void(VoidQuestion(RAIN, ROOT))
    crowd.commit()
    for _ in range(parts):
        crowd.market.go_on()
        crowd.commit()
    assert isinstance(crowd.market.roll_back(RollBackQuestion(RAIN, ROOT)), QuestionStands)
    crowd.commit()
    taken = sum((part for part in crowd.works(crashes=crashes)), Counter())
    assert taken[PayoutTakenBack] == min(parts * 1_000, 2_500)
    assert taken[HolderPaid] == 0
    assert {key: balance for key, balance in crowd.books.balances.items() if any(balance)} == before[0]
    assert crowd.books.positions == before[1]
    assert crowd.books.markets[MARKET].state is MarketState.CLOSED
    assert crowd.market.resolution == Resolution(stopped_ms=NOW)


def test_exactly_a_thousand_are_one_part() -> None:
    crowd = Crowd(PART_MAX)
    crowd.market.void(VoidQuestion(RAIN, ROOT))
    crowd.commit()
    assert crowd.works() == [{HolderPaid: 1_000}]
    crowd.market.roll_back(RollBackQuestion(RAIN, ROOT))
    crowd.commit()
    assert crowd.works() == [{PayoutTakenBack: 1_000, QuestionMoved: 1}]


def test_nobody_who_was_paid_nothing_makes_a_part_longer_or_shorter() -> None:
    """Half of them were right: only theirs is freed."""
    crowd = Crowd(2_500)
    crowd.market.state, crowd.market.resolution = MarketState.DISPUTED, Resolution(stopped_ms=NOW)
    crowd.market.resolve(ResolveQuestion(RAIN, ROOT, outcome=Outcome.YES))
    events = list(crowd.market.take_events())
    parts = []
    for _ in range(2):
        while crowd.market.has_work:
            crowd.market.go_on()
            part = crowd.market.take_events()
            parts.append(Counter(map(type, part)))
            events += part
        crowd.market.begin(NOW + HOUR_MS)
    assert parts == [
        {HolderPaid: 1_000},
        {HolderPaid: 1_000},
        {HolderPaid: 500},
        {PayoutFreed: 1_000},
        {PayoutFreed: 250, QuestionMoved: 1},
    ]
    accounts = [event.account_id for event in events if isinstance(event, HolderPaid)]
    assert accounts == sorted(accounts)


def test_whether_there_is_work_is_known_without_looking_at_the_holders() -> None:
    """It is asked after every batch of the hour in which payouts are held."""
    crowd = Crowd(10)
    crowd.market.void(VoidQuestion(RAIN, ROOT))
    crowd.market.go_on()
    crowd.market.holdings = Untouched()
    assert not crowd.market.has_work
    crowd.market.begin(NOW + HOUR_MS)
    assert crowd.market.has_work


def test_a_final_question_forgets_its_holders_and_prices() -> None:
    exchange = Harness()
    scene = Scene(exchange).owning(PEOPLE).market(void="last_price").told(TRADED)
    scene.told("root closes")
    scene.told("root voids")
    market = exchange.markets[RAIN]
    assert market.trail is not None
    exchange.wait(HOUR_MS)
    assert scene.stands() == "final"
    assert not list(market.holdings)
    assert exchange.markets[RAIN].trail is None
    assert not market.has_work
    assert exchange.plan(RAIN, None) == {"code": "CONFLICT"}


def test_who_could_not_be_paid_in_time_is_paid_before_anything_is_freed() -> None:
    """The process was away while the payouts were held."""
    crowd = Crowd(1_500)
    crowd.market.void(VoidQuestion(RAIN, ROOT))
    crowd.commit()
    crowd.market.go_on()
    crowd.commit()
    crowd.now_ms += HOUR_MS
    crowd.market = crowd.rebuilt()
    assert crowd.works() == [{HolderPaid: 500}, {PayoutFreed: 1_000}, {PayoutFreed: 500, QuestionMoved: 1}]


def test_a_thousand_orders_are_closed_in_a_commit() -> None:
    crowd = Crowd(0)
    crowd.market.state = MarketState.OPEN
    for order_id in range(1, 1_501):
        assert isinstance(crowd.market.place(EnterOrder(order_id, 1, None, PENNY, 11)), Placed)
    crowd.market.take_events()
    crowd.market.begin(NOW + HOUR_MS)
    assert [event.step for event in crowd.market.take_events()] == [Step.CLOSE]
    closed = []
    while crowd.market.has_work:
        crowd.market.go_on()
        closed.append(Counter(map(type, crowd.market.take_events())))
    assert closed == [{OrderClosed: 1_000}, {OrderClosed: 500}]
    crowd.market.go_on()
    assert crowd.market.take_events() == ()


# What happens between two parts


@pytest.fixture
def exchange() -> Harness:
    """One that does nothing by itself, and two things at a time."""
    found = Harness(part_max=2, works=False)
    Scene(found).owning(PEOPLE).market(taker_rate="0.1").told(TRADED)
    return found


def test_the_book_is_emptied_before_anybody_is_paid(exchange: Harness) -> None:
    scene = Scene(exchange)
    for price in ("10", "11", "12"):
        scene.told(f"cat buys 1 YES at {price}")
    scene.told("root halts")
    scene.told("root voids")
    assert scene.does("cat cancels 3") == "cancelled"
    assert exchange.go_on(RAIN)
    assert scene.does("cat cancels 1") == "cancelled"
    assert all(exchange.holding(RAIN, person)["payout"] is None for person in ("ann", "bob", "cat", "dan"))
    assert exchange.go_on(RAIN)
    assert [exchange.holding(RAIN, person)["payout"] for person in ("ann", "bob", "cat")] == ["7.5", "15", None]


def test_while_payouts_are_taken_back_nothing_else_is_decided(exchange: Harness) -> None:
    scene = Scene(exchange).told("root closes")
    before = seen(scene)
    scene.told("root voids")
    exchange.go_on(RAIN)
    scene.told("root rolls_back")
    for sentence in ("root voids", "root proposes YES", "root rolls_back", "root closes", "root resumes"):
        assert scene.does(sentence) == "CONFLICT", sentence
    assert exchange.plan(RAIN, "YES") == {"code": "CONFLICT"}
    exchange.restart()
    assert scene.does("root voids") == "CONFLICT"
    while exchange.go_on(RAIN):
        pass
    assert seen(scene) == before
    assert scene.does("root voids") == "void"


def test_a_market_in_which_trading_goes_on_has_nothing_to_do(exchange: Harness) -> None:
    market = exchange.markets[RAIN]
    market.go_on()
    assert market.take_events() == ()
    Scene(exchange).told("root halts")
    market.go_on()
    assert market.take_events() == ()
    assert not market.has_work


def test_an_order_that_comes_with_the_date_is_refused() -> None:
    """Time is looked at before each batch, whether or not anything else has noticed."""
    crowd = Crowd(0)
    market = PredictionMarket(
        MarketRecord(MARKET, "prediction", RAIN, b"", NOW, MarketState.OPEN, 0, 0, None), crowd.question, RULES
    )
    market.begin(NOW + HOUR_MS - 1)
    assert isinstance(market.place(EnterOrder(1, 1, None, PENNY, 11)), Placed)
    market.begin(NOW + HOUR_MS)
    refused = market.place(EnterOrder(2, 1, None, PENNY, 11))
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.MARKET_CLOSED
    _, moved = market.take_events()
    assert (moved.step, moved.actor_id, moved.state) == (Step.CLOSE, 0, MarketState.CLOSED)


@pytest.mark.parametrize(
    ("state", "approvals", "due"),
    [
        ("open", 1, "the date"),
        ("halted", 1, "the date"),
        ("closed", 1, None),
        ("proposed", 1, "the challenge window"),
        ("proposed", 2, None),
        ("disputed", 1, None),
        ("void", 1, "the payout window"),
        ("final", 1, None),
    ],
)
def test_when_time_will_move_it_on(state: str, approvals: int, due: str | None) -> None:
    times = {"the date": 5 * HOUR_MS, "the challenge window": 2 * HOUR_MS, "the payout window": 3 * HOUR_MS, None: None}
    record = MarketRecord(
        MARKET,
        "prediction",
        RAIN,
        b"",
        NOW,
        MarketState(state),
        0,
        0,
        None,
        write_standing(Resolution(challenge_until_ms=2 * HOUR_MS, frees_ms=3 * HOUR_MS)),
    )
    made = make_question(title="rain", description="", category="", resolution_ms=5 * HOUR_MS, now_ms=0)
    assert isinstance(made, Question)
    assert PredictionMarket(record, made, Rules(approvals=approvals)).due_ms == times[due]
