"""kill -9 in the middle of a payout to five thousand holders, of taking it back, of freeing it: each is done once."""

import os
import random
import signal
import time
from collections import Counter

import httpx
import pytest
import trio

from actors.exchange import open_exchange
from engine.ledger.journal import JournalCodec
from engine.ledger.records import MarketState, PositionRecord
from engine.prediction.events import HolderPaid, PayoutFreed, PayoutTakenBack
from engine.products import PRODUCTS
from storage.interface import Reader
from storage.postgres import open_postgres
from storage.verify import verify
from tests.actors.exchanges import deposit
from tests.actors.questions import ask_question, trade
from tests.benchmarks.clocks import SystemClock
from tests.end_to_end.servers import ADMIN_PASSWORD, Rialto, open_reader, running_rialto
from tests.invariants import audit
from tests.storage.servers import postmaster_of, running_server

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

HOLDERS = 5_000
HOUSE_OF_NO = 1_000_000  # the account that sells to all of them, in shares of NO that it mints
FIRST_HOLDER = 1_001  # payouts go by account
WINDOW_S = 10  # for which payouts are held in the end, long enough to start again; before that, to take them back
SETTLED_S = 60.0  # for five commits of a thousand holders, on busy cores
ROUNDS = 3
WORK = (HolderPaid, PayoutTakenBack, PayoutFreed)
RESTART_MS_MIN = 700  # the imports alone take so long


def test_killed_while_paying() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with running_rialto(CHALLENGE_WINDOW_S="0", PAYOUT_WINDOW_S="600") as rialto:
        assert rialto.stop() == 0
        with running_server(rialto.data_path) as server:
            market_id = trio.run(sell_to_everybody, server.dsn)
            before = trio.run(read_positions, server.dsn, market_id)
        assert len(before) == HOLDERS + 1
        rialto.start()
        decide(rialto, market_id, "close")
        for _ in range(ROUNDS):
            decide(rialto, market_id, "propose", outcome="YES")
            kill_and_start(rialto, chance)
            wait_until(rialto, market_id, "RESOLVED")
            decide(rialto, market_id, "rollback")
            kill_and_start(rialto, chance)
            wait_until(rialto, market_id, "CLOSED")
        decide(rialto, market_id, "propose", outcome="YES")
        kill_when_begun(rialto, market_id, paid=True, held=True)
        wait_until(rialto, market_id, "RESOLVED")
        wait_for_holder(rialto, market_id, HOUSE_OF_NO, paid=True, held=False)  # the last one, who gets nothing
        decide(rialto, market_id, "rollback")
        kill_when_begun(rialto, market_id, paid=False, held=False)
        wait_until(rialto, market_id, "CLOSED")
        assert rialto.stop() == 0
        rialto.environment["PAYOUT_WINDOW_S"] = str(WINDOW_S)
        rialto.start()
        decide(rialto, market_id, "propose", outcome="YES")
        kill_and_start(rialto, chance)
        kill_when_begun(rialto, market_id, paid=True, held=False)
        wait_until(rialto, market_id, "FINAL")
        assert rialto.stop() == 0
        with running_server(rialto.data_path) as server:
            trio.run(check, server.dsn, market_id, before)


async def sell_to_everybody(dsn: str) -> int:
    """Give five thousand customers between one and nine shares of YES each."""
    async with open_postgres(dsn) as storage, open_exchange(storage, SystemClock()) as exchange:
        market = await ask_question(exchange)
        await deposit(exchange, HOUSE_OF_NO, USD="100000")
        await trade(exchange, market, HOUSE_OF_NO, f"buy {9 * HOLDERS} NO at 50")

        async def buy(account: int) -> None:
            await deposit(exchange, account, USD="10")
            await trade(exchange, market, account, f"buy {account % 9 + 1} YES at 50")

        for first in range(1_001, 1_001 + HOLDERS, 500):
            async with trio.open_nursery() as nursery:
                for account in range(first, first + 500):
                    nursery.start_soon(buy, account)
        return market.market_id


async def read_positions(dsn: str, market_id: int) -> list[PositionRecord]:
    async with open_reader(dsn) as reader:
        return await reader.positions(market_id)


