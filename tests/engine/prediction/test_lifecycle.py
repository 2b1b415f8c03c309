"""How a question goes from trading to its answer: one suite for the engine and the naive twin."""

from typing import Any

import pytest

from engine.ledger.records import MarketState
from engine.matching.terms import Outcome
from engine.prediction.commands import QuestionStands, ResolveQuestion, VoidQuestion
from engine.prediction.events import QuestionMoved
from engine.prediction.lifecycle import IMPOSSIBLE, TRANSITIONS, Step
from tests.engine.drawings import cells
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WAITS = {"an hour": HOUR_MS, "a day": DAY_MS}

PEOPLE = """
    person | USD
    ann    | 100
    bob    | 100
    cat    | 100
"""
TRADED = """
    ann buys 10 YES at 60
    bob buys 10 NO at 40
"""

# How a market comes into each state. Ann and Bob hold shares, Cat does not.
WAYS = {
    "open": (),
    "halted": ("root halts",),
    "closed": ("root closes",),
    "proposed YES": ("root closes", "root proposes YES"),
    "disputed YES": ("root closes", "root proposes YES", "ann disputes"),
    "resolved YES": ("root closes", "root proposes YES", "ann disputes", "root resolves YES"),
    "void": ("root closes", "root voids"),
    "final": ("root closes", "root voids", "an hour"),
}

TABLE = """
    from         | halts  | resumes | closes | proposes NO | disputes     | resolves NO | voids | rolls_back
    open         | halted | open    | closed |             |              |             |       |
    halted       | halted | open    | closed | proposed NO |              |             | void  |
    closed       |        |         |        | proposed NO |              |             | void  |
    proposed YES |        |         |        | proposed NO | disputed YES |             | void  |
    disputed YES |        |         |        |             |              | resolved NO | void  |
    resolved YES |        |         |        |             |              |             |       | closed
    void         |        |         |        |             |              |             |       | closed
    final        |        |         |        |             |              |             |       |
"""
HEADER, *ROWS = cells(TABLE)
PAIRS = [(row[0], step, told or "CONFLICT") for row in ROWS for step, told in zip(HEADER[1:], row[1:], strict=True)]


def opened(exchange: Any, **terms: Any) -> Scene:
    return Scene(exchange).owning(PEOPLE).market(**terms).told(TRADED)


def brought(exchange: Any, state: str) -> Scene:
    scene = opened(exchange)
    for sentence in WAYS[state]:
        if sentence in WAITS:
            exchange.wait(WAITS[sentence])
        else:
            scene.told(sentence)
    assert scene.stands() == state
    return scene


@pytest.mark.parametrize(("state", "step", "told"), PAIRS)
def test_every_step_in_every_state(exchange: Any, state: str, step: str, told: str) -> None:
    scene = brought(exchange, state)
    person = "ann" if step == "disputes" else "root"
    assert scene.does(f"{person} {step}") == told
    assert scene.stands() == (state if told == "CONFLICT" else told)


def moves(exchange: Harness) -> list[tuple[MarketState, Step]]:
    """The steps that the journal tells, each with the state in which it was taken."""
    state, found = MarketState.OPEN, []
    for row in exchange.tables.journal:
        for part in exchange.books.codec.unpack(row.body).parts:
            for event in part.events:
                if isinstance(event, QuestionMoved):
                    found.append((state, event.step))
                    assert TRANSITIONS[found[-1]] is event.state
                    state = event.state
    return found


def test_the_table_has_no_line_that_can_not_be_walked() -> None:
    walked: set[tuple[MarketState, Step]] = set()
    for approvals in (1, 2):
        for state, way in WAYS.items():
            for step in HEADER[1:]:
                exchange = Harness(approvals=approvals)
                scene = opened(exchange)
                for sentence in (*way, f"ann {step}", "a day", "vera resolves YES", "a day"):
                    if sentence in WAITS:
                        exchange.wait(WAITS[sentence])
                    elif scene.does(sentence).split(",")[0] != state and approvals == 2:
                        scene.does(sentence.replace("root", "vera"))
                walked.update(moves(exchange))
    assert walked == set(TRANSITIONS)


