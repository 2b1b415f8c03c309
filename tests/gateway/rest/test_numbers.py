"""JSON numbers, in and out, to the last digit."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.answers import Rejected
from gateway.rest.numbers import plain_text, read_number, shown_number

DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Any, float_hook=read_number)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("0", "0"),
        ("7", "7"),
        ("-7", "-7"),
        ("50.0", "50"),
        ("50.10", "50.1"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("5e1", "50"),
        ("5E-3", "0.005"),
        ("1" + "0" * 77, "1" + "0" * 77),
        ("0." + "1" * 78, "0." + "1" * 78),
        ("12345678901234567890.12345678901234567890", "12345678901234567890.1234567890123456789"),
    ],
)
def test_numbers_keep_their_digits(sent: str, text: str) -> None:
    assert plain_text(DECODER.decode(sent), "it") == text


@pytest.mark.parametrize("sent", ["1e79", "1e-79", "1e999999", "1" + "0" * 78, "0." + "1" * 79, "0e99", "1e4000000"])
def test_numbers_that_would_be_a_page_long(sent: str) -> None:
    with pytest.raises(Rejected, match="it has too many digits"):
        plain_text(DECODER.decode(sent), "it")


def test_exponents_that_no_number_has() -> None:
    for sent in ("1e99999999999999999999", "-1e-99999999999999999999"):
        with pytest.raises(msgspec.ValidationError, match="out of range"):
            DECODER.decode(sent)


@pytest.mark.parametrize("sent", ["true", "null", '"5"', "[5]", '{"x":5}'])
def test_what_is_no_number(sent: str) -> None:
    with pytest.raises(Rejected, match="it must be a number"):
        plain_text(DECODER.decode(sent), "it")


def test_a_string_where_one_will_do() -> None:
    """It is passed on as it is: the parsers of amounts refuse what is none."""
    assert plain_text("0.10 ", "it", or_string=True) == "0.10 "
    assert plain_text(Decimal("0.10"), "it", or_string=True) == "0.1"
    with pytest.raises(Rejected, match="it must be a number or a decimal string"):
        plain_text([], "it", or_string=True)


def test_numbers_go_out_as_they_are() -> None:
    shown = [shown_number(text) for text in ("50", "0.1", "-3", "12345678901234567890.5")]
    assert msgspec.json.encode(shown) == b"[50.0,0.1,-3.0,12345678901234567890.5]"
