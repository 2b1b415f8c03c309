"""The file of orders: what is read, what is wrong with it, and under which ids its lines go."""

import re
from decimal import Decimal

import pytest

from gateway.limits import TEXT_PATTERN
from gateway.tools.batch_orders import file as file_module
from gateway.tools.batch_orders.file import BadFile, Line, Order, read_orders

HEADER = "marketId,side,action,orderType,price,quantity\n"
LIMIT = "7,YES,BUY,LIMIT,50.5,10\n"


def ids(*lines: str, batch: str = "orders.csv", header: str = HEADER) -> list[str]:
    return [line.client_order_id for line in read_orders(header + "".join(lines), batch)]


def wrong(text: str) -> list[str]:
    with pytest.raises(BadFile) as bad:
        read_orders(text, "orders.csv")
    return bad.value.sentences


def test_orders_are_read_with_the_numbers_of_their_lines() -> None:
    text = (
        "clientOrderId,quantity,price,orderType,action,side,marketId\r\n"
        ' first ,10, 50.50 ,LIMIT,BUY,YES,7\r\n\r\n,,,,,,\r\n"a ""b""",3,,MARKET,SELL,NO,8\r\n'
    )
    assert read_orders(text, "orders.csv") == [
        Line(2, "first", Order(7, "YES", "BUY", "LIMIT", Decimal("50.5"), 10)),
        Line(5, 'a "b"', Order(8, "NO", "SELL", "MARKET", None, 3)),
    ]


def test_a_request_has_the_specifications_fields_and_prices_are_exact_numbers() -> None:
    limit, market = read_orders(HEADER + "7,YES,BUY,LIMIT,33.30,10\n8,NO,SELL,MARKET,,3\n", "orders.csv")
    assert limit.body() == {
        "marketId": 7,
        "side": "YES",
        "action": "BUY",
        "orderType": "LIMIT",
        "price": 33.3,
        "quantity": 10,
        "clientOrderId": limit.client_order_id,
    }
    assert "price" not in market.body()


def test_every_price_of_two_places_survives_being_a_float() -> None:
    prices = [f"{hundredths // 100}.{hundredths % 100:02}" for hundredths in range(1, 10_000)]
    lines = read_orders(HEADER + "".join(f"7,YES,BUY,LIMIT,{price},1\n" for price in prices), "orders.csv")
    assert [Decimal(repr(line.body()["price"])) for line in lines] == [Decimal(price) for price in prices]


# Ids


def test_an_id_is_the_same_in_every_run_and_one_that_the_api_takes() -> None:
    """The value is written out: a version of the program that makes another one would place orders a second time."""
    assert ids(LIMIT) == ["batch-2bf03d8ccf2be719e81d365a82c1577c"]
    assert re.search(TEXT_PATTERN, ids(LIMIT)[0])


OTHER = "7,NO,BUY,LIMIT,50.5,10\n"


def test_lines_keep_their_ids_when_others_are_added_removed_or_moved() -> None:
    both = ids(LIMIT, OTHER)
    assert ids(LIMIT, OTHER, "8,YES,BUY,MARKET,,1\n")[:2] == both
    assert ids("8,YES,BUY,MARKET,,1\n", LIMIT, OTHER)[1:] == both
    assert ids(OTHER, LIMIT) == both[::-1]
    assert ids(OTHER) == both[1:]


def test_equal_lines_are_several_orders_and_one_more_leaves_the_first_alone() -> None:
    twice = ids(LIMIT, LIMIT)
    assert len(set(twice)) == 2
    assert ids(LIMIT, OTHER, LIMIT)[::2] == twice
    assert ids(LIMIT, LIMIT, LIMIT)[:2] == twice
    assert ids(LIMIT) == twice[:1]


@pytest.mark.parametrize(
    "written", ["7,YES,BUY,LIMIT,50.50,10\n", " 7 , YES,BUY,LIMIT,050.5,10\r\n", '"7","YES",BUY,LIMIT,"50.5",10\n']
)
def test_an_order_written_otherwise_has_the_same_id(written: str) -> None:
    assert ids(written) == ids(LIMIT)
    assert ids(written.strip() + ",\n", header=HEADER.strip() + ",clientOrderId\n") == ids(LIMIT)


@pytest.mark.parametrize(
    "other",
    [
        "8,YES,BUY,LIMIT,50.5,10\n",
        "7,NO,BUY,LIMIT,50.5,10\n",
        "7,YES,SELL,LIMIT,50.5,10\n",
        "7,YES,BUY,IOC,50.5,10\n",
        "7,YES,BUY,LIMIT,50.51,10\n",
        "7,YES,BUY,LIMIT,50.5,11\n",
        "7,YES,BUY,MARKET,,10\n",
    ],
)
def test_another_order_or_another_batch_has_another_id(other: str) -> None:
    assert ids(other) != ids(LIMIT)
    assert ids(LIMIT, batch="tomorrow.csv") != ids(LIMIT)


