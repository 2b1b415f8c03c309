"""Decimal text and exact integers: nothing is guessed, nothing is rounded unless the function says so."""

import json
import math
from fractions import Fraction
from typing import Annotated

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.amounts import (
    AMOUNT_DIGITS_MAX,
    DECIMAL_PATTERN,
    ISSUE_MAX,
    MalformedAmount,
    divide_half_even,
    divide_up,
    format_decimal,
    parse_decimal,
)

NOT_A_DECIMAL = {
    "empty": "",
    "not a number": "NaN",
    "infinity": "Infinity",
    "exponent": "1e400",
    "small exponent": "1e2",
    "minus": "-1",
    "minus zero": "-0",
    "plus": "+1",
    "underscore": "1_0",
    "thousands": "1,000",
    "decimal comma": "1,5",
    "space before": " 1",
    "space after": "1 ",
    "space inside": "1 0",
    "newline after": "1\n",
    "newline before": "\n1",
    "newline inside": "1\n.5",
    "NUL after": "1\x00",
    "NUL alone": "\x00",
    "no-break space": "1\u00a0",
    "zero-width space": "1\u200b",
    "point at the end": "1.",
    "point at the start": ".5",
    "point alone": ".",
    "two points": "1.2.3",
    "two points in a row": "1..2",
    "hexadecimal": "0x10",
    "letters": "ten",
    "Arabic digits": "\u0661\u0662",
    "Arabic digits in the fraction": "1.\u0665",
    "full-width digits": "\uff11",
    "superscript": "1\u00b2",
    "a fraction sign": "\u00bd",
    "lone surrogate": "1\ud800",
    "5000 digits": "9" * 5000,
    "5000 digits behind the point": "0." + "1" * 5000,
    "5000 zeros": "0" * 5000,
    "one digit too many": "1" * (AMOUNT_DIGITS_MAX + 1),
    "one digit too many with its point": "1" * AMOUNT_DIGITS_MAX + ".1",
}

amounts = st.integers(min_value=0, max_value=ISSUE_MAX)
places = st.integers(min_value=0, max_value=40)


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("0", 0, 0),
        ("0", 10, 0),
        ("0.0", 1, 0),
        ("12", 0, 12),
        ("12", 2, 1200),
        ("12.5", 2, 1250),
        ("12.50", 2, 1250),
        ("0.01", 2, 1),
        ("0.0000000001", 10, 1),
        ("007", 0, 7),
        ("00.10", 2, 10),
        ("9" * AMOUNT_DIGITS_MAX, 0, 10**AMOUNT_DIGITS_MAX - 1),
        ("9" * AMOUNT_DIGITS_MAX, 10, (10**AMOUNT_DIGITS_MAX - 1) * 10**10),
        ("1." + "0" * (AMOUNT_DIGITS_MAX - 1), AMOUNT_DIGITS_MAX - 1, 10 ** (AMOUNT_DIGITS_MAX - 1)),
    ],
)
def test_plain_decimals_are_read_exactly(text: str, decimals: int, units: int) -> None:
    assert parse_decimal(text, decimals) == units


@pytest.mark.parametrize("text", NOT_A_DECIMAL.values(), ids=NOT_A_DECIMAL.keys())
@pytest.mark.parametrize("decimals", [0, 10])
def test_anything_else_is_refused(text: str, decimals: int) -> None:
    with pytest.raises(MalformedAmount, match="plain decimal number"):
        parse_decimal(text, decimals)


@pytest.mark.parametrize(
    ("text", "decimals"), [("1.0", 0), ("1.5", 0), ("0.001", 2), ("1.000", 2), ("0.00000000001", 10)]
)
def test_what_is_finer_than_the_unit_is_refused_even_if_it_ends_in_zeros(text: str, decimals: int) -> None:
    with pytest.raises(MalformedAmount, match=f"more than {decimals} decimal places"):
        parse_decimal(text, decimals)


def test_a_refusal_is_a_value_error_that_does_not_repeat_the_text() -> None:
    """It is shown to clients and written to logs; the text may be anything."""
    with pytest.raises(ValueError, match="plain decimal") as refusal:
        parse_decimal("<script>", 2)
    assert "<script>" not in str(refusal.value)


