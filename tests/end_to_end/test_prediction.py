"""Four traders and the market maker, from the first pair to the void, over real sockets and real PostgreSQL."""

from typing import Any

import pytest
import trio

from gateway.client import PredictionClient, Refused, RestClient
from storage.interface import Reader
from tests.end_to_end.ledgers import draw
from tests.end_to_end.servers import open_reader, running_rialto
from tests.end_to_end.traders import open_admin, open_traders
from tests.invariants import audit

pytestmark = pytest.mark.slow

NAMES = ("ann", "bob", "cat", "dan")
PATIENCE_S = 30.0  # for a hang


class Scene:
    """The market, its people, and a way to look at the ledger."""

    def __init__(self, admin: RestClient, traders: dict[str, RestClient], reader: Reader) -> None:
        self.admin = admin
        self.clients = {name: PredictionClient(client) for name, client in traders.items()}
        self.reader = reader
        self.accounts: dict[str, int] = {}
        self.market_id = 0

    async def open(self) -> None:
        for name, client in self.clients.items():
            self.accounts[name] = int((await client.rest.call("GET", "/api/v1/auth/me"))["id"])
        market = await PredictionClient(self.admin).create_market(
            {"title": "Will it rain?", "category": "weather", "resolutionDate": "2030-01-01T00:00:00"}
        )
        self.market_id = market["id"]

    async def order(self, name: str, words: str) -> Any:
        """Place an order in words: "buy 10 YES at 60"."""
        action, quantity, side, _, price = words.split()
        return await self.clients[name].place(
            {
                "marketId": self.market_id,
                "side": side,
                "action": action.upper(),
                "orderType": "LIMIT",
                "price": float(price),
                "quantity": int(quantity),
            }
        )

    async def step(self, name: str, by: RestClient | None = None, **body: Any) -> Any:
        """Take a step of the lifecycle."""
        path = f"/api/v1/prediction/markets/{self.market_id}/{name}"
        return await (by or self.admin).call("POST", path, body)

    async def until(self, done: str) -> None:
        """Wait until nobody is unpaid, or everybody is."""
        with trio.fail_after(PATIENCE_S):
            while not all(  # noqa: ASYNC110  # another process
                (position.payout is not None) == (done == "paid")
                for position in await self.reader.positions(self.market_id)
                if position.yes or position.no
            ):
                await trio.sleep(0.02)

    async def shows(self, expected: str) -> None:
        found = await draw(self.reader, self.market_id, self.accounts)
        assert found == expected.strip("\n"), f"\n{found}"


@pytest.mark.trio
async def test_from_the_first_pair_to_the_void(postgres_dsn: str) -> None:
    with running_rialto(DATABASE_URL=postgres_dsn) as rialto:
        async with (
            open_admin(rialto) as admin,
            open_traders(rialto, NAMES, {"USD": "100"}) as traders,
            open_reader(postgres_dsn) as reader,
        ):
            scene = Scene(admin, traders, reader)
            await scene.open()
            await trade(scene)
            await resolve_and_void(scene)
            await audit(reader)


async def trade(scene: Scene) -> None:
    """Mint, transfer and merge, with the maker among them. Takers pay 1 % of the price, or of 100 less it."""
    # Ann and Bob pay for ten pairs: 60 and 40 cents each. Bob takes, so the fee is his: 1 % of 10 x 40 cents.
    await scene.order("ann", "buy 10 YES at 60")
    await scene.order("bob", "buy 10 NO at 45")
    await scene.shows(MINTED)
    # Cat buys four of Ann's YES at 70, for which Ann asked 65: the improvement is the taker's.
    await scene.order("ann", "sell 4 YES at 65")
    await scene.order("cat", "buy 4 YES at 70")
    await scene.shows(TRANSFERRED)
    # Cat and Bob sell what together is a pair: two pairs less.
    await scene.order("cat", "sell 2 YES at 70")
    await scene.order("bob", "sell 2 NO at 30")
    await scene.shows(MERGED)
    # The maker quotes 69 to 71 around the last trade; Dan buys NO from its bid at 69.
    summary = (await PredictionClient(scene.admin).run_maker(scene.market_id))["summary"]
    assert summary == {
        "yesBuyPrices": [68.0, 69.0],
        "yesSellPrices": [71.0, 72.0],
        "noBuyPrices": [28.0, 29.0],
        "noSellPrices": [31.0, 32.0],
    }
    await scene.order("dan", "buy 5 NO at 31")
    await scene.shows(MADE)
    with pytest.raises(Refused) as refused:
        await scene.order("dan", "sell 6 NO at 31")
    assert refused.value.code == "INSUFFICIENT_SHARES"


