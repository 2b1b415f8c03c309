"""A minute of two markets with random traders: the bot drives one of them, the internal maker the other."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from engine.ledger.chart import MAKER
from engine.refusals import Refusal
from gateway.client import PredictionClient, Refused, Unavailable, UnknownOutcome
from storage.interface import Reader
from storage.postgres import open_postgres
from storage.verify import verify
from tests.end_to_end.servers import ADMIN_PASSWORD, CHECKOUT, Rialto, open_reader, running_rialto
from tests.end_to_end.traders import open_admin, open_traders
from tests.invariants import audit

pytestmark = pytest.mark.slow

MINUTE_S = 60.0
SHARES_MAX = 40  # what the makers may hold of either share
ORDER_SIZE = 10
NAMES = tuple(f"trader{number}" for number in range(6))
LOOK_S = 0.05  # between two looks at what the makers hold


@pytest.mark.trio
async def test_a_minute_of_bot_and_maker(postgres_dsn: str, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    with running_rialto(DATABASE_URL=postgres_dsn) as rialto:
        async with (
            open_admin(rialto) as admin,
            open_traders(rialto, NAMES, {"USD": "10000"}) as traders,
            open_reader(postgres_dsn) as reader,
        ):
            operator = PredictionClient(admin)
            driven, own = [await new_market(operator, title) for title in ("driven by the bot", "by itself")]
            await operator.configure_maker(
                {
                    "marketId": own,
                    "enabled": True,
                    "refreshMs": 300,
                    "orderSize": ORDER_SIZE,
                    "maxYesPosition": SHARES_MAX,
                    "maxNoPosition": SHARES_MAX,
                }
            )
            clients = [PredictionClient(client) for client in traders.values()]
            with running_bot(rialto, tmp_path, driven) as bot:
                end_s = trio.current_time() + MINUTE_S
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(watch, reader, (driven, own), end_s)
                    for number, client in enumerate(clients):
                        nursery.start_soon(trade, client, (driven, own), random.Random(seed + number), end_s)
            with pytest.raises(Refused) as refused:
                await operator.run_maker(own)
            assert (refused.value.status, refused.value.code) == (409, "ALREADY_RUNNING")
            for market_id in (driven, own):
                rows = await reader.maker_audit(market_id, None, 10_000)
                assert {"PLACE", "FILL", "CANCEL"} == {row.event_type for row in rows}, market_id
            check_logs([*rialto.said, *bot])
        assert rialto.stop() == 0, rialto.said[-20:]
        async with open_postgres(postgres_dsn) as storage:
            await audit(storage.reader)
            assert (await verify(storage.reader)).differences == ()


async def new_market(client: PredictionClient, title: str) -> int:
    market = await client.create_market({"title": title, "resolutionDate": "2030-01-01T00:00:00"})
    market_id: int = market["id"]
    return market_id


@contextmanager
def running_bot(rialto: Rialto, folder: Path, market_id: int) -> Iterator[list[str]]:
    """Run `run.py mm-bot` for the length of the block; afterwards the list has what it said."""
    config = folder / "config.json"
    settings = {
        "base_url": rialto.url,
        "admin_username": "admin",
        "admin_password": ADMIN_PASSWORD,
        "poll_interval_sec": 1,
        "market_ids": [market_id],
        "order_size_base": ORDER_SIZE,
        "max_yes_position": SHARES_MAX,
        "max_no_position": SHARES_MAX,
    }
    config.write_bytes(msgspec.json.encode(settings))
    process = subprocess.Popen(
        [sys.executable, "run.py", "mm-bot", "--config", str(config)],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    try:
        yield said
        process.terminate()
        out, _ = process.communicate(timeout=30)
        said += out.splitlines()
        assert process.returncode == 0, out
    finally:
        process.kill()
        process.wait()


async def watch(reader: Reader, market_ids: tuple[int, ...], end_s: float) -> None:
    """Look again and again at what the makers hold: never more than they may."""
    while trio.current_time() < end_s:  # another process
        for market_id in market_ids:
            for position in await reader.positions(market_id):
                if position.account_id == MAKER:
                    assert position.yes <= SHARES_MAX, position
                    assert position.no <= SHARES_MAX, position
        await trio.sleep(LOOK_S)


async def trade(client: PredictionClient, market_ids: tuple[int, ...], dice: random.Random, end_s: float) -> None:
    """Order at random, around a price that wanders; who has too many orders cancels them."""
    middle = 50.0
    while trio.current_time() < end_s:
        middle = min(80.0, max(20.0, middle + dice.choice((-0.5, 0, 0.5))))
        try:
            await client.place(any_order(dice, dice.choice(market_ids), middle))
        except Refused as refused:
            if refused.code == Refusal.TOO_MANY_ORDERS.value:
                for order in (await client.active_orders())[:50]:
                    await cancel(client, order["id"])
        except (Unavailable, UnknownOutcome):
            await trio.sleep(0.1)
        await trio.sleep(dice.random() * 0.05)


async def cancel(client: PredictionClient, order_id: str) -> None:
    try:
        await client.cancel(order_id)
    except Refused as refused:
        assert refused.code in ("ALREADY_FILLED", "NOT_FOUND"), refused  # noqa: PT017  # it may have been filled since


def any_order(dice: random.Random, market_id: int, middle: float) -> dict[str, Any]:
    kind = dice.choice(("LIMIT", "LIMIT", "LIMIT", "IOC", "FOK", "MARKET"))
    order: dict[str, Any] = {
        "marketId": market_id,
        "side": dice.choice(("YES", "NO")),
        "action": dice.choice(("BUY", "BUY", "SELL")),
        "orderType": kind,
        "quantity": dice.randint(1, 15),
    }
    if kind != "MARKET":
        order["price"] = round(middle + dice.uniform(-5, 5), 1)
    return order


def check_logs(lines: list[str]) -> None:
    """Every refused quote is logged with its code."""
    refused = [line for line in lines if "quote refused" in line or "quote_refused" in line]
    codes = {code.value for code in Refusal}
    for line in refused:
        assert any(code in line for code in codes), line
    print(f"{len(refused)} quotes were refused")
