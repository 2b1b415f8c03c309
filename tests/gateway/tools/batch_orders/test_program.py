"""The command `batch-orders` against an exchange on loopback: each order once, whatever happens on the way."""

import argparse
import csv
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from gateway.tools.batch_orders.program import add_arguments, run
from gateway.tools.outside import Outside
from gateway.tools.patience import Patience
from tests.gateway.tools.fake_exchange import PASSWORD, USERNAME, FakeExchange, Fault, Reply, fake_exchange, nobody

HEADER = "marketId,side,action,orderType,price,quantity,clientOrderId\n"
PLACE = ("POST", "/api/orders")
LOG_IN = ("POST", "/api/auth/login")
QUICK = Patience(first_s=0.001, most_s=0.002)
TIMEOUT_S = 10.0  # for tests in which everything is answered, on a busy machine too
SOON_S = 0.3  # for those that wait for it


class Batch:
    """A file of orders, who runs it, and what he hears; its lines are 2, 3, ... and named a, b, ..."""

    def __init__(self, folder: Path, url: str, count: int = 3) -> None:
        self.url = url
        self.file = folder / "orders.csv"
        self.results = folder / "orders.results.csv"
        self.heard: list[str] = []
        self.password = PASSWORD
        self.write("".join(f"7,YES,BUY,LIMIT,50,{index + 1},{chr(97 + index)}\n" for index in range(count)))

    def write(self, lines: str) -> None:
        self.file.write_text(HEADER + lines, encoding="utf-8")

    async def run(self, **arguments: Any) -> int:
        self.heard.clear()
        outside = Outside(self.heard.append, lambda: 0.0, {"RIALTO_PASSWORD": self.password}, None)
        common = {"file": self.file, "url": self.url, "username": USERNAME, "outside": outside}
        with trio.fail_after(20):
            return await run(**{**common, "at_once": 1, "patience": QUICK, "timeout_s": TIMEOUT_S, **arguments})

    def rows(self) -> list[dict[str, str]]:
        with self.results.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def found(self, *columns: str) -> list[tuple[str, ...]]:
        return [tuple(row[column] for column in columns) for row in self.rows()]


def test_the_arguments_are_those_of_run() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert vars(parser.parse_args(["orders.csv", "--username", "alice"])) == {
        "file": Path("orders.csv"),
        "url": "http://127.0.0.1:8080",
        "username": "alice",
        "at_once": 8,
        "batch": None,
    }
    assert "password" not in parser.format_usage().lower()


