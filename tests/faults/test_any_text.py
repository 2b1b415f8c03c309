"""Nothing that a client sends can make the commit statement fail: field by field and at random, on real PostgreSQL.

A statement that fails for good ends the process; here it would end the test with ActorFailed.
"""

import json
from typing import Any

import pytest
import trio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.amounts import ISSUE_MAX, STEPS_MAX
from engine.ledger.movements import DEPOSIT_MAX
from gateway.identity.caller import Role
from storage.postgres import open_postgres
from storage.verify import verify
from tests.gateway.houses import House, open_house
from tests.storage.servers import Server

pytestmark = pytest.mark.slow

ALICE, BOB, ADMIN = "alice", "bob", "admin"

ODD_TEXTS = [
    "\U0010ffff" * 64,  # the longest in bytes
    "\uffff\ufffe\ufdd0",  # no characters, but code points
    "\ue000\U000f0000",  # private
    "e\u0301\u0327" * 21,  # combining
    "\u00e9",  # the same é, twice
    "e\u0301",
    "\u0130\u0131\u017f\u1e9e",  # whose lower case is longer, or another letter's
    "\u200b\u200d\ufeff\u00ad",  # nothing to see
    "\u0661\uff11",  # digits, but not ours
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    " ",
    " " * 64,
    "\u3000\u00a0",
    "\\u0000",  # six characters
    "\\",
    "\\x00\\n",
    '"',
    "'; drop table journal; --",
    "$1",
    "%s%n",
    "{}",
    "[null]",
    "null",
    "NULL",
    "\\N",
    "-0",
    "1e400",
    "../..",
    "a/b?c#d%00",
    "account:1",
    "first-start",
]

