"""Decimal text and exact integers: the only place where one becomes the other.

An amount is an integer in an asset's smallest unit (`decimals` of them after the point); text is what clients see.
"""

import re

AMOUNT_DIGITS_MAX = 78  # the widest amount any specification shows (NUMERIC(78,0))
ISSUE_MAX = 10**77  # an asset's total issue: as all accounts sum to zero, no balance can pass it either

RATE_DECIMALS = 8  # fee rates and price bands are counted in 10**-8
RATE_ONE = 10**RATE_DECIMALS
STEPS_MAX = 2**53 - 1  # ticks of a price, lots of a quantity: whole in a double, and in a bigint column

DECIMAL_PATTERN = rf"^[0-9]{{1,{AMOUNT_DIGITS_MAX}}}(\.[0-9]{{1,{AMOUNT_DIGITS_MAX}}})?\Z"
_DECIMAL = re.compile(DECIMAL_PATTERN, re.ASCII)


class MalformedAmount(ValueError):
    """The text is not a plain decimal number, or finer than the unit it is counted in."""


def parse_decimal(text: str, decimals: int) -> int:
    """Read `text` ("1.25") as a whole number of units of 10**-decimals; never rounds.

    Raises MalformedAmount for anything but ASCII digits with at most one point, and for more than `decimals` places.
    """
    if len(text) > AMOUNT_DIGITS_MAX + 1 or _DECIMAL.match(text) is None:
        raise MalformedAmount("must be a plain decimal number such as 12.5")
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        raise MalformedAmount(f"has more than {decimals} decimal places")
    return int(whole + fraction.ljust(decimals, "0"))


def format_decimal(units: int, decimals: int) -> str:
    """Write units of 10**-decimals as text without trailing zeros: format_decimal(12500, 4) is "1.25"."""
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(decimals + 1, "0")
    if not decimals:
        return sign + digits
    fraction = digits[-decimals:].rstrip("0")
    return f"{sign}{digits[:-decimals]}.{fraction}" if fraction else sign + digits[:-decimals]


def divide_up(dividend: int, divisor: int) -> int:
    """Divide rounding up: how a fee is rounded, in favour of the house."""
    return -(-dividend // divisor)


def divide_half_even(dividend: int, divisor: int) -> int:
    """Divide two non-negative integers rounding a half to the even neighbour: for figures that are only shown."""
    quotient, remainder = divmod(dividend, divisor)
    if remainder * 2 > divisor or (remainder * 2 == divisor and quotient % 2):
        return quotient + 1
    return quotient
