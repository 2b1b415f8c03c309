"""The command `mm-bot`: what it says before it starts, and how it stops."""

import argparse
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from gateway.tools.mm_bot.program import add_arguments, run
from gateway.tools.outside import Outside
from gateway.tools.patience import Patience
from tests.gateway.tools.fake_exchange import PASSWORD, USERNAME, Fault, Reply, fake_exchange, nobody

QUICK = Patience(first_s=0.001, most_s=0.002)


class Operator:
    """Hears what a program says."""

    def __init__(self, **environment: str) -> None:
        self.heard: list[str] = []
        self.outside = Outside(self.heard.append, lambda: 0.0, environment, None)


def config_in(folder: Path, **settings: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"admin_username": USERNAME, **settings}), encoding="utf-8")
    return path


async def start(operator: Operator, config: Path) -> int:
    with capture_logs():
        return await run(config=config, outside=operator.outside, patience=QUICK, timeout_s=10)


def test_the_arguments_are_those_of_run() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert vars(parser.parse_args([])) == {"config": Path("config.json")}
    assert vars(parser.parse_args(["--config", "other.json"])) == {"config": Path("other.json")}


@pytest.mark.trio
async def test_wrong_settings_are_said_in_sentences_and_nothing_is_started(tmp_path: Path) -> None:
    operator = Operator()
    assert await start(operator, config_in(tmp_path, poll_interval_sec=0, spread_min="thin")) == 2
    assert operator.heard == [
        "config.json: poll_interval_sec must be a whole number from 1 to 86400, not 0.",
        'config.json: spread_min must be a number from 0.1 to 99.9, not "thin".',
    ]


@pytest.mark.trio
async def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    operator = Operator()
    missing, binary = tmp_path / "missing.json", tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    assert [await start(operator, path) for path in (missing, binary)] == [2, 2]
    assert operator.heard == [f"{missing} can't be read: No such file or directory.", f"{binary} is not UTF-8 text."]


@pytest.mark.trio
async def test_without_a_password_nothing_is_started(tmp_path: Path) -> None:
    operator = Operator()
    assert await start(operator, config_in(tmp_path)) == 2
    assert operator.heard == ["There is no password for maker: set RIALTO_PASSWORD."]


@pytest.mark.trio
@pytest.mark.parametrize("password", ["wrong", PASSWORD])
async def test_a_password_that_is_refused_ends_the_bot(tmp_path: Path, password: str) -> None:
    """Whether at the start, or at a log-in later."""
    operator = Operator()
    async with fake_exchange() as exchange:
        if password == PASSWORD:
            exchange.script("POST", "/api/auth/login", Reply(403, {"code": "SUSPENDED", "message": "suspended"}))
        assert await start(operator, config_in(tmp_path, base_url=exchange.url, admin_password=password)) == 1
    told = "403 SUSPENDED suspended" if password == PASSWORD else "401 UNAUTHORIZED wrong name or password"
    assert operator.heard == [f"The bot has stopped. The exchange does not log maker in: {told}."]


@pytest.mark.trio
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_with_one_sentence(tmp_path: Path, number: signal.Signals) -> None:
    """In the pause between two rounds, and again in the middle of a request that is not answered."""
    for stuck in (False, True):
        operator = Operator(RIALTO_PASSWORD=PASSWORD)
        async with fake_exchange() as exchange:
            if stuck:
                exchange.script("POST", "/api/market-maker/run", Reply(404), *[Fault.SILENCE] * 9)
            config = config_in(tmp_path, base_url=exchange.url, market_ids=[1, 2], colour="red")

            async def stop() -> None:
                await exchange.until_asked(11)  # a log-in, and five requests a market
                await trio.sleep(0.05)
                os.kill(os.getpid(), number)

            with trio.fail_after(10):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(stop)
                    assert await start(operator, config) == 0
        counted = f"quoted: {0 if stuck else 2}, nothing quoted: 0, refused: {1 if stuck else 0}"
        left_behind = "" if stuck else "; its last quotes stay in the books"
        assert operator.heard == [
            "Warning: config.json has a setting colour that the bot does not know and ignores.",
            f"The bot quotes 2 markets at {exchange.url} (stop it with Ctrl-C)",
            f"The bot has stopped (rounds: 1, {counted}, unanswered: 0){left_behind}.",
        ]


@pytest.mark.trio
@pytest.mark.parametrize(("ids", "named"), [([], "all open markets"), ([7], "market 7")])
async def test_it_says_what_it_quotes_once_it_is_logged_in(tmp_path: Path, ids: list[int], named: str) -> None:
    operator = Operator(RIALTO_PASSWORD=PASSWORD)
    async with fake_exchange() as exchange:
        exchange.script("POST", "/api/auth/login", Reply(503, {"code": "BUSY"}))
        config = config_in(tmp_path, base_url=exchange.url, market_ids=ids)

        async def stop() -> None:
            await exchange.until_asked(1)
            assert operator.heard == []
            await exchange.until_asked(4)
            os.kill(os.getpid(), signal.SIGTERM)

        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop)
                assert await start(operator, config) == 0
    assert operator.heard[0] == f"The bot quotes {named} at {exchange.url} (stop it with Ctrl-C)"


@pytest.mark.trio
async def test_a_bot_that_never_reached_the_exchange_has_failed(tmp_path: Path) -> None:
    operator = Operator(RIALTO_PASSWORD=PASSWORD)

    async def stop() -> None:
        await trio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    async with nobody() as url:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop)
                assert await start(operator, config_in(tmp_path, base_url=url)) == 1
    assert operator.heard == [f"The bot has stopped. The exchange at {url} was never reached."]


@pytest.mark.trio
async def test_a_bot_that_was_never_logged_in_has_failed(tmp_path: Path) -> None:
    operator = Operator(RIALTO_PASSWORD=PASSWORD)
    async with fake_exchange() as exchange:
        exchange.script("POST", "/api/auth/login", *[Reply(503, {"code": "BUSY"})] * 99)

        async def stop() -> None:
            await exchange.until_asked(1)
            await trio.sleep(0.1)
            os.kill(os.getpid(), signal.SIGTERM)

        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop)
                assert await start(operator, config_in(tmp_path, base_url=exchange.url)) == 1
    assert operator.heard == [f"The bot has stopped. The exchange at {exchange.url} has not logged it in."]


@pytest.mark.trio
async def test_rounds_follow_each_other_at_the_polling_interval_and_rest_after_bad_ones(tmp_path: Path) -> None:
    operator = Operator(RIALTO_PASSWORD=PASSWORD)
    async with fake_exchange() as exchange:
        exchange.script("GET", "/api/orderbook/1", *[Fault.CUT] * 5)
        config = config_in(tmp_path, base_url=exchange.url, market_ids=[1], poll_interval_sec=1)
        begun = trio.current_time()

        async def stop() -> None:
            await exchange.until_asked(1 + 5 + 4)
            os.kill(os.getpid(), signal.SIGTERM)

        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop)
                assert await start(operator, config) == 0
        assert trio.current_time() - begun >= 1.5  # the interval, and half as much again