@pytest.mark.parametrize("state", [state for state in WAYS if state not in ("open", "halted")])
def test_nothing_is_traded_any_more(exchange: Any, state: str) -> None:
    scene = brought(exchange, state)
    for sentence in ("cat buys 1 YES at 50", "cat buys 1 NO at market", "ann sells 1 YES at 50 FOK"):
        assert scene.does(sentence) == "MARKET_CLOSED"


@pytest.mark.parametrize("step", ["closes", "proposes YES", "voids"])
def test_the_end_of_trading_empties_the_book(exchange: Any, step: str) -> None:
    scene = opened(exchange, taker_rate="0.01").told("""
        ann sells 4 YES at 80
        cat buys 5 YES at 50
        cat buys 6 NO at 10
    """)
    scene.told("root halts")
    assert len(exchange.queue(RAIN, "buy") + exchange.queue(RAIN, "sell")) == 3
    scene.told(f"root {step}")
    scene.shows_book("bids | price | asks")
    assert scene.does("cat cancels 1") == "cancelled"
    assert exchange.balances("cat") == {"USD": ("100", "0")}


# Time


def test_trading_ends_at_its_date_by_itself(exchange: Any) -> None:
    scene = opened(exchange, lasts_ms=HOUR_MS).told("cat buys 5 YES at 50")
    exchange.wait(exchange_left := 1_700_000_000_000 + 3 + HOUR_MS - exchange.now_ms - 1)
    assert exchange_left > 0
    assert scene.stands() == "open"
    exchange.wait(1)
    assert scene.stands() == "closed"
    scene.shows_book("bids | price | asks")


def test_a_halted_market_closes_at_its_date_too(exchange: Any) -> None:
    scene = opened(exchange, lasts_ms=HOUR_MS).told("root halts")
    exchange.wait(HOUR_MS)
    assert scene.stands() == "closed"
    assert scene.does("root resumes") == "CONFLICT"


def test_a_proposal_stands_after_the_challenge_window(exchange: Any) -> None:
    scene = opened(exchange).told("""
        root closes
        root proposes YES
    """)
    exchange.wait(DAY_MS - 1)
    assert scene.does("ann disputes") == "disputed YES"
    scene = opened(type(exchange)()).told("""
        root closes
        root proposes YES
    """)
    scene.exchange.wait(DAY_MS)
    assert scene.stands() == "resolved YES"
    assert scene.does("ann disputes") == "CONFLICT"


def test_a_corrected_proposal_opens_a_new_challenge_window(exchange: Any) -> None:
    scene = brought(exchange, "proposed YES")
    exchange.wait(DAY_MS - 1)
    assert scene.does("root proposes NO") == "proposed NO"
    exchange.wait(DAY_MS - 1)
    assert scene.stands() == "proposed NO"
    assert scene.does("bob disputes") == "disputed NO"
    assert scene.does("root proposes YES") == "CONFLICT"  # from here on an administrator decides


def test_a_corrected_proposal_stands_after_its_own_window(exchange: Any) -> None:
    scene = brought(exchange, "proposed YES")
    exchange.wait(DAY_MS - 1)
    scene.told("root proposes NO")
    exchange.wait(DAY_MS)
    assert scene.stands() == "resolved NO"


def test_an_administrator_does_not_cut_the_challenge_window_short(exchange: Any) -> None:
    scene = brought(exchange, "proposed YES")
    assert scene.does("root resolves YES") == "CONFLICT"
    assert scene.does("root resolves NO") == "CONFLICT"


@pytest.mark.parametrize(("person", "told"), [("cat", "FORBIDDEN"), ("root", "FORBIDDEN"), ("bob", "disputed YES")])
def test_only_holders_dispute(exchange: Any, person: str, told: str) -> None:
    scene = brought(exchange, "proposed YES")
    assert scene.does(f"{person} disputes") == told


def test_who_has_sold_everything_is_no_holder(exchange: Any) -> None:
    scene = opened(exchange).told("""
        ann sells 10 YES at 60
        cat buys 10 YES at 60
        root closes
        root proposes YES
    """)
    assert scene.does("ann disputes") == "FORBIDDEN"
    assert scene.does("cat disputes") == "disputed YES"


