"""JSON numbers to the last digit: in as Decimal, out as the text they are made of; no float in between."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.amounts import AMOUNT_DIGITS_MAX
from gateway.decoding import malformed

# What a request may hold: int or Decimal once it is decoded with `read_number`, or whatever else was sent, for
# `plain_text` to refuse. (A field of type Decimal would take strings too, "NaN" among them.)
SentNumber = Annotated[Any, Meta(extra_json_schema={"type": ["number", "null"]})]
SentDecimal = Annotated[Any, Meta(extra_json_schema={"type": ["number", "string", "null"]})]

Number = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "number"})]
NumberOrNull = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": ["number", "null"]})]

NULL = msgspec.Raw(b"null")


def read_number(digits: str) -> Decimal:
    """Read a number with a point or an exponent: a decoder's `float_hook`."""
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of twenty digits
        raise ValueError("the number is out of range") from None


def plain_text(value: object, name: str, *, or_string: bool = False, signed: bool = True) -> str:
    """Write what was sent as a number for the parsers of amounts: 5e1 and 50.00 are "50". Raises Rejected(MALFORMED).

    With `or_string`, a string is taken as it is: those parsers say what is wrong with it. They know no sign, so who
    does not take it off first says that the number is not `signed`.
    """
    text = value if or_string and isinstance(value, str) else _written(value, name, or_string)
    if text.startswith("-") and not signed:
        raise malformed(f"{name} must not be below zero")
    return text


def _written(value: object, name: str, or_string: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise malformed(f"{name} must be a number{' or a decimal string' if or_string else ''}")
    number = Decimal(value)
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "JSON has no NaN and no infinity"
    # Written out, an exponent of a million would be as many zeros.
    if max(len(digits), abs(exponent)) > AMOUNT_DIGITS_MAX:
        raise malformed(f"{name} has too many digits")
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_number(text: str) -> msgspec.Raw:
    """Show a number with just these digits; a whole one as 50.0, as a reader may tell its kind by the point."""
    return msgspec.Raw((text if "." in text else f"{text}.0").encode())