def decide(rialto: Rialto, market_id: int, step: str, **body: str) -> None:
    """Ask for a step as the administrator; it may have been taken when the answer comes, or be about to be."""
    with httpx.Client(base_url=rialto.url, trust_env=False, timeout=30) as http:
        path = f"/api/v1/prediction/markets/{market_id}/{step}"
        answer = http.post(path, json=body, headers=log_in(http))
        assert answer.status_code == 200, answer.text


def kill_and_start(rialto: Rialto, chance: random.Random) -> None:
    """Kill the server, or it and its PostgreSQL, at a moment when there is work left, as a rule."""
    time.sleep(chance.random() * 0.4)  # the moment is what is tried
    if chance.random() < 0.5:
        os.kill(postmaster_of(rialto.data_path), signal.SIGKILL)
    rialto.kill()
    rialto.start()


def kill_when_begun(rialto: Rialto, market_id: int, *, paid: bool, held: bool) -> None:
    """Kill the server as soon as its first part of the work is seen: when the first holder stands like that."""
    wait_for_holder(rialto, market_id, FIRST_HOLDER, paid=paid, held=held)
    rialto.kill()
    rialto.start()


def wait_for_holder(rialto: Rialto, market_id: int, account_id: int, *, paid: bool, held: bool) -> None:
    """Wait until a holder has been paid or not, and has something of it held or not."""
    give_up = time.monotonic() + SETTLED_S
    with httpx.Client(base_url=rialto.url, trust_env=False, timeout=30) as http:
        headers = log_in(http)
        path = f"/api/v1/prediction/markets/{market_id}/positions?before={account_id + 1}&limit=1"
        while True:
            (holder,) = http.get(path, headers=headers).json()
            assert holder["accountId"] == account_id
            position = holder["position"]
            if (position["payout"] is not None, position["payoutHeld"] != "0") == (paid, held):
                return
            assert time.monotonic() < give_up, holder


def log_in(http: httpx.Client) -> dict[str, str]:
    login = http.post("/api/v1/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD}).json()
    return {"authorization": f"Bearer {login['token']}"}


def wait_until(rialto: Rialto, market_id: int, state: str) -> None:
    """Wait until the market stands there and has nothing left to do but to wait."""
    give_up = time.monotonic() + SETTLED_S
    with httpx.Client(base_url=rialto.url, trust_env=False, timeout=30) as http:
        while True:
            market = http.get(f"/api/markets/{market_id}").json()
            if market["status"] == state and not market["resolution"]["rollingBack"]:
                return
            assert time.monotonic() < give_up, market
            time.sleep(0.05)


async def check(dsn: str, market_id: int, before: list[PositionRecord]) -> None:
    """Everybody was paid once, as the shares say; nothing is held, and the journal makes these tables."""
    async with open_reader(dsn) as reader:
        market = await reader.market(market_id)
        assert market is not None
        assert market.state is MarketState.FINAL
        after = await reader.positions(market_id)
        assert [(p.account_id, p.yes, p.no) for p in after] == [(p.account_id, p.yes, p.no) for p in before]
        balances = {b.account_id: b for b in await reader.balances() if b.asset == "USD"}
        for position in after:
            assert position.payout == position.yes * 10_000
            assert position.payout_held == 0
            put_in = 100_000 if position.account_id != HOUSE_OF_NO else 1_000_000_000
            cost = position.yes_cost + position.no_cost + position.fees
            assert balances[position.account_id].total == put_in - cost + position.payout
            assert balances[position.account_id].held == 0
        await audit(reader)
        interrupted = await interrupted_parts(reader, market_id)
        for kind in WORK:
            assert interrupted[kind], f"no kill came in the middle of {kind.__name__}"
    async with open_postgres(dsn) as storage:
        verified = await verify(storage.reader)
        assert verified.differences == ()


async def interrupted_parts(reader: Reader, market_id: int) -> Counter[type]:
    """How often the next part of the same work came so much later that a start of the server lies between."""
    codec = JournalCodec(tuple(PRODUCTS.writers))
    found: Counter[type] = Counter()
    sequence = 0
    before: tuple[type, int] | None = None
    while rows := await reader.journal(sequence, 500):
        sequence = rows[-1].sequence
        for part in (part for row in rows for part in codec.unpack(row.body).parts if part.market_id == market_id):
            kind = type(part.events[0])
            if kind in WORK:
                found[kind] += before is not None and before[0] is kind and part.now_ms - before[1] > RESTART_MS_MIN
                before = kind, part.now_ms
            else:
                before = None
    return found