# What is wrong


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0,YES,BUY,LIMIT,50,1", f"marketId must be a whole number from 1 to {2**53 - 1}, not '0'."),
        (f"{2**53},YES,BUY,LIMIT,50,1", f"marketId must be a whole number from 1 to {2**53 - 1}, not '{2**53}'."),
        ("7,yes,BUY,LIMIT,50,1", "side must be YES or NO, not 'yes'."),
        ("7,YES,HOLD,LIMIT,50,1", "action must be BUY or SELL, not 'HOLD'."),
        ("7,YES,BUY,STOP,50,1", "orderType must be LIMIT, MARKET, IOC or FOK, not 'STOP'."),
        ("7,YES,BUY,,50,1", "orderType must be LIMIT, MARKET, IOC or FOK, not ''."),
        ("7,YES,BUY,LIMIT,0,1", "price must be a number of cents above 0 and below 100, not '0'."),
        ("7,YES,BUY,LIMIT,100,1", "price must be a number of cents above 0 and below 100, not '100'."),
        ("7,YES,BUY,LIMIT,-1,1", "price must be a number of cents above 0 and below 100, not '-1'."),
        ("7,YES,BUY,LIMIT,NaN,1", "price must be a number of cents above 0 and below 100, not 'NaN'."),
        ("7,YES,BUY,LIMIT,5e1,1", "price must be a number of cents above 0 and below 100, not '5e1'."),
        ('7,YES,BUY,LIMIT,"50,5",1', "price must be a number of cents above 0 and below 100, not '50,5'."),
        ("7,YES,BUY,LIMIT,50.125,1", "price must have at most 2 decimal places, not '50.125'."),
        ("7,YES,BUY,LIMIT,,1", "price is needed for LIMIT."),
        ("7,YES,BUY,IOC,,1", "price is needed for IOC."),
        ("7,YES,BUY,FOK,,1", "price is needed for FOK."),
        ("7,YES,BUY,MARKET,50,1", "price must be empty for MARKET."),
        ("7,YES,BUY,LIMIT,50,1.5", "quantity must be a whole number from 1 to 1000000000, not '1.5'."),
        ("7,YES,BUY,LIMIT,50,-1", "quantity must be a whole number from 1 to 1000000000, not '-1'."),
        ("7,YES,BUY,LIMIT,50,٣", "quantity must be a whole number from 1 to 1000000000, not '٣'."),
        ("7,YES,BUY,LIMIT,50,1000000001", "quantity must be a whole number from 1 to 1000000000, not '1000000001'."),
        ("7,YES,BUY,LIMIT,50", "it has 5 fields, and the header has 6."),
        ("7,YES,BUY,LIMIT,50,1,x", "it has 7 fields, and the header has 6."),
    ],
)
def test_a_wrong_line_is_named_with_its_number(line: str, sentence: str) -> None:
    assert wrong(f"{HEADER}{LIMIT}{line}\n{LIMIT}") == [f"Line 3: {sentence}"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert [sentence[:12] for sentence in wrong(f"{HEADER}7,yes,buy,LIMIT,50,1\n{LIMIT}7,YES,BUY,LIMIT,50,0\n")] == [
        "Line 2: side",
        "Line 2: acti",
        "Line 4: quan",
    ]


@pytest.mark.parametrize("client_id", ["x" * 65, "a\tb", "a\u202eb", "a\x00b"])
def test_a_client_id_that_the_api_would_not_take(client_id: str) -> None:
    (sentence,) = wrong(f"clientOrderId,{HEADER}{client_id},{LIMIT}")
    assert sentence.startswith("Line 2: clientOrderId must be 1 to 64 printable characters, not ")


def test_two_lines_with_one_client_id() -> None:
    assert wrong(f"clientOrderId,{HEADER}mine,{LIMIT}mine,{OTHER}") == ["Line 3: its clientOrderId is that of line 2."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", [f"The column {name} is missing." for name in HEADER.strip().split(",")]),
        (HEADER, ["There is no order in the file."]),
        (f"{HEADER}\n,,,,,\n", ["There is no order in the file."]),
        (HEADER.replace("side", "Side"), ["The column side is missing.", "There is no column 'Side'; there are "]),
        (LIMIT, ["There is no header: the first line must be marketId,side,action,orderType,price,quantity."]),
        ((HEADER + LIMIT).replace(",", ";"), ["Its fields are separated by semicolons: separate them by commas"]),
        ((HEADER + LIMIT).replace(",", "\t"), ["Its fields are separated by tabs: separate them by commas"]),
        (LIMIT.replace(",", ";"), ["Its fields are separated by semicolons: separate them by commas"]),
        (f"price,{HEADER}", ["The column price is there twice."]),
        (f'{HEADER}{LIMIT}7,"YES"x,BUY,LIMIT,50,1\n', ["Line 3: it is not CSV, "]),
        (f'{HEADER}{LIMIT}"7,YES,BUY,LIMIT,50,1\n', ["Line 3: it is not CSV, "]),
    ],
)
def test_what_is_not_a_file_of_orders(text: str, sentences: list[str]) -> None:
    said = wrong(text)
    assert len(said) == len(sentences)
    assert all(one.startswith(other) for one, other in zip(said, sentences, strict=True))


def test_a_file_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "LINES_MAX", 3)
    assert len(ids(*[LIMIT] * 3)) == 3
    assert wrong(HEADER + LIMIT * 9) == ["There are more than 3 orders: split the file."]
