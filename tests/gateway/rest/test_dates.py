"""Dates in and out."""

import pytest

from gateway.answers import Rejected
from gateway.rest.dates import read_date, show_date

NEW_YEAR_2030 = 1_893_456_000_000


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("2030-01-01T00:00:00", NEW_YEAR_2030),
        ("2030-01-01T00:00", NEW_YEAR_2030),
        ("2030-01-01T00:00:00Z", NEW_YEAR_2030),
        ("2030-01-01T00:00:00+00:00", NEW_YEAR_2030),
        ("2030-01-01T02:00:00+02:00", NEW_YEAR_2030),
        ("2029-12-31T18:30:00.000-05:30", NEW_YEAR_2030),
        ("2030-01-01T00:00:00.5", NEW_YEAR_2030 + 500),
        ("2030-01-01T00:00:00.999999", NEW_YEAR_2030 + 999),
        ("1970-01-01T00:00:00", 0),
        ("0001-01-01T00:00:00", -62_135_596_800_000),
    ],
)
def test_dates_that_are_read(text: str, time_ms: int) -> None:
    assert read_date(text, "date") == time_ms


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2030",
        "2030-01-01",
        "20300101T000000",
        "2030-W01-1T00:00:00",
        "1893456000",
        "2030-1-1T00:00:00",
        "2030-13-01T00:00:00",
        "2030-02-30T00:00:00",
        "2030-01-01T24:00:00",
        "2030-01-01T00:60:00",
        "2030-01-01T00:00:00z",
        "2030-01-01T00:00:00+2",
        "2030-01-01T00:00:00+25:00",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "",
        "2030-01-01 00:00:00",
        "2030-01-01T00:00:00 Z",
        "2030-01-01T00:00:00\n",
        "\u0662030-01-01T00:00:00",
    ],
)
def test_dates_that_are_none(text: str) -> None:
    with pytest.raises(Rejected, match="date must be a date and time such as 2030-01-01T00:00:00"):
        read_date(text, "date")


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (NEW_YEAR_2030, "2030-01-01T00:00:00Z"),
        (NEW_YEAR_2030 + 7, "2030-01-01T00:00:00.007Z"),
        (0, "1970-01-01T00:00:00Z"),
    ],
)
def test_dates_say_that_they_are_utc(time_ms: int, text: str) -> None:
    assert show_date(time_ms) == text
    assert read_date(text, "date") == time_ms


def test_every_date_that_is_read_can_be_shown() -> None:
    for text in ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999"):
        assert show_date(read_date(text, "date")).startswith(text)
