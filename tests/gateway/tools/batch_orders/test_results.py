"""The file of results: nothing is lost in it, and silence takes nothing back."""

from pathlib import Path

import pytest

from gateway.tools.batch_orders.results import (
    NotResults,
    Outcome,
    Result,
    Row,
    appending,
    complete,
    merged,
    read_results,
    results_path,
    write_results,
)

HEADER = "line,account,clientOrderId,result,orderId,status,code,reason\n"
ACCEPTED = Outcome(Result.ACCEPTED, "101", "OPEN")
FILLED = Outcome(Result.ACCEPTED, "101", "FILLED")
REFUSED = Outcome(Result.REFUSED, code="INSUFFICIENT_FUNDS", reason='too little, "far" too little')
UNKNOWN = Outcome(Result.UNKNOWN, code="CONNECTION_LOST", reason="ReadError")
NOT_DONE = Outcome(Result.NOT_DONE, code="NOT_SENT", reason="The program was stopped.")


def row(line: int | None, client_id: str, outcome: Outcome = ACCEPTED, account: str = "alice") -> Row:
    return Row(line, account, client_id, outcome)


@pytest.mark.parametrize(
    ("orders", "results"), [("orders.csv", "orders.results.csv"), ("a.b/orders", "a.b/orders.results.csv")]
)
def test_the_results_are_beside_the_orders(orders: str, results: str) -> None:
    assert results_path(Path(orders)) == Path(results)


@pytest.mark.parametrize(
    ("earlier", "now", "known"),
    [
        (None, ACCEPTED, ACCEPTED),
        (None, NOT_DONE, NOT_DONE),
        (ACCEPTED, FILLED, FILLED),
        (ACCEPTED, REFUSED, REFUSED),
        (ACCEPTED, UNKNOWN, ACCEPTED),
        (ACCEPTED, NOT_DONE, ACCEPTED),
        (REFUSED, ACCEPTED, ACCEPTED),
        (REFUSED, REFUSED, REFUSED),
        (REFUSED, UNKNOWN, UNKNOWN),
        (REFUSED, NOT_DONE, NOT_DONE),
        (UNKNOWN, ACCEPTED, ACCEPTED),
        (UNKNOWN, REFUSED, REFUSED),
        (UNKNOWN, UNKNOWN, UNKNOWN),
        (UNKNOWN, NOT_DONE, UNKNOWN),
        (NOT_DONE, ACCEPTED, ACCEPTED),
        (NOT_DONE, REFUSED, REFUSED),
        (NOT_DONE, UNKNOWN, UNKNOWN),
        (NOT_DONE, NOT_DONE, NOT_DONE),
    ],
)
def test_what_is_known_after_another_run(earlier: Outcome | None, now: Outcome, known: Outcome) -> None:
    before = None if earlier is None else row(9, "a", earlier)
    assert merged(before, row(2, "a", now)) == row(2, "a", known)


def test_orders_whose_line_has_gone_are_kept_if_they_are_or_may_be_there() -> None:
    earlier = [
        row(2, "here"),
        row(3, "gone"),
        row(4, "refused", REFUSED),
        row(5, "unknown", UNKNOWN),
        row(6, "not done", NOT_DONE),
        row(7, "here", account="bob"),
    ]
    assert complete(earlier, [row(3, "new"), row(2, "here", FILLED)]) == [
        row(2, "here", FILLED),
        row(3, "new"),
        row(None, "gone"),
        row(None, "unknown", UNKNOWN),
        row(None, "here", account="bob"),
    ]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "orders.results.csv"
    rows = [row(2, "a  b"), row(3, "ü,\"'", REFUSED), row(None, "c", UNKNOWN), row(5, "d", NOT_DONE)]
    write_results(path, rows)
    assert read_results(path) == rows
    assert path.read_text(encoding="utf-8").startswith(f"{HEADER}2,alice,a  b,accepted,101,OPEN,,\n")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_no_file_is_no_results(tmp_path: Path) -> None:
    assert read_results(tmp_path / "none.csv") == []


def test_rows_are_in_the_file_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "orders.results.csv"
    write_results(path, [row(2, "a", UNKNOWN)])
    with appending(path) as append:
        append(row(3, "b", REFUSED))
        assert read_results(path) == [row(2, "a", UNKNOWN), row(3, "b", REFUSED)]
        append(row(2, "a"))
        assert read_results(path) == [row(2, "a"), row(3, "b", REFUSED)]


def test_a_message_with_line_ends_is_still_one_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.results.csv"
    write_results(path, [row(2, "a", Outcome(Result.REFUSED, code="X", reason="one\r\ntwo\nthree"))])
    assert [found.outcome.reason for found in read_results(path)] == ["one two three"]


def test_wherever_a_crash_cuts_the_last_row_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.results.csv"
    write_results(path, [row(2, "a")])
    whole = path.read_bytes()
    with appending(path) as append:
        append(row(3, "b", REFUSED))
    longer = path.read_bytes()
    for length in range(len(whole), len(longer)):
        path.write_bytes(longer[:length])
        assert read_results(path) == [row(2, "a")]


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b"\xff\xfe\n", f"{HEADER}x,a,b,accepted,1,,,\n".encode(), f"{HEADER}2,a,b,?,,,,\n".encode()],
)
def test_a_file_of_something_else_is_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.results.csv"
    path.write_bytes(content)
    with pytest.raises(NotResults, match="is not a file of results: move it away"):
        read_results(path)
    assert path.read_bytes() == content


def test_a_replacement_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.results.csv"
    write_results(path, [row(2, "a")])
    (tmp_path / ".orders.results.csv.new").mkdir()
    with pytest.raises(IsADirectoryError):
        write_results(path, [])
    assert read_results(path) == [row(2, "a")]