@pytest.mark.trio
async def test_each_line_is_placed_and_its_result_written(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        exchange.script(*PLACE, Reply(400, {"code": "INSUFFICIENT_FUNDS", "message": "too little"}))
        assert await batch.run() == 1
        account = f"{USERNAME} at {exchange.url}"
        assert [list(row.values()) for row in batch.rows()] == [
            ["2", account, "a", "refused", "", "", "INSUFFICIENT_FUNDS", "too little"],
            ["3", account, "b", "accepted", "100", "OPEN", "", ""],
            ["4", account, "c", "accepted", "101", "OPEN", "", ""],
        ]
        assert batch.heard == [f"3 orders: 2 accepted, 1 refused. Each line's result is in {batch.results}."]
        assert [asked.body["clientOrderId"] for asked in exchange.requests(*PLACE)] == ["a", "b", "c"]


@pytest.mark.trio
async def test_a_second_run_places_nothing_twice_and_tries_what_was_refused(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        exchange.script(*PLACE, Reply(400, {"code": "MARKET_HALTED", "message": ""}))
        await batch.run()
        exchange.orders["b"]["status"] = "FILLED"
        batch.write("8,NO,SELL,MARKET,,9,new\n" + batch.file.read_text(encoding="utf-8").removeprefix(HEADER))
        assert await batch.run() == 0
        assert batch.found("line", "clientOrderId", "orderId", "status") == [
            ("2", "new", "102", "OPEN"),
            ("3", "a", "103", "OPEN"),
            ("4", "b", "100", "FILLED"),
            ("5", "c", "101", "OPEN"),
        ]
        assert batch.heard[0].startswith("4 orders: 4 accepted (2 of them in an earlier run).")
        assert len(exchange.orders) == 4


@pytest.mark.trio
async def test_lines_without_an_id_are_placed_once_too(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        batch.write("7,YES,BUY,LIMIT,50,1,\n" * 2)
        assert [await batch.run(), await batch.run()] == [0, 0]
        assert len(exchange.orders) == 2
        assert await batch.run(batch="tomorrow") == 0
        assert len(exchange.orders) == 4
        assert len(batch.rows()) == 4  # those of today have no line number


@pytest.mark.trio
@pytest.mark.parametrize(
    "faults",
    [
        [Fault.CUT],
        [Fault.DONE_AND_CUT],
        [Fault.DONE_AND_UNKNOWN],
        [Fault.SILENCE],
        [Fault.DRIP],
        [Reply(200, {"no": "order"})],
        [Reply(503, {"code": "BUSY"})] * 4,
        [Fault.DONE_AND_CUT, Reply(503, {"code": "BUSY"}), Fault.SILENCE, Reply(500)],
    ],
)
async def test_an_unknown_outcome_is_asked_for_under_the_same_id(tmp_path: Path, faults: list[Fault | Reply]) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        exchange.script(*PLACE, *faults)
        waits = Fault.SILENCE in faults or Fault.DRIP in faults
        assert await batch.run(timeout_s=SOON_S if waits else TIMEOUT_S) == 0
        assert [asked.body["clientOrderId"] for asked in exchange.requests(*PLACE)] == ["a"] * len(faults) + [
            "a",
            "b",
            "c",
        ]
        assert sorted(exchange.orders) == ["a", "b", "c"]


@pytest.mark.trio
@pytest.mark.parametrize(
    ("faults", "result", "code"),
    [
        ([Fault.DONE_AND_CUT] * 5, "unknown", "CONNECTION_LOST"),
        ([Fault.CUT, *[Reply(503, {"code": "BUSY"})] * 4], "unknown", "CONNECTION_LOST"),
        ([Fault.DONE_AND_UNKNOWN, Reply(403, {"code": "ACCOUNT_SUSPENDED"})], "unknown", "UNKNOWN"),
        ([Reply(503, {"code": "BUSY"})] * 5, "not done", "BUSY"),
        ([Reply(403, {"code": "ACCOUNT_SUSPENDED"})], "refused", "ACCOUNT_SUSPENDED"),
        ([Reply(401, {"code": "UNAUTHORIZED"})] * 2, "refused", "UNAUTHORIZED"),
    ],
)
async def test_what_is_not_known_is_not_called_refused(
    tmp_path: Path, faults: list[Fault | Reply], result: str, code: str
) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        exchange.script(*PLACE, *faults)
        assert await batch.run() == 1
        assert batch.found("result", "code") == [(result, code), ("accepted", ""), ("accepted", "")]
        told = "An unknown order may have been placed: run again to find out; no order is placed twice."
        assert (batch.heard[-1] == told) == (result == "unknown")
        assert await batch.run() == 0
        assert sorted(exchange.orders) == ["a", "b", "c"]


@pytest.mark.trio
async def test_an_id_that_was_used_for_another_order_is_refused(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url, 1)
        await batch.run()
        batch.write("7,YES,BUY,LIMIT,50,99,a\n")
        assert await batch.run() == 1
        assert batch.found("result", "code") == [("refused", "CONFLICT")]


@pytest.mark.trio
async def test_lines_are_under_way_together_up_to_the_number_that_was_asked_for(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url, 20)
        exchange.slowness_s = 0.02
        assert await batch.run(at_once=4) == 0
        assert exchange.most_under_way == 4
        assert batch.found("line") == [(str(number),) for number in range(2, 22)]


@pytest.mark.trio
async def test_a_token_that_expires_on_the_way_is_replaced_once(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url, 20)
        exchange.slowness_s = 0.01

        async def expire() -> None:
            await exchange.until_asked(8)
            exchange.tokens.clear()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(expire)
            assert await batch.run(at_once=4) == 0
        assert len(exchange.requests(*LOG_IN)) == 2


# Nothing is sent


@pytest.mark.trio
@pytest.mark.parametrize("wrong_lines", [2, 60])
async def test_one_wrong_line_and_nothing_is_sent(tmp_path: Path, wrong_lines: int) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        batch.write("7,YES,BUY,LIMIT,50,1,\n" + "7,yes,BUY,LIMIT,50,1,\n" * wrong_lines)
        assert await batch.run() == 2
        expected = [f"Line {number}: side must be YES or NO, not 'yes'." for number in range(3, 3 + wrong_lines)]
        if wrong_lines > 50:
            expected = [*expected[:50], "... and 10 more."]
        assert batch.heard == [*expected, "Nothing was sent."]
        assert exchange.asked == []
        assert not batch.results.exists()


def without_a_file(batch: Batch) -> str:
    batch.file.unlink()
    return f"{batch.file} can't be read: No such file or directory."


def with_bytes(batch: Batch) -> str:
    batch.file.write_bytes(b"\xff\xfe")
    return f"{batch.file} is not UTF-8 text."


def with_too_many_bytes(batch: Batch) -> str:
    with batch.file.open("ab") as file:
        file.truncate(33 * 1024 * 1024)
    return f"{batch.file} is larger than 32 MiB: split it."


def with_other_results(batch: Batch) -> str:
    batch.results.write_text("mine\n", encoding="utf-8")
    return f"{batch.results} is not a file of results: move it away, as this run's come there."


def without_a_password(batch: Batch) -> str:
    batch.password = ""
    return "There is no password for maker: set RIALTO_PASSWORD."


def with_a_wrong_password(batch: Batch) -> str:
    batch.password = "wrong"
    return "The exchange does not log maker in: 401 UNAUTHORIZED wrong name or password."


def with_a_wrong_address(batch: Batch) -> str:
    batch.url = "localhost"
    return "--url must be an address such as http://127.0.0.1:8080."


@pytest.mark.trio
@pytest.mark.parametrize(
    "spoil",
    [
        without_a_file,
        with_bytes,
        with_too_many_bytes,
        with_other_results,
        without_a_password,
        with_a_wrong_password,
        with_a_wrong_address,
    ],
)
async def test_nothing_is_sent(tmp_path: Path, spoil: Callable[[Batch], str]) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        sentence = spoil(batch)
        assert await batch.run() == 2
        assert batch.heard == [sentence, "Nothing was sent."]
        assert exchange.requests(*PLACE) == []


@pytest.mark.trio
async def test_where_the_results_cannot_be_written_nothing_is_sent(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        (tmp_path / ".orders.results.csv.new").mkdir()
        assert await batch.run() == 2
        assert batch.heard[0].startswith("The results can't be kept: ")
        assert exchange.requests(*PLACE) == []


@pytest.mark.trio
@pytest.mark.parametrize("at_once", [0, 101])
async def test_how_many_lines_may_be_under_way(tmp_path: Path, at_once: int) -> None:
    batch = Batch(tmp_path, "http://127.0.0.1:1")
    assert await batch.run(at_once=at_once) == 2
    assert batch.heard[0] == "--at-once must be a whole number from 1 to 100."


@pytest.mark.trio
async def test_where_nobody_listens_nothing_is_sent(tmp_path: Path) -> None:
    async with nobody() as url:
        batch = Batch(tmp_path, url)
        assert await batch.run() == 2
        assert batch.heard[0].startswith("The exchange does not answer: 0 NOT_CONNECTED")
        assert not batch.results.exists()


# Broken off on the way


@pytest.mark.trio
async def test_an_exchange_that_goes_away_is_not_asked_for_every_line(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url, 20)
        exchange.script(*PLACE, *[Reply(503, {"code": "SHUTTING_DOWN", "message": "later"})] * 1000)
        assert await batch.run() == 1
        assert len(exchange.requests(*PLACE)) == 3 * 5
        assert batch.found("result", "code") == [("not done", "SHUTTING_DOWN")] * 3 + [("not done", "NOT_SENT")] * 17
        assert batch.heard[0] == "The exchange does not answer: SHUTTING_DOWN later."


@pytest.mark.trio
async def test_what_an_earlier_run_knew_is_not_taken_back_by_silence(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        exchange.script(*PLACE, Reply(400, {"code": "MARKET_HALTED"}))
        await batch.run()
        exchange.script(*PLACE, *[Fault.CUT] * 15)
        assert await batch.run() == 1
        assert batch.found("result", "orderId") == [("unknown", ""), ("accepted", "100"), ("accepted", "101")]


@pytest.mark.trio
async def test_a_log_in_that_is_refused_on_the_way_ends_it(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url)
        exchange.script(*PLACE, Fault.DONE_AND_CUT)

        async def lock_out() -> None:
            await exchange.until_asked(2)
            exchange.tokens.clear()
            exchange.password = "changed"

        async with trio.open_nursery() as nursery:
            nursery.start_soon(lock_out)
            assert await batch.run() == 1
        assert batch.found("result", "code") == [
            ("unknown", "CONNECTION_LOST"),
            ("not done", "NOT_SENT"),
            ("not done", "NOT_SENT"),
        ]
        assert batch.heard[0] == "The exchange does not log maker in: 401 UNAUTHORIZED wrong name or password."


async def stop_after(exchange: FakeExchange, asked: int, *signals: signal.Signals) -> None:
    await exchange.until_asked(asked)
    for number in signals:
        os.kill(os.getpid(), number)
        await trio.sleep(0.1)


@pytest.mark.trio
async def test_after_one_signal_the_lines_under_way_are_waited_for(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url, 6)
        exchange.slowness_s = 0.15
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_after, exchange, 1 + 2, signal.SIGTERM)
            assert await batch.run(at_once=2) == 1
        assert batch.found("result", "code") == [("accepted", "")] * 2 + [("not done", "NOT_SENT")] * 4
        assert batch.heard[0] == "The program was stopped."
        exchange.slowness_s = 0
        assert await batch.run() == 0
        assert len(exchange.orders) == 6


@pytest.mark.trio
async def test_a_second_signal_cuts_them_off_and_says_that_they_are_unknown(tmp_path: Path) -> None:
    async with fake_exchange() as exchange:
        batch = Batch(tmp_path, exchange.url, 6)
        exchange.script(*PLACE, Fault.SILENCE, Fault.SILENCE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_after, exchange, 1 + 2, signal.SIGINT, signal.SIGINT)
            assert await batch.run(at_once=2, timeout_s=30) == 1
        assert batch.found("result", "code") == [("unknown", "STOPPED")] * 2 + [("not done", "NOT_SENT")] * 4


# The bar


@pytest.mark.trio
@pytest.mark.parametrize("show", [True, False, None])
async def test_progress_is_shown_on_a_terminal_or_when_asked_for(
    tmp_path: Path, show: bool | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a test writes to is no terminal."""
    async with fake_exchange() as exchange:
        assert await Batch(tmp_path, exchange.url).run(show_progress=show) == 0
    assert ("3/3" in capsys.readouterr().err) == (show is True)