@pytest.mark.parametrize(
    "text", [text for text in NOT_A_DECIMAL.values() if len(text) <= AMOUNT_DIGITS_MAX and text.isprintable()]
)
def test_the_pattern_by_itself_refuses_the_same_at_the_door(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(text), type=Annotated[str, msgspec.Meta(pattern=DECIMAL_PATTERN)])


def test_the_pattern_by_itself_refuses_a_newline_at_the_end() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"1\\n"', type=Annotated[str, msgspec.Meta(pattern=DECIMAL_PATTERN)])


@given(st.text(alphabet="0123456789.-+eE_ \n\x00\u0661", max_size=8), places)
@example("1.5\n", 1)
@example("\u0661", 0)
def test_text_is_either_refused_or_means_what_a_fraction_of_it_means(text: str, decimals: int) -> None:
    try:
        units = parse_decimal(text, decimals)
    except MalformedAmount:
        return
    assert Fraction(units, 10**decimals) == Fraction(text)
    assert set(text) <= set("0123456789.")


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 0, "0"),
        (0, 4, "0"),
        (1, 4, "0.0001"),
        (12500, 4, "1.25"),
        (10000, 4, "1"),
        (100, 0, "100"),
        (1000, 2, "10"),
        (-1, 4, "-0.0001"),
        (-12500, 4, "-1.25"),
        (-100, 0, "-100"),
        (-0, 2, "0"),
        (ISSUE_MAX, 10, "1" + "0" * 67),
    ],
)
def test_amounts_are_written_without_trailing_zeros(units: int, decimals: int, text: str) -> None:
    assert format_decimal(units, decimals) == text


@given(st.integers(-ISSUE_MAX, ISSUE_MAX), places)
def test_what_is_written_means_the_same_amount(units: int, decimals: int) -> None:
    text = format_decimal(units, decimals)
    assert Fraction(text) == Fraction(units, 10**decimals)
    assert text == text.strip()
    assert text != "-0"
    assert not ("." in text and text.endswith(("0", ".")))


@given(amounts, places)
@example(ISSUE_MAX, 0)
@example(ISSUE_MAX, 40)
@example(1, 40)
def test_what_is_written_is_read_back(units: int, decimals: int) -> None:
    assert parse_decimal(format_decimal(units, decimals), decimals) == units


@given(st.from_regex(r"\A(0|[1-9][0-9]{0,30})(\.[0-9]{0,9}[1-9])?\Z"), st.integers(10, 40))
def test_what_is_read_is_written_back(text: str, decimals: int) -> None:
    """Text without idle zeros has one form."""
    assert format_decimal(parse_decimal(text, decimals), decimals) == text


@given(st.integers(), st.integers(min_value=1))
@example(0, 1)
@example(6, 3)
@example(7, 3)
@example(10**77 + 1, 10**77)
def test_divide_up_never_gives_less_than_the_exact_quotient(dividend: int, divisor: int) -> None:
    quotient = divide_up(dividend, divisor)
    assert type(quotient) is int
    assert quotient == math.ceil(Fraction(dividend, divisor))


@given(st.integers(min_value=0), st.integers(min_value=1))
@example(0, 1)
@example(1, 2)
@example(3, 2)
@example(5, 2)
@example(10**77 * 2 + 1, 2)
def test_divide_half_even_rounds_to_the_nearest_and_halves_to_the_even(dividend: int, divisor: int) -> None:
    quotient = divide_half_even(dividend, divisor)
    assert type(quotient) is int
    assert quotient == round(Fraction(dividend, divisor))


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=10**20))
def test_divide_half_even_of_exact_halves(half: int, divisor: int) -> None:
    assert divide_half_even((2 * half + 1) * divisor, 2 * divisor) == half + half % 2


@pytest.mark.parametrize("divide", [divide_up, divide_half_even])
def test_nothing_is_divided_by_zero(divide: object) -> None:
    assert callable(divide)
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
