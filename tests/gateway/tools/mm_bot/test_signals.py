"""What is seen in books and trades, and what is quoted for it."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tools.mm_bot.settings import Settings
from gateway.tools.mm_bot.signals import Book, Level, Quote, Signals, Trade, imbalance, quote, seen_in, volatility

EXAMPLE = Settings()


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([], None),
        ([50], None),
        ([50, 60], None),
        ([50, 50, 50], 0.0),
        ([50, 51, 52, 53], 0.0),  # a steady move is no uncertainty
        ([50, 51, 50], math.sqrt(2)),
        ([50, 51, 50, 51, 50], math.sqrt(4 / 3)),
        ([1, 2, 1], math.sqrt(2)),  # a cent is a cent, also where it doubles the price
        ([50, 80, 20], 45 * math.sqrt(2)),
    ],
)
def test_volatility_is_the_deviation_of_successive_changes(prices: list[float], expected: float | None) -> None:
    for order in (prices, prices[::-1]):
        assert volatility(order) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("bids", "asks", "expected"), [(0, 0, 0), (10, 0, 1), (0, 10, -1), (10, 10, 0), (30, 10, 0.5), (10, 30, -0.5)]
)
def test_imbalance(bids: float, asks: float, expected: float) -> None:
    assert imbalance(bids, asks) == expected


def test_all_levels_of_a_book_count_and_the_sizes_of_trades_do_not() -> None:
    book = Book([Level(49, 20), Level(48, 10)], [Level(51, 4), Level(52, 6)])
    seen = seen_in(book, [Trade(50, 1), Trade(51, 1000), Trade(50, 1)])
    assert seen.volatility == pytest.approx(math.sqrt(2))
    assert seen.imbalance == 0.5
    assert seen_in(Book([], []), []) == Signals(None, 0)


@pytest.mark.parametrize(
    ("seen", "spread", "size"),
    [
        ((0, 0), 2.0, 50),
        ((0, 0.1), 2.2, 50),  # a division would give 100
        ((0, 0.5), 3.0, 20),
        ((0, -0.5), 3.0, 20),
        ((1, 0.25), 4.0, 10),
        ((3, 0.5), 7.5, 4),
        ((10, 0), 8.0, 2),
        ((None, 0), 2.0, 10),
        ((None, 1), 4.0, 10),
        ((math.sqrt(2), 0.5), 5.1, 6),
    ],
)
def test_the_example_quotes(seen: tuple[float | None, float], spread: float, size: int) -> None:
    """The table in the module, and some more."""
    assert quote(EXAMPLE, Signals(*seen)) == Quote(spread, size)


def test_a_weight_of_zero_takes_no_notice_of_volatility() -> None:
    settings = msgspec.structs.replace(EXAMPLE, vol_weight=0.0)
    assert quote(settings, Signals(30, 0.5)) == quote(settings, Signals(0, 0.5))


@pytest.mark.parametrize(
    ("low", "base", "high", "sent"),
    [(1.05, 1.05, 1.05 + 0.06, 1.1), (1.1, 1.1, 1.1, 1.1), (2.25, 2.25, 8, 2.3), (1, 2.04, 8, 2.0)],
)
def test_a_spread_is_sent_in_tenths_within_its_limits(low: float, base: float, high: float, sent: float) -> None:
    settings = msgspec.structs.replace(EXAMPLE, spread_min=low, spread_base=base, spread_max=high)
    assert quote(settings, Signals(0, 0)).spread == sent


tenths = st.integers(1, 999).map(lambda number: number / 10)
sizes = st.integers(1, 1_000_000)


@given(
    spreads=st.tuples(tenths, tenths, tenths).map(sorted),
    order_sizes=st.tuples(sizes, sizes, sizes).map(sorted),
    weight=st.floats(0, 1000),
    seen=st.tuples(st.none() | st.floats(0, 100), st.floats(-1, 1)),
    more=st.floats(0, 100),
)
def test_limits_hold_and_more_volatility_never_narrows_or_enlarges(
    spreads: list[float], order_sizes: list[int], weight: float, seen: tuple[float | None, float], more: float
) -> None:
    settings = msgspec.structs.replace(
        EXAMPLE,
        vol_weight=weight,
        **dict(zip(("spread_min", "spread_base", "spread_max"), spreads, strict=True)),
        **dict(zip(("order_size_min", "order_size_base", "order_size_max"), order_sizes, strict=True)),
    )
    quoted = quote(settings, Signals(*seen))
    assert settings.spread_min <= quoted.spread <= settings.spread_max
    assert settings.order_size_min <= quoted.order_size <= settings.order_size_max
    assert quoted.spread == round(quoted.spread, 1)
    if seen[0] is not None:
        rougher = quote(settings, Signals(seen[0] + more, seen[1]))
        assert rougher.spread >= quoted.spread
        assert rougher.order_size <= quoted.order_size