def test_a_disputed_question_waits_for_an_administrator(exchange: Any) -> None:
    scene = brought(exchange, "disputed YES")
    exchange.wait(30 * DAY_MS)
    assert scene.stands() == "disputed YES"
    assert scene.does("root resolves NO") == "resolved NO"


def test_payouts_are_free_after_their_window_and_the_question_final(exchange: Any) -> None:
    scene = brought(exchange, "resolved YES")
    exchange.wait(HOUR_MS - 1)
    assert scene.stands() == "resolved YES"
    exchange.wait(1)
    assert scene.stands() == "final YES"


def test_what_was_rolled_back_is_answered_anew(exchange: Any) -> None:
    scene = brought(exchange, "resolved YES")
    assert scene.does("root rolls_back") == "closed"
    assert scene.does("root proposes NO") == "proposed NO"
    exchange.wait(DAY_MS)
    assert scene.stands() == "resolved NO"


def test_a_roll_back_comes_too_late_when_payouts_are_free(exchange: Any) -> None:
    exchange.works = False  # nothing is freed yet, but it is due: that decides
    scene = opened(exchange).told("""
        root halts
        root voids
    """)
    exchange.wait(HOUR_MS)
    assert scene.does("root rolls_back") == "CONFLICT"


# Two administrators


@pytest.fixture
def scene(twin: Any) -> Scene:
    """One in which two have to agree; Root has closed the market."""
    return opened(twin(approvals=2)).told("root closes")


def test_a_second_administrator_confirms_a_proposal(scene: Scene) -> None:
    scene.told("root proposes YES")
    assert scene.does("vera resolves YES") == "CONFLICT"  # not within the challenge window
    scene.exchange.wait(DAY_MS)
    assert scene.stands() == "proposed YES"  # time alone does not
    assert scene.does("root resolves YES") == "CONFLICT"  # as it was Root's
    assert scene.does("vera resolves NO") == "CONFLICT"
    assert scene.does("vera resolves YES") == "resolved YES"


def test_a_proposal_that_waits_for_its_second_administrator_is_not_disputed_any_more(scene: Scene) -> None:
    scene.told("root proposes YES")
    scene.exchange.wait(DAY_MS)
    assert scene.does("ann disputes") == "CONFLICT"
    assert scene.does("vera resolves YES") == "resolved YES"


def test_a_corrected_proposal_needs_its_own_second_administrator(scene: Scene) -> None:
    """Whatever was approved before."""
    scene.told("root proposes YES")
    scene.exchange.wait(DAY_MS)
    assert scene.does("vera proposes NO") == "proposed NO"
    assert scene.does("root resolves NO") == "CONFLICT"  # not within the new window
    scene.exchange.wait(DAY_MS)
    assert scene.does("root resolves YES") == "CONFLICT"
    assert scene.does("vera resolves NO") == "CONFLICT"  # as it is Vera's
    assert scene.does("root resolves NO") == "resolved NO"


def test_a_void_takes_two(scene: Scene) -> None:
    assert scene.does("root voids") == "closed, approved VOID"
    assert scene.does("root voids") == "CONFLICT"
    assert scene.stands() == "closed, approved VOID"
    assert scene.does("vera voids") == "void"


def test_another_answer_replaces_what_the_first_has_approved(scene: Scene) -> None:
    scene.told("root proposes YES")
    scene.told("ann disputes")
    assert scene.does("root resolves YES") == "disputed YES"
    assert scene.does("vera resolves NO") == "disputed YES, approved NO"
    assert scene.does("vera resolves NO") == "CONFLICT"
    assert scene.does("vera voids") == "disputed YES, approved VOID"
    assert scene.does("root resolves NO") == "disputed YES, approved NO"
    assert scene.does("vera resolves NO") == "resolved NO"


def test_a_dispute_drops_what_was_approved(scene: Scene) -> None:
    scene.told("root proposes YES")
    scene.told("ann disputes")
    assert scene.does("vera resolves YES") == "disputed YES"
    assert scene.does("vera resolves YES") == "CONFLICT"
    assert scene.does("root resolves YES") == "resolved YES"


