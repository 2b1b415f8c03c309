"""What administrators do with the pool of accumulators, what is written down of it, and what is refused."""

from typing import Any
from urllib.parse import quote

import pytest

from actors.core import Address, Unknown
from engine.ledger.chart import HOUSE, pool_of
from engine.messages import Command
from engine.refusals import Refusal, Refused
from tests.gateway.houses import error
from tests.gateway.rest.betting.accumulator_scenes import (
    ADMIN,
    POOL,
    accumulate,
    claim,
    open_accumulators,
    open_later,
    pool,
    send,
)
from tests.gateway.rest.betting.scenes import done, refused, settle, usd
from tests.gateway.rest.betting.test_admin import NO_AMOUNTS, audit_rows, units

pytestmark = pytest.mark.trio

MARKET = 4  # of accumulators: listed at the first start, behind three symbols
TWO = "10000 on 1 at 185, 6 at 190"


async def test_the_pool_and_what_is_kept_of_it() -> None:
    async with open_accumulators() as (house, matches):
        assert await pool(house) == {
            "asset": "USD",
            "status": "active",
            "pool": POOL,
            "liability": "0",
            "available": POOL,
            "open": 0,
        }
        await accumulate(house, matches, "alice", TWO)
        await accumulate(house, matches, "bob", "10000 on 3 at 420, 7 at 200")  # never both: still each in full
        stands = await pool(house)
        money, liability = int(POOL) + 20_000, 35_150 + 84_000
        assert stands["pool"] == str(money)
        assert (stands["liability"], stands["available"]) == (str(liability), str(money - liability))
        assert stands["open"] == 2
        assert await units(house, pool_of(MARKET)) == money


async def test_money_comes_from_the_house_and_goes_back() -> None:
    async with open_accumulators() as (house, matches):
        money = await units(house, HOUSE)
        stands = await done(house, "POST", f"{ADMIN}/fund", {"amount": "70"})
        assert stands["pool"] == str(int(POOL) + 70)
        assert await units(house, HOUSE) == money - 70
        stands = await done(house, "POST", f"{ADMIN}/return", {"amount": "100"})
        assert (stands["pool"], stands["available"]) == (str(int(POOL) - 30), str(int(POOL) - 30))
        assert await units(house, HOUSE) == money + 30
        await accumulate(house, matches, "alice", TWO)
        free = (await pool(house))["available"]
        reply = await house.call("POST", f"{ADMIN}/return", {"amount": str(int(free) + 1)}, by="root")
        assert refused(reply) == (409, "CONFLICT", {"available": free})
        assert await units(house, HOUSE) == money + 30
        stands = await done(house, "POST", f"{ADMIN}/return", {"amount": free})
        assert (stands["pool"], stands["liability"], stands["available"]) == ("35150", "35150", "0")
        assert refused(await send(house, matches, "alice", TWO))[1] == "LIABILITY_LIMIT"


async def test_the_house_can_not_fund_more_than_it_has() -> None:
    async with open_accumulators() as (house, _):
        money = await units(house, HOUSE)
        for amount in (str(money + 1), "9" * 78):
            reply = await house.call("POST", f"{ADMIN}/fund", {"amount": amount}, by="root")
            assert error(reply) == (422, "INSUFFICIENT_FUNDS")
            reply = await house.call("POST", f"{ADMIN}/return", {"amount": amount}, by="root")
            assert refused(reply) == (409, "CONFLICT", {"available": POOL})
        assert await units(house, HOUSE) == money
        assert (await pool(house))["pool"] == POOL


async def test_what_is_no_amount() -> None:
    async with open_accumulators() as (house, _):
        for amount in NO_AMOUNTS:
            for step in ("fund", "return"):
                reply = await house.call("POST", f"{ADMIN}/{step}", {"amount": amount}, by="root")
                assert error(reply) == (400, "MALFORMED")
        for step in ("suspend", "resume"):
            reply = await house.call("POST", f"{ADMIN}/{step}", {"reason": "a\nb"}, by="root")
            assert error(reply) == (400, "MALFORMED")
        assert (await pool(house))["pool"] == POOL


async def test_a_suspension_stops_new_ones_only() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        for _ in range(2):  # twice is once
            stands = await done(house, "POST", f"{ADMIN}/suspend", {"reason": "a look at the books"})
            assert (stands["status"], stands["open"]) == ("suspended", 1)
        assert error(await send(house, matches, "alice", TWO)) == (409, "MARKET_HALTED")
        assert await usd(house, "alice") == "999"
        await done(house, "POST", f"{ADMIN}/fund", {"amount": "1"})
        await done(house, "POST", f"{ADMIN}/return", {"amount": "1"})
        for match in matches:
            await settle(house, match, 3, 0)
        assert (await claim(house, placed, "alice")).status == 200
        for _ in range(2):
            assert (await done(house, "POST", f"{ADMIN}/resume", {}))["status"] == "active"
        assert error(await send(house, matches, "alice", TWO)) == (409, "MARKET_CLOSED")  # but its matches are over


