"""The average price of the last day: each price for as long as it stood."""

import random
from fractions import Fraction
from math import floor

import pytest

from engine.prediction.price_trail import PriceTrail
from tests.engine.drawings import cells
from tests.engine.prediction.harness import Harness
from tests.engine.prediction.scenes import RAIN, Scene

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def trail(table: str) -> PriceTrail:
    """Prices of YES in cents, and the hours from which on they stood."""
    rows = cells(table)[1:]
    return PriceTrail((int(float(hour) * HOUR_MS), round(float(price) * 100)) for hour, price in rows)


def average(table: str, until: float) -> float:
    return trail(table).average(int(until * HOUR_MS)) / 100


@pytest.mark.parametrize("until", [0, 3, 1_000])
def test_where_nothing_was_traded_both_are_worth_the_same(until: int) -> None:
    assert PriceTrail().average(until * HOUR_MS) == 5_000


def test_one_price_is_the_average_however_long_it_stood() -> None:
    for until in (2, 2.5, 26, 1_000):
        assert average("hour | price \n 2 | 61.5", until) == 61.5


def test_each_price_counts_for_as_long_as_it_stood() -> None:
    table = """
        hour | price
        2    | 60
        3    | 30
        6    | 50
    """
    assert average(table, 6) == 37.5
    assert average(table, 10) == 43.75


def test_what_stood_before_the_day_does_not_count() -> None:
    """The price that stands when the day begins counts from then on."""
    table = """
        hour | price
        0    | 10
        20   | 20
        30   | 80
    """
    assert average(table, 30) == 14.17  # 14 h at 10, 10 h at 20
    assert average(table, 44) == 55  # 10 h at 20, 14 h at 80
    assert average(table, 48) == 65
    assert average(table, 54) == 80
    assert average(table, 300) == 80


def test_a_price_that_never_stood_counts_only_if_it_is_the_only_one() -> None:
    assert average("hour | price \n 5 | 70", 5) == 70
    assert average("hour | price \n 5 | 70 \n 5 | 80", 5) == 80
    assert average("hour | price \n 4 | 60 \n 5 | 80", 5) == 60


def test_of_several_trades_at_one_moment_the_last_counts() -> None:
    assert average("hour | price \n 1 | 10 \n 1 | 90 \n 1 | 40 \n 2 | 50", 3) == 45
    assert average("hour | price \n 1 | 40 \n 2 | 90 \n 2 | 40", 3) == 40


def test_a_half_is_rounded_up() -> None:
    """To a hundredth of a cent."""
    assert PriceTrail([(0, 1), (1_000, 2)]).average(2_000) == 2
    assert PriceTrail([(0, 1), (2_000, 2)]).average(3_000) == 1
    assert PriceTrail([(0, 1), (1_000, 2)]).average(3_000) == 2


def test_it_lies_between_the_lowest_and_the_highest_price() -> None:
    assert PriceTrail([(0, 1), (1_000, 9_999)]).average(DAY_MS) == 9_999
    assert PriceTrail([(0, 9_999), (DAY_MS - 1_000, 1)]).average(DAY_MS) == 9_999


@pytest.mark.parametrize("seed", range(10))
def test_it_is_what_a_sum_over_every_moment_is(seed: int) -> None:
    """With a day of which most is over: prices of three days, hours apart, some of them equal, some at one moment."""
    dice = random.Random(seed)
    prices = sorted((dice.randrange(72), dice.choice((3_000, 5_000, 5_001, 7_777))) for _ in range(40))
    end = prices[-1][0] + dice.choice((0, 1, 5, 23, 24, 25))
    last_at = dict(prices)
    standing = [last_at[max(h for h in last_at if h <= hour)] for hour in range(end - 24, end) if hour >= min(last_at)]
    expected = floor(Fraction(sum(standing), len(standing)) + Fraction(1, 2)) if standing else prices[-1][1]
    assert PriceTrail((hour * HOUR_MS, price) for hour, price in prices).average(end * HOUR_MS) == expected


@pytest.mark.parametrize("seed", range(5))
def test_what_recovery_loads_is_enough(seed: int) -> None:
    """The trades of the day before the last one, and the one before them, make the same average as all."""
    dice = random.Random(seed)
    prices = sorted((dice.randrange(100 * HOUR_MS), dice.randrange(1, 10_000)) for _ in range(60))
    recent = [price for price in prices if price[0] >= prices[-1][0] - DAY_MS]
    loaded = prices[-len(recent) - 1 :]
    assert len(loaded) < len(prices)
    for after in (0, 1, HOUR_MS, DAY_MS, 3 * DAY_MS):
        end_ms = prices[-1][0] + after
        assert PriceTrail(loaded).average(end_ms) == PriceTrail(prices).average(end_ms)


