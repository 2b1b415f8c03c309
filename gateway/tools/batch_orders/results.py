"""What has become of each order: a CSV file beside the file of orders, written line by line as answers come.

result    | means                                            | line has
accepted  | there is an order                                | orderId, status
refused   | there is none; a run after the cause is gone     | code, reason
          | sends the line again, under the same id          |
unknown   | there may be one: run again, or look it up       | code, reason
not done  | there is none: it was not sent, or not taken     | code, reason

While a run lasts, each line is appended as soon as it is known, so a crash loses none; at its end the file is replaced
by one in the order of the lines. What earlier runs learned is kept: an order that was accepted then still is when the
exchange can't be asked now. A row without a line number is an order whose line is no longer in the file.
"""

import csv
import enum
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import msgspec

COLUMNS = ("line", "account", "clientOrderId", "result", "orderId", "status", "code", "reason")


class Result(enum.Enum):
    """In the words of the file."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_DONE = "not done"


class Outcome(msgspec.Struct, frozen=True):
    """What became of an order, as far as is known."""

    result: Result
    order_id: str = ""
    status: str = ""
    code: str = ""
    reason: str = ""


class Row(msgspec.Struct, frozen=True):
    """One line's; `account` says whose order it is and where: what is known of one exchange says nothing of another."""

    line: int | None
    account: str
    client_order_id: str
    outcome: Outcome

    @property
    def key(self) -> tuple[str, str]:
        return self.account, self.client_order_id


class NotResults(Exception):
    """There is a file of that name, and it holds something else."""


def results_path(orders: Path) -> Path:
    """orders.csv has its results in orders.results.csv."""
    return orders.with_name(f"{orders.name.removesuffix('.csv')}.results.csv")


def merged(earlier: Row | None, now: Row) -> Row:
    """What is known after this run: silence takes nothing back that an earlier one has heard or left open."""
    if earlier is None or now.outcome.result in (Result.ACCEPTED, Result.REFUSED):
        return now
    known = earlier.outcome.result is Result.ACCEPTED
    still_open = earlier.outcome.result is Result.UNKNOWN and now.outcome.result is Result.NOT_DONE
    return msgspec.structs.replace(earlier, line=now.line) if known or still_open else now


def complete(earlier: Iterable[Row], now: Iterable[Row]) -> list[Row]:
    """All that is worth keeping: this run's rows by line, then earlier ones of orders that are, or may be, there."""
    rows = sorted(now, key=lambda row: row.line or 0)
    present = {row.key for row in rows}
    there = (Result.ACCEPTED, Result.UNKNOWN)
    gone = [row for row in earlier if row.key not in present and row.outcome.result in there]
    return rows + [msgspec.structs.replace(row, line=None) for row in gone]


def read_results(path: Path) -> list[Row]:
    """The newest row of each order; none if there is no file. Raises NotResults, OSError.

    A last line without an end is what a crash in the middle of writing leaves: it does not count.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        rows = [row for line in lines[1:] for row in _read_row(line)]
    except FileNotFoundError:
        return []
    except ValueError:  # UnicodeDecodeError too
        lines, rows = [""], []
    if lines and lines[0] != _as_line(COLUMNS).rstrip("\n"):
        raise NotResults(f"{path} is not a file of results: move it away, as this run's come there.")
    return list({row.key: row for row in rows}.values())


def _read_row(line: str) -> Iterator[Row]:
    fields = next(csv.reader([line]), [])
    if len(fields) == len(COLUMNS):
        number, account, client_order_id, result, *rest = fields
        yield Row(int(number) if number else None, account, client_order_id, Outcome(Result(result), *rest))


def write_results(path: Path, rows: Iterable[Row]) -> None:
    """Replace the file: afterwards it is the new one or, if that fails (OSError), still the old one."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(_as_line(COLUMNS))
        file.writelines(_as_line(_fields(row)) for row in rows)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def appending(path: Path) -> Iterator[Callable[[Row], None]]:
    """Yield what adds a row to the file; when it returns, the row has left the process (OSError: it has not)."""
    with path.open("ab", buffering=0) as file:

        def append(row: Row) -> None:
            file.write(_as_line(_fields(row)).encode())

        yield append


def _fields(row: Row) -> tuple[str, ...]:
    number = "" if row.line is None else str(row.line)
    result, *rest = msgspec.structs.astuple(row.outcome)
    return (number, row.account, row.client_order_id, result.value, *rest)


def _as_line(fields: Iterable[str]) -> str:
    """Write one line whatever is in the fields: a message with line ends in it would be several."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow([re.sub("[\r\n]+", " ", field) for field in fields])
    return text.getvalue()
