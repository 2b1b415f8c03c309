"""What holds of the maker's quotes in any situation."""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.matching.order import Side
from engine.matching.terms import Outcome
from engine.prediction.maker_settings import MakerSettings, check
from engine.prediction.quote import Quote
from engine.prediction.quoting import MakerView, top_up, twice_mid, wanted

PLENTY = 10**15


@st.composite
def views(draw: st.DrawFn) -> MakerView:
    tick_units = draw(st.sampled_from([1, 10, 200]))  # the last is more than a level's step
    prices = st.integers(1, 10_000 // tick_units - 1)
    bid, ask = sorted((draw(prices), draw(prices)))
    assume(bid < ask)
    return MakerView(
        tick_units,
        draw(st.sampled_from([0, 10**5, 10**6, 10**8 - 1]) | st.integers(0, 10**8 - 1)),
        draw(st.sampled_from([bid, None])),
        draw(st.sampled_from([ask, None])),
        draw(st.none() | prices),
        draw(st.integers(0, 60)),
        draw(st.integers(0, 60)),
        draw(st.integers(0, 10**6) | st.just(PLENTY)),
    )


def settings_of(view: MakerView) -> st.SearchStrategy[MakerSettings]:
    return st.builds(
        MakerSettings,
        enabled=st.booleans(),
        market_id=st.just(7),
        order_size=st.integers(1, 30),
        spread_units=st.integers(view.tick_units, 1_000) | st.integers(view.tick_units, 9_999),
        refresh_ms=st.just(3_000),
        enforce_inventory=st.booleans(),
        max_yes_position=st.integers(0, 100),
        max_no_position=st.integers(0, 100),
        min_balance_units=st.integers(0, 100_000),
        auto_top_up=st.booleans(),
        price_shift_units=st.integers(-500, 500) | st.integers(-9_999, 9_999),
        levels=st.integers(1, 6),
    )


situations = views().flatmap(lambda view: st.tuples(settings_of(view), st.just(view)))


def shares(quotes: Iterable[Quote], side: Side, outcome: Outcome) -> int:
    return sum(quote.quantity for quote in quotes if quote.side is side and quote.outcome is outcome)


def price_of(quote: Quote, view: MakerView) -> Fraction:
    """What a share costs in its own outcome, in units."""
    return Fraction(quote.price_ticks * view.tick_units)


def paid(quotes: Iterable[Quote], view: MakerView) -> int:
    """What all purchases may take together, worked out anew."""
    return sum(
        ceil(
            price_of(quote, view) * quote.quantity
            + Fraction(view.hold_rate, 10**8)
            * min(price_of(quote, view), 10_000 - price_of(quote, view))
            * quote.quantity
        )
        for quote in quotes
        if quote.side is Side.BUY
    )


def ladder(quotes: Iterable[Quote], view: MakerView, *, bids: bool) -> dict[int, int]:
    """Shares at each YES price of a side."""
    sizes: dict[int, int] = {}
    for quote in quotes:
        if quote.is_bid is bids:
            price = quote.yes_price_ticks(view.tick_units)
            sizes[price] = sizes.get(price, 0) + quote.quantity
    return sizes


def levels(quotes: Iterable[Quote], view: MakerView) -> list[list[Quote]]:
    """Both sides' quotes by their distance from the best of their side."""
    listed = list(quotes)
    step = max(1, 100 // view.tick_units)
    found: dict[int, list[Quote]] = {}
    for quote in listed:
        prices = ladder(listed, view, bids=quote.is_bid)
        best = max(prices) if quote.is_bid else min(prices)
        found.setdefault(abs(quote.yes_price_ticks(view.tick_units) - best) // step, []).append(quote)
    assert list(found) == list(range(len(found)))
    return list(found.values())


@given(situations)
def test_quotes_cross_neither_each_other_nor_the_book(situation: tuple[MakerSettings, MakerView]) -> None:
    settings, view = situation
    assert check(settings, view.tick_units) is None
    quotes = wanted(settings, view)
    bids, asks = (ladder(quotes, view, bids=bids) for bids in (True, False))
    if bids and asks:
        assert (min(asks) - max(bids)) * view.tick_units >= settings.spread_units
    if bids and view.best_ask_ticks is not None:
        assert max(bids) < view.best_ask_ticks
    if asks and view.best_bid_ticks is not None:
        assert min(asks) > view.best_bid_ticks


@given(situations)
def test_quotes_are_few_sized_and_inside_the_prices(situation: tuple[MakerSettings, MakerView]) -> None:
    settings, view = situation
    quotes = wanted(settings, view)
    assert all(quote.quantity >= 1 for quote in quotes)
    assert all(0 < quote.price_ticks < 10_000 // view.tick_units for quote in quotes)
    assert len(quotes) <= 2 * (settings.levels + 1)
    for bids in (True, False):
        sizes = ladder(quotes, view, bids=bids)
        assert len(sizes) <= settings.levels
        assert all(size <= settings.order_size for size in sizes.values())


@given(situations)
def test_prices_agree_with_fractions(situation: tuple[MakerSettings, MakerView]) -> None:
    """With money and no limits, every level is where the rule puts it, however it is told."""
    settings, view = situation
    settings = replace(settings, enforce_inventory=False)
    quotes = wanted(settings, replace(view, available_units=PLENTY))
    tick = Fraction(view.tick_units)
    middle = Fraction(twice_mid(view), 2) + settings.price_shift_units
    middle = max(tick, min(10_000 - tick, middle))
    half = Fraction(settings.spread_units, 2)
    bid, ask = floor((middle - half) / tick), ceil((middle + half) / tick)
    if view.best_ask_ticks is not None and bid >= view.best_ask_ticks:
        bid = view.best_ask_ticks - 1
    if view.best_bid_ticks is not None and ask <= view.best_bid_ticks:
        ask = view.best_bid_ticks + 1
    step = max(1, 100 // view.tick_units)
    inside = range(1, 10_000 // view.tick_units)
    for bids, best, towards in ((True, bid, -step), (False, ask, step)):
        prices = [price for level in range(settings.levels) if (price := best + level * towards) in inside]
        assert ladder(quotes, view, bids=bids) == dict.fromkeys(prices, settings.order_size)


@given(situations)
def test_no_fill_of_a_side_breaks_an_inventory_limit(situation: tuple[MakerSettings, MakerView]) -> None:
    """All bids or all asks: no holding passes its limit, or grows above it; nothing is sold that is not there."""
    settings, view = situation
    quotes = wanted(settings, view)
    for outcome in Outcome:
        holding = view.holding(outcome)
        assert shares(quotes, Side.SELL, outcome) <= holding
        if settings.enforce_inventory:
            bought = shares(quotes, Side.BUY, outcome)
            assert holding + bought <= max(settings.max_position(outcome), holding)


@given(situations)
def test_an_outcome_is_bought_only_when_the_other_is_all_on_offer(situation: tuple[MakerSettings, MakerView]) -> None:
    settings, view = situation
    quotes = wanted(settings, view)
    for outcome in Outcome:
        if shares(quotes, Side.BUY, outcome):
            assert shares(quotes, Side.SELL, outcome.other) == view.holding(outcome.other)


@given(situations)
def test_all_purchases_together_leave_the_minimum_balance(situation: tuple[MakerSettings, MakerView]) -> None:
    settings, view = situation
    spent = paid(wanted(settings, view), view)
    assert spent == 0 or view.available_units - spent >= settings.min_balance_units


@given(situations)
def test_money_cuts_purchases_only_and_the_far_ones_first(situation: tuple[MakerSettings, MakerView]) -> None:
    """Up to some level all is whole, that one is cut to what can be paid and no lower, beyond it nothing is bought."""
    settings, view = situation
    money = view.available_units - settings.min_balance_units
    kept = {(quote.outcome, quote.side, quote.price_ticks): quote.quantity for quote in wanted(settings, view)}
    was_cut = False
    for level in levels(wanted(settings, replace(view, available_units=PLENTY)), view):
        got = [(quote, kept.pop((quote.outcome, quote.side, quote.price_ticks), 0)) for quote in level]
        assert all(size == quote.quantity for quote, size in got if quote.side is Side.SELL)
        purchases = [(quote, size) for quote, size in got if quote.side is Side.BUY]
        if was_cut:
            assert not any(size for _, size in purchases)
        elif any(size < quote.quantity for quote, size in purchases):
            was_cut = True
            cut = max(size for _, size in purchases)
            assert all(size == min(quote.quantity, cut) for quote, size in purchases)
            assert paid((replace(quote, quantity=min(quote.quantity, cut + 1)) for quote, _ in purchases), view) > money
        else:
            money -= paid((quote for quote, _ in purchases), view)
    assert not kept


@given(situations)
def test_a_top_up_pays_for_full_quotes_and_not_a_unit_more(situation: tuple[MakerSettings, MakerView]) -> None:
    settings, view = situation
    settings = replace(settings, auto_top_up=True)
    fetched = top_up(settings, view)
    topped = replace(view, available_units=view.available_units + fetched)
    quotes = wanted(settings, topped)
    assert quotes == wanted(settings, replace(view, available_units=PLENTY))
    assert fetched == max(0, settings.min_balance_units + paid(quotes, view) - view.available_units)


@given(situations)
def test_the_same_view_wants_the_same_quotes_from_either_outcome(situation: tuple[MakerSettings, MakerView]) -> None:
    """NO is YES seen from 100: exchange them in what is seen, and they are exchanged in what is wanted."""
    settings, view = situation
    pair_ticks = 10_000 // view.tick_units
    mirrored_settings = replace(
        settings,
        price_shift_units=-settings.price_shift_units,
        max_yes_position=settings.max_no_position,
        max_no_position=settings.max_yes_position,
    )
    mirrored_view = replace(
        view,
        best_bid_ticks=None if view.best_ask_ticks is None else pair_ticks - view.best_ask_ticks,
        best_ask_ticks=None if view.best_bid_ticks is None else pair_ticks - view.best_bid_ticks,
        last_price_ticks=None if view.last_price_ticks is None else pair_ticks - view.last_price_ticks,
        yes_holding=view.no_holding,
        no_holding=view.yes_holding,
    )
    mirrored = {replace(quote, outcome=quote.outcome.other) for quote in wanted(mirrored_settings, mirrored_view)}
    assert mirrored == set(wanted(settings, view))