STEPS = [1, 2, STEPS_MAX - 1, STEPS_MAX]  # of a price or a quantity: ticks, lots
WHOLE = 10**10  # units of an asset with ten decimals
ISSUE = str(ISSUE_MAX // WHOLE)
RICH = str(DEPOSIT_MAX // WHOLE)  # as much as one deposit brings
EXTREME_AMOUNTS = [
    "0",
    "0.0000000001",
    "0.00000000010",
    "00000000000000000001.5",
    "9007199254740991",
    "9007199254740992.0000000001",
    "9223372036854775807",
    "18446744073709551616",
    "9" * 50,
    "9" * 49 + "." + "9" * 10,
    RICH,
    RICH + ".0000000001",
    ISSUE,
    "9" * 67 + "." + "9" * 10,
    "9" * 78,
]


def decimal(units: int, decimals: int) -> str:
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


PRICES = [decimal(ticks, 2) for ticks in STEPS]
QUANTITIES = [decimal(lots, 8) for lots in STEPS]


async def open_doors(house: House) -> None:
    """Let two customers and an administrator in, with a little money."""
    await house.user(ALICE, USDT="1000", BTC="10")
    await house.user(BOB, USDT="1000", BTC="10")
    await house.user(ADMIN, Role.ADMIN)


async def send(house: House, by: str, path: str, body: dict[str, Any]) -> int:
    """Send one request; whatever is in it, it is done or refused."""
    reply = await house.call("POST", f"/api/v1{path}", json.dumps(body).encode(), by=by)
    assert reply.status in {200, 201, 400, 404, 409, 422}, (path, body, reply.body)
    return reply.status


def order(**fields: Any) -> dict[str, Any]:
    return {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1", **fields}


def money(trans_id: str, amount: str, **fields: Any) -> dict[str, Any]:
    return {"transId": trans_id, "symbol": "USDT", "amount": amount, **fields}


# Field by field


@pytest.mark.trio
async def test_any_text_is_a_client_order_id(postgres_dsn: str) -> None:
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        await open_doors(house)
        for text in ODD_TEXTS:
            assert await send(house, ALICE, "/orders", order(clientOrderId=text)) == 201, text
            assert await send(house, ALICE, "/orders", order(clientOrderId=text)) == 200, text
            assert await send(house, BOB, "/orders", order(clientOrderId=text, side="sell", quantity="0.1")) == 201, (
                text
            )
        alice = house.gateway.sessions.member_by_name(ALICE)
        assert alice is not None
        for text in ODD_TEXTS:
            found = await storage.reader.order_by_client_id(alice.user_id, text)
            assert found is not None
            assert found.client_order_id == text


@pytest.mark.trio
async def test_any_text_is_a_trans_id(postgres_dsn: str) -> None:
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        await open_doors(house)
        await send(house, BOB, "/account/deposit", money("enough", "1000"))
        alice, bob = (house.gateway.sessions.member_by_name(name) for name in (ALICE, BOB))
        assert alice is not None
        assert bob is not None
        for text in ODD_TEXTS:
            for _ in range(2):
                assert await send(house, ALICE, "/account/deposit", money(text, "1")) == 200, text
                assert await send(house, BOB, "/account/transfer", money(text, "1", toUsername=ALICE)) == 200, text
                assert await send(house, ADMIN, "/account/deposit", money(text, "1")) == 200, text
            assert await send(house, ALICE, "/account/withdraw", money(text, "1")) == 409, text
            if text != "first-start":  # the house has used it itself
                assert await send(house, ADMIN, "/admin/house/fund", money(text, "1")) == 200, text
        for account_id in (alice.user_id, bob.user_id):
            for text in ODD_TEXTS:
                found = await storage.reader.transaction(account_id, text)
                assert found is not None
                assert found.trans_id == text


@pytest.mark.trio
async def test_any_amount_of_money(postgres_dsn: str) -> None:
    """Up to the largest deposit, and by the operator up to an asset's whole issue; above it refused."""
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        await open_doors(house)
        taken = 0
        for number, amount in enumerate(EXTREME_AMOUNTS):
            for symbol in ("ETH", "USD"):
                body = money(f"{number} {symbol}", amount, symbol=symbol, toUsername=BOB)
                if await send(house, ADMIN, "/account/deposit", body) == 200:
                    taken += 1
                    again = {**body, "transId": f"on {number} {symbol}"}
                    assert await send(house, ADMIN, "/account/transfer", again) == 200, amount
                    assert await send(house, BOB, "/account/withdraw", again) == 200, amount
        assert taken >= 15
        left = str(ISSUE_MAX // WHOLE - 20)  # ALICE and BOB have ten each
        assert await send(house, ADMIN, "/admin/house/fund", money("all", left, symbol="BTC")) == 200
        assert await send(house, ALICE, "/account/deposit", money("more", "0.0000000001", symbol="BTC")) == 422
        assert await send(house, ALICE, "/account/withdraw", money("less", "0.0000000001", symbol="BTC")) == 200


@pytest.mark.trio
async def test_any_price_and_quantity(postgres_dsn: str) -> None:
    """Up to 2**53 - 1 ticks and lots, traded against each other by who owns everything."""
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        for name in (ALICE, BOB):
            await house.user(name)
            for symbol in ("USDT", "BTC"):
                assert await send(house, name, "/account/deposit", money(f"all {symbol}", RICH, symbol=symbol)) == 200
        for price in PRICES:
            for quantity in QUANTITIES:
                sell = order(side="sell", price=price, quantity=quantity)
                assert await send(house, ALICE, "/orders", sell) == 201
                assert await send(house, BOB, "/orders", order(price=price, quantity=quantity)) == 201
        for quantity in QUANTITIES:
            await send(house, ALICE, "/orders", order(side="sell", price=PRICES[-1], quantity=QUANTITIES[-1]))
            market = {"symbol": "BTC_USDT", "side": "buy", "type": "market_by_qty", "quantity": quantity}
            assert await send(house, BOB, "/orders", market) == 201
        for amount in ("90071992547409.91", "0.0000000001", "900719.9254740991"):
            for side in ("buy", "sell"):
                market = {"symbol": "BTC_USDT", "side": side, "type": "market_by_amount", "amount": amount}
                assert await send(house, BOB, "/orders", market) in {201, 400, 422}
        trades = (await house.call("GET", "/api/v1/symbols/BTC_USDT/trades?limit=500")).json
        assert {trade["price"] for trade in trades} >= {"0.01", "90071992547409.91"}


@pytest.mark.trio
async def test_any_terms_of_a_symbol(postgres_dsn: str) -> None:
    """What an administrator can list, customers can trade."""
    names = ["BTC_ETH", "USDT_BTC", "USDT_ETH", "ETH_USD", "BTC_USD", "USDT_USD", "USD_BTC", "USD_ETH", "USD_USDT"]
    terms = [
        {"tick": "9" * 67, "lot": "9" * 67},
        {"tick": "0.0000000001", "lot": "1"},
        {"tick": "1" + "0" * 77, "lot": "1"},
        {"tick": "1", "lot": "0.0000000001", "minimumNotional": "9" * 67},
        {"tick": "0.01", "lot": "0.01", "makerFee": "0.99999999", "takerFee": "0.99999999"},
        {"tick": "1", "lot": "1", "priceBand": "0.00000001"},
        {"tick": "1", "lot": "1", "priceBand": "0.99999999"},
    ]
    async with open_postgres(postgres_dsn) as storage, open_house(storage=storage) as house:
        await open_doors(house)
        listed = 0
        for name in names:
            for term in terms:
                if await send(house, ADMIN, "/admin/symbols", {"symbol": name, **term}) == 201:
                    listed += 1
                    terms.remove(term)
                    break
            for price in ("1", "9" * 67, "0.01"):
                for side in ("buy", "sell"):
                    await send(house, ALICE, "/orders", order(symbol=name, side=side, price=price))
        assert listed >= 5


# At random

texts = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64)
    | st.text(st.characters(codec=None, exclude_categories=[]), max_size=65)  # the door stands before some of these
    | st.sampled_from([*ODD_TEXTS, "\0", "a\0", "\ud800", "\udfff\ud800", "\n", "x" * 65])
)
amounts = (
    st.sampled_from(EXTREME_AMOUNTS)
    | st.integers(0, 10**78 - 1).map(str)
    | st.integers(0, 10**20).map(lambda units: decimal(units, 10))
)
steps = st.integers(1, STEPS_MAX) | st.integers(STEPS_MAX, 10**30)  # the door stands before the latter
prices = st.sampled_from(PRICES) | steps.map(lambda ticks: decimal(ticks, 2))
quantities = st.sampled_from(QUANTITIES) | steps.map(lambda lots: decimal(lots, 8))

orders = st.fixed_dictionaries(
    {
        "symbol": st.just("BTC_USDT"),
        "side": st.sampled_from(["buy", "sell"]),
        "type": st.just("limit"),
        "price": prices,
        "quantity": quantities,
    },
    optional={
        "clientOrderId": texts,
        "timeInForce": st.sampled_from(["GTC", "IOC", "FOK"]),
        "postOnly": st.booleans(),
        "selfTradePrevention": st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both"]),
    },
)
market_orders = st.fixed_dictionaries(
    {"symbol": st.just("BTC_USDT"), "side": st.sampled_from(["buy", "sell"])},
    optional={"clientOrderId": texts},
).flatmap(
    lambda body: st.one_of(
        quantities.map(lambda quantity: {**body, "type": "market_by_qty", "quantity": quantity}),
        amounts.map(lambda amount: {**body, "type": "market_by_amount", "amount": amount}),
    )
)
movements = st.fixed_dictionaries(
    {"transId": texts, "symbol": st.sampled_from(["BTC", "USDT"]), "amount": amounts, "toUsername": st.just(BOB)}
)
requests = st.one_of(
    st.tuples(st.sampled_from([ALICE, BOB]), st.just("/orders"), orders | market_orders),
    st.tuples(
        st.sampled_from([ALICE, BOB]),
        st.sampled_from(["/account/deposit", "/account/withdraw", "/account/transfer"]),
        movements,
    ),
    st.tuples(st.just(ADMIN), st.just("/admin/house/fund"), movements),
)

Request = tuple[str, str, dict[str, Any]]


def test_any_requests_at_once(postgres_server: Server) -> None:
    """Customers who own nearly everything send them all at once, so that some share a commit, then all again."""

    # Not shrunk: an example is a whole database, and what it holds is short enough to read.
    @settings(max_examples=20, deadline=None, print_blob=True, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(st.lists(requests, min_size=10, max_size=40))
    def run(batch: list[Request]) -> None:
        with postgres_server.new_database() as dsn:
            trio.run(send_twice, dsn, batch)

    run()


async def send_twice(dsn: str, batch: list[Request]) -> None:
    async with open_postgres(dsn) as storage:
        async with open_house(storage=storage) as house:
            await open_doors(house)
            for name in (ALICE, BOB):
                for symbol in ("BTC", "USDT"):
                    assert (
                        await send(house, name, "/account/deposit", money(f"rich {symbol}", RICH, symbol=symbol)) == 200
                    )
            for _ in range(2):
                async with trio.open_nursery() as nursery:
                    for by, path, body in batch:
                        nursery.start_soon(send, house, by, path, body)
        assert (await verify(storage.reader)).differences == ()