def test_it_forgets_what_is_older_than_a_day() -> None:
    found = PriceTrail((hour * HOUR_MS, 1 + hour % 2) for hour in range(1_000))
    assert len(found._prices) == 25


def test_prices_are_taken_once_a_second() -> None:
    """The last one of a second counts, as if it had stood from its start."""
    found = PriceTrail([(1_200, 10), (1_900, 40), (2_999, 90), (4_000, 90), (4_001, 20)])
    assert list(found._prices) == [(1_000, 40), (2_000, 90), (4_000, 20)]
    assert found.average(5_000) == (40 + 2 * 90 + 20 + 2) // 4


def test_a_day_is_at_most_a_price_a_second_and_the_one_before() -> None:
    """However much is traded: here twice a second, for longer than a day."""
    found = PriceTrail((half * 500, 1 + half // 2 % 2) for half in range(2 * 90_000))
    assert len(found._prices) == 86_400 + 1
    assert found.average(90_000_000) == 2  # as often 1 as 2, rounded half up


@pytest.mark.parametrize("seed", range(5))
def test_what_recovery_loads_is_enough_where_many_prices_share_a_second(seed: int) -> None:
    """It begins in the middle of a second, with the price before."""
    dice = random.Random(seed)
    prices = sorted((dice.randrange(DAY_MS + 20_000), dice.randrange(1, 10_000)) for _ in range(200))
    prices = sorted(prices + [(dice.randrange(20_000), dice.randrange(1, 10_000)) for _ in range(200)])
    end_ms = max(prices[-1][0], DAY_MS + 10_500)
    earlier = sum(time_ms < end_ms - DAY_MS for time_ms, _ in prices)
    assert earlier > 1
    for after in (0, 1, 999, HOUR_MS, DAY_MS):
        assert PriceTrail(prices[earlier - 1 :]).average(end_ms + after) == PriceTrail(prices).average(end_ms + after)


# In a market


def test_only_a_question_that_may_pay_by_it_keeps_one() -> None:
    for policy, kept in (("equal", False), ("last_price", True)):
        exchange = Harness()
        Scene(exchange).market(void=policy)
        assert (exchange.markets[RAIN].trail is not None) is kept
        exchange.restart()
        assert (exchange.markets[RAIN].trail is not None) is kept


def test_the_average_ends_where_trading_stopped() -> None:
    """Not where the void was decided; and a halt that was taken back counts as trading."""
    exchange = Harness()
    scene = Scene(exchange).market(void="last_price")
    exchange.deposit("ann", "1", "USD", "100")
    exchange.deposit("bob", "2", "USD", "100")
    scene.told("ann buys 1 YES at 20")
    scene.told("bob buys 1 NO at 80")
    exchange.wait(HOUR_MS)
    scene.told("root halts")
    exchange.wait(HOUR_MS)
    scene.told("root resumes")
    scene.told("ann buys 1 YES at 80")
    scene.told("bob buys 1 NO at 20")
    exchange.wait(2 * HOUR_MS)
    scene.told("root halts")
    price = exchange.plan(RAIN, None)["yesPays"]
    assert price == "0.5"
    exchange.wait(3 * HOUR_MS)
    scene.told("root closes")
    exchange.wait(3 * HOUR_MS)
    scene.told("root proposes YES")
    scene.told("ann disputes")
    scene.told("root voids")
    assert exchange.standing(RAIN)["yesPays"] == price


def test_trading_ends_at_its_date_also_when_nobody_looked() -> None:
    """Two hours at 20 and two at 80; the market is asked hours later, and nothing has been traded since."""
    exchange = Harness()
    scene = Scene(exchange).market(void="last_price", lasts_ms=4 * HOUR_MS)
    exchange.deposit("ann", "1", "USD", "100")
    exchange.deposit("bob", "2", "USD", "100")
    scene.told("ann buys 1 YES at 20")
    scene.told("bob buys 1 NO at 80")
    exchange.wait(2 * HOUR_MS)
    scene.told("ann buys 1 YES at 80")
    scene.told("bob buys 1 NO at 20")
    exchange.wait(9 * HOUR_MS)
    assert scene.does("root voids") == "void"
    assert exchange.standing(RAIN)["yesPays"] == "0.5"
