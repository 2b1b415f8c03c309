"""The file of orders: CSV with a header that names the columns, in any order.

marketId,side,action,orderType,price,quantity[,clientOrderId]
7,YES,BUY,LIMIT,50.5,10

Each order has a client id, under which the exchange places one order, however often it is sent. A line that names none
gets one made of the batch's name, what is ordered, and how many lines with the same order came before. So it stays the
same when lines are added, removed or moved elsewhere in the file, and when a spreadsheet writes 50.50 for 50.5; and two
equal lines are two orders.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from engine.prediction.question import QUANTITY_MAX
from gateway.limits import ID_END, ID_PATTERN, TEXT_PATTERN

NEEDED = ("marketId", "side", "action", "orderType", "price", "quantity")
CLIENT_ID = "clientOrderId"
UNPRICED = "MARKET"
PRICE_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,10})?\Z"
PLACES_MAX = 2  # the finest tick is 0.01 cents
LINES_MAX = 100_000  # a tenth of a gigabyte in memory, and minutes of work

Value = TypeVar("Value")


class Order(msgspec.Struct, frozen=True):
    """What is ordered, in the API's words; the price is in cents, None for a market order."""

    market_id: int
    side: str
    action: str
    order_type: str
    price: Decimal | None
    quantity: int


class Line(msgspec.Struct, frozen=True):
    """An order and where it stands; `number` is the line's in the file, where the header is line 1."""

    number: int
    client_order_id: str
    order: Order

    def body(self) -> dict[str, object]:
        """Make the request. A price of two places is the same number after it has been a float."""
        order = self.order
        body: dict[str, object] = {
            "marketId": order.market_id,
            "side": order.side,
            "action": order.action,
            "orderType": order.order_type,
            "quantity": order.quantity,
            CLIENT_ID: self.client_order_id,
        }
        return body if order.price is None else {**body, "price": float(order.price)}


class BadFile(Exception):
    """Something in it is wrong, so nothing of it is sent; a sentence for each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def read_orders(text: str, batch: str) -> list[Line]:
    """Read and check the whole text; ids are made with the `batch`'s name. Raises BadFile with all that is wrong."""
    rows = _rows(text)
    _, header = next(rows, (1, []))
    columns = _columns(header)
    return _read_lines(rows, columns, batch)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that has something in it, with the number of its line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, [field.strip() for field in row]
    except csv.Error as error:
        raise BadFile([f"Line {reader.line_num}: it is not CSV, {error}."]) from None


def _columns(header: list[str]) -> list[str]:
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise BadFile([f"Its fields are separated by {name}: separate them by commas, with a point in prices."])
    if header and not {*header} & {*NEEDED, CLIENT_ID}:
        raise BadFile([f"There is no header: the first line must be {','.join(NEEDED)}."])
    wrong = [f"The column {name} is missing." for name in NEEDED if name not in header]
    known = (*NEEDED, CLIENT_ID)
    wrong += [f"There is no column {name!r:.70}; there are {', '.join(known)}." for name in header if name not in known]
    wrong += [f"The column {name} is there twice." for name in known if header.count(name) > 1]
    if wrong:
        raise BadFile(wrong)
    return header


def _read_lines(rows: Iterator[tuple[int, list[str]]], columns: list[str], batch: str) -> list[Line]:
    lines: list[Line] = []
    wrong: list[str] = []
    same = Counter[Order]()
    where: dict[str, int] = {}
    for number, row in rows:
        try:
            order, client_order_id = _read_row(row, columns)
        except BadFile as bad:
            wrong += [f"Line {number}: {sentence}" for sentence in bad.sentences]
            continue
        if client_order_id is None:
            same[order] += 1
            client_order_id = made_id(batch, order, same[order])
        if client_order_id in where:
            wrong.append(f"Line {number}: its clientOrderId is that of line {where[client_order_id]}.")
        where[client_order_id] = number
        lines.append(Line(number, client_order_id, order))
        if len(lines) > LINES_MAX:
            wrong.append(f"There are more than {LINES_MAX} orders: split the file.")
            break
    if not lines and not wrong:
        wrong = ["There is no order in the file."]
    if wrong:
        raise BadFile(wrong)
    return lines


def made_id(batch: str, order: Order, occurrence: int) -> str:
    """Make the client id of the first, second, ... line with this order: the same in every run."""
    price = None if order.price is None else f"{order.price.normalize():f}"
    content = [batch, order.market_id, order.side, order.action, order.order_type, price, order.quantity, occurrence]
    return f"batch-{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]}"


def _read_row(row: list[str], columns: list[str]) -> tuple[Order, str | None]:
    """Read one order. Raises BadFile with all that is wrong in it."""
    if len(row) != len(columns):
        raise BadFile([f"it has {len(row)} fields, and the header has {len(columns)}."])
    fields = dict(zip(columns, row, strict=True))
    wrong: list[str] = []
    found: dict[str, Any] = {}
    for name, read in READERS.items():
        try:
            found[name] = read(fields.get(name, ""))
        except ValueError as error:
            wrong.append(f"{name} {error}, not {fields[name]!r:.70}.")
    if found.get("orderType") not in (None, UNPRICED) and "price" in found and found["price"] is None:
        wrong.append(f"price is needed for {found['orderType']}.")
    if found.get("orderType") == UNPRICED and fields["price"]:
        wrong.append("price must be empty for MARKET.")
    if wrong:
        raise BadFile(wrong)
    return Order(*(found[name] for name in NEEDED)), found[CLIENT_ID]


# Readers of one field each: they raise ValueError with the middle of a sentence: "side ..., not 'yes'."


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
        return text

    return read


def _whole(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.search(ID_PATTERN, text) or int(text) > most:
            raise ValueError(f"must be a whole number from 1 to {most}")
        return int(text)

    return read


def _price(text: str) -> Decimal | None:
    if not text:
        return None
    if not re.search(PRICE_PATTERN, text) or not 0 < (price := Decimal(text)) < 100:
        raise ValueError("must be a number of cents above 0 and below 100")
    if price != round(price, PLACES_MAX):
        raise ValueError(f"must have at most {PLACES_MAX} decimal places")
    return price


def _client_order_id(text: str) -> str | None:
    if text and not re.search(TEXT_PATTERN, text):
        raise ValueError("must be 1 to 64 printable characters")
    return text or None


READERS: dict[str, Callable[[str], Any]] = {
    "marketId": _whole(ID_END - 1),
    "side": _one_of("YES", "NO"),
    "action": _one_of("BUY", "SELL"),
    "orderType": _one_of("LIMIT", "MARKET", "IOC", "FOK"),
    "price": _price,
    "quantity": _whole(QUANTITY_MAX),
    CLIENT_ID: _client_order_id,
}