async def test_all_of_it_is_written_down_once() -> None:
    async with open_accumulators() as (house, _):
        await done(house, "POST", f"{ADMIN}/return", {"amount": "70"})
        await house.call("POST", f"{ADMIN}/return", {"amount": "9" * 20}, by="root")
        await done(house, "POST", f"{ADMIN}/suspend", {"reason": "why"})
        await done(house, "POST", f"{ADMIN}/resume", {})
        await house.call("POST", f"{ADMIN}/fund", {"amount": "0"}, by="root")  # which can't be read
        rows = [row for row in await audit_rows(house) if row[1] == "accumulators/USD"]
        assert [row[0] for row in rows] == [
            "fund_accumulators",
            "return_from_accumulators",
            "return_from_accumulators",
            "return_from_accumulators_refused",
            "suspend_accumulators",
            "resume_accumulators",
        ]
        assert rows[0][2] == {"amount": POOL, "asset": None}
        assert (rows[3][2]["code"], rows[3][2]["available"]) == ("CONFLICT", str(int(POOL) - 70))
        assert rows[4][2] == {"reason": "why", "asset": None}


# Other assets


async def test_the_pool_of_an_earlier_asset_is_still_reached() -> None:
    """Its accumulators are open, and what is free in it belongs to the house."""
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO)
        async with open_later(house, "alice", "root") as later:
            new = {"asset": "BTC", "status": "active", "pool": "0", "liability": "0", "available": "0", "open": 0}
            assert await pool(later) == await pool(later, "BTC") == new
            stands = await pool(later, "USD")
            assert stands == await pool(house)
            assert (stands["asset"], stands["open"]) == ("USD", 1)
            money = await units(house, HOUSE)
            free = stands["available"]
            stands = await done(later, "POST", f"{ADMIN}/return", {"amount": free, "asset": "USD"})
            assert (stands["asset"], stands["available"]) == ("USD", "0")
            assert await units(house, HOUSE) == money + int(free)
            stands = await done(later, "POST", f"{ADMIN}/fund", {"amount": "7", "asset": "USD"})
            assert (stands["asset"], stands["available"]) == ("USD", "7")
            for step, status in (("suspend", "suspended"), ("resume", "active")):
                stands = await done(later, "POST", f"{ADMIN}/{step}", {"asset": "USD"})
                assert (stands["asset"], stands["status"]) == ("USD", status)
                assert (await pool(house))["status"] == status
                assert await pool(later) == new
            for match in matches:
                await settle(house, match, 3, 0)
            assert (await claim(later, placed, "alice")).json["claimAmount"] == "35150"
            rows = [row for row in await audit_rows(house) if row[1] == "accumulators/USD"]
            assert rows[-1][2] == {"reason": None, "asset": "USD"}


async def test_a_suspension_of_one_asset_leaves_another_s_accumulators_alone() -> None:
    async with open_accumulators() as (house, matches), open_later(house, "root") as later:
        await done(later, "POST", f"{ADMIN}/suspend", {})
        await accumulate(house, matches, "alice", TWO)
        await done(later, "POST", f"{ADMIN}/suspend", {"asset": "USD"})
        assert error(await send(house, matches, "alice", TWO)) == (409, "MARKET_HALTED")


async def test_an_asset_without_accumulators() -> None:
    async with open_accumulators() as (house, _):
        for asset in ("BTC", "usd", "BTC_USDT", "\u20ac"):
            for method, path in PATHS:
                query = f"?asset={quote(asset)}" if method == "GET" else ""
                body = None if method == "GET" else {"amount": "1", "asset": asset}
                reply = await house.call(method, path + query, body, by="root")
                assert error(reply) == (404, "NOT_FOUND")
                assert reply.json["message"] == f"there are no accumulators in {asset} here"
        assert await pool(house) == {**await pool(house, "USD"), "pool": POOL}


async def test_what_is_no_asset() -> None:
    async with open_accumulators() as (house, _):
        for asset in ("", "a\nb", "x" * 65):
            for method, path in PATHS:
                query = f"?asset={quote(asset)}" if method == "GET" else ""
                body = None if method == "GET" else {"amount": "1", "asset": asset}
                reply = await house.call(method, path + query, body, by="root")
                assert error(reply) == (400, "MALFORMED")
                assert reply.json["message"] == "asset must be 1 to 64 printable characters"
        assert error(await house.call("GET", f"{ADMIN}?asset=USD&asset=USD", by="root")) == (400, "MALFORMED")
        assert (await pool(house))["pool"] == POOL


PATHS = [("GET", ADMIN), *(("POST", f"{ADMIN}/{step}") for step in ("fund", "return", "suspend", "resume"))]


async def test_only_administrators_may() -> None:
    async with open_accumulators() as (house, _):
        for method, path in PATHS:
            assert error(await house.call(method, path, {"amount": "1"})) == (401, "UNAUTHORIZED")
            assert error(await house.call(method, path, {"amount": "1"}, by="alice")) == (403, "FORBIDDEN")
        assert (await pool(house))["pool"] == POOL


# While the market can't tell


@pytest.mark.parametrize(
    ("found", "read"),
    [
        (Unknown("lost"), (503, "BUSY")),
        (Refused(Refusal.MARKET_HALTED, "out of service"), (409, "MARKET_HALTED")),
    ],
)
async def test_a_market_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, found: Any, read: tuple[int, str]
) -> None:
    """What was done before it was asked is not called undone."""
    ask = Address.ask

    async def fail(self: Address, command: Command[Any]) -> Any:
        if type(command).__name__ != "GetAccumulators":
            return await ask(self, command)
        if isinstance(found, Exception):
            raise found
        return found

    async with open_accumulators() as (house, _):
        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", fail)
            assert error(await house.call("GET", ADMIN, by="root")) == read
            assert error(await house.call("POST", f"{ADMIN}/suspend", {}, by="root")) == (504, "UNKNOWN")
            assert (await done(house, "POST", f"{ADMIN}/fund", {"amount": "1"}))["pool"] == str(int(POOL) + 1)
        assert (await pool(house))["status"] == "suspended"
