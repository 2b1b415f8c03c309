"""Which terms make a market, and what is wrong with those that don't."""

from typing import Any

import pytest

from engine.products import SPOT, read_definition, write_definition
from engine.refusals import Refusal, Refused
from engine.spot.symbol import SpotSymbol, make_symbol

GOOD: dict[str, Any] = {"name": "BTC_USDT", "tick": "0.01", "lot": "0.00000001"}


def made(**terms: Any) -> SpotSymbol | Refused:
    chosen = {**GOOD, **terms}
    return make_symbol(chosen.pop("name"), **chosen)


def test_terms_are_counted_in_smallest_units() -> None:
    """A tick of 0.01 USDT and a lot of 10**-8 BTC make steps of 10**-10 USDT: one unit."""
    assert made(minimum_notional="5", taker_rate="0.002", price_band="0.1") == SpotSymbol(
        name="BTC_USDT",
        base="BTC",
        quote="USDT",
        tick=10**8,
        lot=10**2,
        minimum_notional=5 * 10**10,
        maker_rate=10**5,
        taker_rate=2 * 10**5,
        price_band=10**7,
        unit_value=1,
    )


@pytest.mark.parametrize(
    ("name", "tick", "lot", "unit_value"),
    [
        ("BTC_USDT", "0.01", "0.00000001", 1),
        ("ETH_USDT", "0.01", "0.0001", 10_000),
        ("ETH_BTC", "0.000001", "0.0001", 1),
        ("BTC_USD", "0.0001", "1", 1),
    ],
)
def test_a_tick_times_a_lot_is_a_whole_number_of_quote_units(name: str, tick: str, lot: str, unit_value: int) -> None:
    symbol = make_symbol(name, tick=tick, lot=lot)
    assert isinstance(symbol, SpotSymbol)
    assert symbol.unit_value == unit_value


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"name": "BTC"}, "symbol must be"),
        ({"name": "BTC_"}, "symbol must be"),
        ({"name": "_USDT"}, "symbol must be"),
        ({"name": ""}, "symbol must be"),
        ({"name": "btc_usdt"}, "symbol must be"),
        ({"name": "BTC-USDT"}, "symbol must be"),
        ({"name": "BTC_BTC"}, "symbol must be"),
        ({"name": "BTC_USDT_USDT"}, "symbol must be"),
        ({"name": "XYZ_USDT"}, "symbol must be"),
        ({"tick": "0"}, "tick x lot"),
        ({"lot": "0"}, "tick x lot"),
        ({"tick": "0.001"}, "tick x lot"),  # with a lot of 10**-8: a tenth of a unit
        ({"lot": "0.000000001"}, "tick x lot"),
        ({"name": "BTC_USD", "lot": "0.001"}, "tick x lot"),
        ({"tick": "0.00000000001"}, "tick has more than 10"),
        ({"name": "BTC_USD", "tick": "0.00001"}, "tick has more than 4"),
        ({"lot": "0.00000000001"}, "lot has more than 10"),
        ({"tick": "-1"}, "tick must be a plain"),
        ({"tick": "1e2"}, "tick must be a plain"),
        ({"tick": ""}, "tick must be a plain"),
        ({"lot": "x"}, "lot must be a plain"),
        ({"minimum_notional": "-1"}, "minimumNotional must be a plain"),
        ({"minimum_notional": "0.00000000001"}, "minimumNotional has more than 10"),
        ({"maker_rate": "1"}, "a fee must be below 1"),
        ({"taker_rate": "1"}, "a fee must be below 1"),
        ({"maker_rate": "-0.1"}, "makerFee must be a plain"),
        ({"taker_rate": "0.000000001"}, "takerFee has more than 8"),
        ({"price_band": "0"}, "priceBand must be between"),
        ({"price_band": "1"}, "priceBand must be between"),
        ({"price_band": "x"}, "priceBand must be a plain"),
    ],
)
def test_terms_that_do_not_fit_are_refused_by_name(terms: dict[str, Any], message: str) -> None:
    refused = made(**terms)
    assert isinstance(refused, Refused)
    assert refused.code is Refusal.MALFORMED
    assert refused.message.startswith(message)


def test_free_of_charge_and_nearly_all_are_fees_too() -> None:
    assert isinstance(made(maker_rate="0", taker_rate="0.99999999"), SpotSymbol)


def test_prices_and_quantities_are_shown_as_decimals() -> None:
    symbol = made()
    assert isinstance(symbol, SpotSymbol)
    assert symbol.price_text(12_345) == "123.45"
    assert symbol.quantity_text(150_000_000) == "1.5"
    assert symbol.value(12_345, 150_000_000) == 1_851_750_000_000


def test_terms_are_read_back_as_they_were_written() -> None:
    symbol = made(price_band="0.1")
    assert isinstance(symbol, SpotSymbol)
    assert read_definition(SPOT, write_definition(symbol)) == symbol