async def resolve_and_void(scene: Scene) -> None:
    """Halt, close, propose, dispute, resolve, roll back, void."""
    assert (await scene.step("halt"))["status"] == "HALTED"
    with pytest.raises(Refused) as refused:
        await scene.order("dan", "buy 1 NO at 31")
    assert refused.value.code == "MARKET_HALTED"
    assert (await scene.step("close"))["status"] == "CLOSED"
    await trio.sleep(0.2)
    await scene.shows(CLOSED)
    assert (await scene.step("propose", outcome="YES"))["status"] == "PROPOSED"
    bob = scene.clients["bob"].rest
    assert (await scene.step("dispute", bob, reason="it was snow"))["status"] == "DISPUTED"
    plan = await scene.admin.call("GET", f"/api/v1/prediction/markets/{scene.market_id}/payouts", outcome="YES")
    assert plan["pool"] == "13"
    assert (await scene.step("resolve", outcome="YES"))["status"] == "RESOLVED"
    await scene.until("paid")
    await scene.shows(RESOLVED)
    await scene.step("rollback")
    await scene.until("unpaid")
    await scene.shows(CLOSED)
    assert (await scene.step("void"))["status"] == "VOID"
    await scene.until("paid")
    await scene.shows(VOID)


MINTED = """
                 USD     held  YES   NO
ann               94            10
bob            95.96                 10
cat              100
dan              100
maker              0
house        1000000
fees            0.04
pool              10
outside     -1000400
sum                0            10   10
"""
TRANSFERRED = """
                 USD     held  YES   NO
ann             96.6             6
bob            95.96                 10
cat           97.386             4
dan              100
maker              0
house        1000000
fees           0.054
pool              10
outside     -1000400
sum                0            10   10
"""
MERGED = """
                 USD     held  YES   NO
ann             96.6             6
bob           96.554                  8
cat           98.786             2
dan              100
maker              0
house        1000000
fees            0.06
pool               8
outside     -1000400
sum                0             8    8
"""
MADE = """
                 USD     held  YES   NO
ann             96.6             6
bob           96.554                  8
cat           98.786             2
dan          98.4345                  5
maker          16.07  16.0545    5
house      999980.48
fees          0.0755
pool              13
outside     -1000400
sum                0  16.0545   13   13
"""
CLOSED = """
                 USD     held  YES   NO
ann             96.6             6
bob           96.554                  8
cat           98.786             2
dan          98.4345                  5
maker          16.07             5
house      999980.48
fees          0.0755
pool              13
outside     -1000400
sum                0            13   13
"""
RESOLVED = """
                 USD     held  YES   NO
ann            102.6        6    6
bob           96.554                  8
cat          100.786        2    2
dan          98.4345                  5
maker          21.07        5    5
house      999980.48
fees          0.0755
pool               0
outside     -1000400
sum                0       13   13   13
"""
VOID = """
                 USD     held  YES   NO
ann             99.6        3    6
bob            100.6    4.046         8
cat             99.8    1.014    2
dan           100.95   2.5155         5
maker          18.57      2.5    5
house      999980.48
fees               0
pool               0
outside     -1000400
sum                0  13.0755   13   13
"""