def test_a_proposal_replaces_an_approved_void(scene: Scene) -> None:
    scene.told("vera voids")
    scene.told("root proposes YES")
    assert scene.does("vera voids") == "proposed YES, approved VOID"
    assert scene.does("root voids") == "void"


def test_a_roll_back_drops_what_was_approved(scene: Scene) -> None:
    for sentence in ("root voids", "vera voids", "root rolls_back"):
        scene.told(sentence)
    assert scene.does("vera voids") == "closed, approved VOID"


def test_trading_again_drops_what_was_approved(twin: Any) -> None:
    """A void that one administrator wanted long ago is not there for another one to find."""
    scene = opened(twin(approvals=2)).told("root halts")
    assert scene.does("root voids") == "halted, approved VOID"
    scene.told("root resumes")
    scene.told("vera halts")
    assert scene.does("vera voids") == "halted, approved VOID"
    assert scene.does("root voids") == "void"


# A first administrator who is none any more


@pytest.fixture
def two() -> Harness:
    """Root has proposed YES long ago, and another one has to approve it."""
    exchange = Harness(approvals=2)
    scene = opened(exchange).told("root closes")
    scene.told("root proposes YES")
    exchange.wait(DAY_MS)
    return exchange


def resolves(exchange: Harness, person: str, disregarded: str) -> QuestionStands:
    command = ResolveQuestion(
        RAIN,
        exchange.account_id(person),
        outcome=Outcome.YES,
        disregarded=exchange.account_id(disregarded),
    )
    answer = exchange.markets[RAIN].resolve(command)
    assert isinstance(answer, QuestionStands)
    exchange.commit(exchange.markets[RAIN])
    return answer


def test_an_approval_that_does_not_count_any_more_is_none(two: Harness) -> None:
    answer = resolves(two, "vera", disregarded="root")
    assert (answer.state, answer.resolution.approved_by) == (MarketState.PROPOSED, two.account_id("vera"))
    assert Scene(two).does("vera resolves YES") == "CONFLICT"
    assert resolves(two, "wim", disregarded="root").state is MarketState.RESOLVED


def test_who_is_not_the_first_approver_is_not_disregarded(two: Harness) -> None:
    answer = resolves(two, "vera", disregarded="wim")
    assert (answer.state, answer.resolution.approved_by) == (MarketState.RESOLVED, two.account_id("root"))


def test_a_void_disregards_too(two: Harness) -> None:
    """The answer shows whose approval stands; the proposer is still told."""
    root, vera, wim = (two.account_id(person) for person in ("root", "vera", "wim"))
    market = two.markets[RAIN]
    approvals = []
    for actor_id, disregarded in ((root, None), (vera, root), (wim, None)):
        answer = market.void(VoidQuestion(RAIN, actor_id, disregarded=disregarded))
        assert isinstance(answer, QuestionStands)
        approvals.append((answer.state.value, answer.resolution.approved_by, answer.resolution.approved))
        assert answer.resolution.proposed_by == root
    two.commit(market)
    assert approvals == [("proposed", root, "VOID"), ("proposed", vera, "VOID"), ("void", vera, "VOID")]


# What is said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("root halts", "trading can't be halted now"),
        ("root resumes", "trading can't be resumed now"),
        ("root closes", "trading can't be closed now"),
        ("root proposes YES", "no answer can be proposed now"),
        ("ann disputes", "there is no proposed answer to dispute now"),
        ("root resolves YES", "it can't be resolved now"),
        ("root voids", "it can't be voided now"),
    ],
)
def test_a_step_that_can_not_be_taken_is_refused_in_plain_words(sentence: str, said: str) -> None:
    exchange = Harness()
    assert brought(exchange, "void").does(sentence) == "CONFLICT"
    assert exchange.refused is not None
    assert exchange.refused.message == f"the market is void: {said}"


def test_every_step_that_is_asked_for_has_its_words() -> None:
    """The others are taken by the market itself, or follow from what was asked."""
    exchange = Harness()
    assert brought(exchange, "closed").does("root rolls_back") == "CONFLICT"
    assert exchange.refused is not None
    assert exchange.refused.message == "the market is closed: it can't be rolled back now"
    assert set(Step) - set(IMPOSSIBLE) == {Step.APPROVE, Step.ROLLED_BACK, Step.FINISH}
