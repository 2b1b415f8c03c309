"""What administrators do, and the trace that it leaves."""

from typing import Any

import pytest
import trio
import trio.testing

from gateway.context import Caller
from gateway.identity.caller import Role
from storage.interface import DatabaseAway
from tests.gateway.houses import House, error, open_house

pytestmark = pytest.mark.trio

ADMIN = "/api/v1/admin"
LIMIT = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "100", "quantity": "1"}

WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/symbols", {"symbol": "USDT_USD", "tick": "0.0001", "lot": "1"}),
    ("POST", "/symbols/BTC_USDT/halt", None),
    ("POST", "/symbols/BTC_USDT/resume", None),
    ("DELETE", "/orders/1", None),
    ("POST", "/users/1/role", {"role": "market_maker"}),
    ("POST", "/accounts/1/suspend", None),
    ("POST", "/accounts/1/restore", {"reason": "was a mistake"}),
    ("POST", "/house/fund", {"transId": "f1", "symbol": "USD", "amount": "5"}),
]


async def audit(house: House) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await house.call("GET", f"{ADMIN}/audit", by="root")).json
    return rows


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_it_is_for_administrators(method: str, path: str, body: Any) -> None:
    async with open_house() as house:
        await house.user("alice")
        await house.user("maker", Role.MARKET_MAKER)
        await house.user("root", Role.ADMIN)
        assert error(await house.call(method, ADMIN + path, body)) == (401, "UNAUTHORIZED")
        for name in ("alice", "maker"):
            assert error(await house.call(method, ADMIN + path, body, by=name)) == (403, "FORBIDDEN")
        assert await audit(house) == []


async def test_every_write_leaves_a_row() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        root = await house.user("root", Role.ADMIN)
        await house.call("POST", "/api/v1/orders", LIMIT, by="alice")
        for method, path, body in WRITES:
            before = len(await audit(house))
            reply = await house.call(method, ADMIN + path, body, by="root")
            assert reply.status in (200, 201, 404), reply.body
            rows = await audit(house)
            assert len(rows) == before + (2 if reply.status == 404 else 1)
            assert (rows[0]["adminId"], rows[0]["admin"]) == (root.user_id, "root")
            assert rows[0]["details"] is not None
        assert [row["action"] for row in rows[::-1]] == [
            "create_symbol",
            "halt_symbol",
            "resume_symbol",
            "cancel_order",
            "cancel_order_refused",
            "set_role",
            "suspend",
            "restore",
            "fund_house",
        ]
        assert rows[1]["details"] == {"id": "1", "reason": "was a mistake"}
        older = await house.call("GET", f"{ADMIN}/audit?before={rows[0]['id']}&limit=1", by="root")
        assert older.json == [rows[1]]


async def test_without_the_row_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.user("root", Role.ADMIN)

        async def away(_: object) -> None:
            raise DatabaseAway("gone")

        with monkeypatch.context() as patch:
            patch.setattr(house.exchange.storage.identity, "write_admin_action", away)
            reply = await house.call("POST", f"{ADMIN}/symbols/BTC_USDT/halt", by="root")
            assert error(reply) == (503, "DATABASE_AWAY")
            assert "retry-after" in reply.headers
        assert (await house.call("GET", "/api/v1/symbols/BTC_USDT")).json["state"] == "open"


async def test_a_new_symbol_trades_at_once() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("root", Role.ADMIN)
        terms = {"symbol": "USDT_USD", "tick": "0.0001", "lot": "1", "makerFee": "0", "takerFee": "0.002"}
        reply = await house.call("POST", f"{ADMIN}/symbols", terms, by="root")
        assert (reply.status, reply.json["takerFee"], reply.json["state"]) == (201, "0.002", "open")
        assert error(await house.call("POST", f"{ADMIN}/symbols", terms, by="root")) == (409, "CONFLICT")
        order = {"symbol": "USDT_USD", "side": "sell", "type": "limit", "price": "1.01", "quantity": "5"}
        assert (await house.call("POST", "/api/v1/orders", order, by="alice")).status == 201


@pytest.mark.parametrize(
    "changed",
    [
        {"symbol": "BTC"},
        {"symbol": "BTC_BTC"},
        {"symbol": "BTC_EUR"},
        {"tick": "0"},
        {"tick": "0.00001"},
        {"lot": "0.0001"},
        {"makerFee": "1"},
        {"takerFee": "0.000000001"},
        {"priceBand": "0"},
        {"priceBand": "1"},
        {"minimumNotional": "-1"},
        {"tick": 0.01},
    ],
)
async def test_terms_that_can_t_be(changed: dict[str, Any]) -> None:
    async with open_house() as house:
        await house.user("root", Role.ADMIN)
        terms = {"symbol": "USDT_USD", "tick": "0.0001", "lot": "1", **changed}
        assert error(await house.call("POST", f"{ADMIN}/symbols", terms, by="root")) == (400, "MALFORMED")


async def test_a_halted_symbol_takes_cancels_only() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("root", Role.ADMIN)
        order = (await house.call("POST", "/api/v1/orders", LIMIT, by="alice")).json["orderId"]
        reply = await house.call("POST", f"{ADMIN}/symbols/BTC_USDT/halt", {"reason": "a look"}, by="root")
        assert (reply.status, reply.json) == (200, {"symbol": "BTC_USDT", "state": "halted"})
        assert error(await house.call("POST", "/api/v1/orders", LIMIT, by="alice")) == (409, "MARKET_HALTED")
        assert (await house.call("DELETE", f"/api/v1/orders/{order}", by="alice")).status == 200
        reply = await house.call("POST", f"{ADMIN}/symbols/BTC_USDT/resume", by="root")
        assert reply.json == {"symbol": "BTC_USDT", "state": "open"}
        assert (await house.call("POST", "/api/v1/orders", LIMIT, by="alice")).status == 201
        for change in ("halt", "resume"):
            reply = await house.call("POST", f"{ADMIN}/symbols/BTC_EUR/{change}", by="root")
            assert error(reply) == (404, "NOT_FOUND")


async def test_an_administrator_cancels_anybody_s_order() -> None:
    async with open_house() as house:
        await house.user("alice", USDT="1000")
        await house.user("root", Role.ADMIN)
        order = (await house.call("POST", "/api/v1/orders", LIMIT, by="alice")).json["orderId"]
        for _ in range(2):
            reply = await house.call("DELETE", f"{ADMIN}/orders/{order}", by="root")
            assert (reply.status, reply.json["status"]) == (200, "cancelled")
        assert error(await house.call("DELETE", f"{ADMIN}/orders/99", by="root")) == (404, "NOT_FOUND")


async def test_a_role_counts_at_once_with_the_old_token() -> None:
    async with open_house() as house:
        alice = await house.user("alice")
        root = await house.user("root", Role.ADMIN)
        reply = await house.call("POST", f"{ADMIN}/users/{alice.user_id}/role", {"role": "admin"}, by="root")
        assert reply.json == {
            "id": alice.user_id,
            "username": "alice",
            "address": None,
            "role": "admin",
            "state": "active",
        }
        assert (await house.call("GET", f"{ADMIN}/actors", by="alice")).status == 200
        reply = await house.call("POST", f"{ADMIN}/users/{root.user_id}/role", {"role": "user"}, by="alice")
        assert reply.status == 200
        assert error(await house.call("GET", f"{ADMIN}/actors", by="root")) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/users/{own}/role", {"role": "user"}, 409, "CONFLICT"),
        ("/accounts/{own}/suspend", None, 409, "CONFLICT"),
        ("/users/99/role", {"role": "user"}, 404, "NOT_FOUND"),
        ("/accounts/99/suspend", None, 404, "NOT_FOUND"),
        ("/accounts/99/restore", None, 404, "NOT_FOUND"),
        ("/users/1/role", {"role": "king"}, 400, "MALFORMED"),
        ("/users/1/role", None, 400, "MALFORMED"),
        ("/users/1/role", [], 400, "MALFORMED"),
        ("/users/0/role", {"role": "user"}, 400, "MALFORMED"),
        ("/users/-3/role", {"role": "user"}, 400, "MALFORMED"),
        ("/users/9223372036854775808/role", {"role": "user"}, 400, "MALFORMED"),
        ("/users/9007199254740992/role", {"role": "user"}, 400, "MALFORMED"),
        ("/accounts/1/suspend", {"reason": "\u0000"}, 400, "MALFORMED"),
    ],
)
async def test_what_an_administrator_can_t_do(path: str, body: Any, status: int, code: str) -> None:
    """Not to oneself: so there is always an administrator left."""
    async with open_house() as house:
        await house.user("alice")
        root = await house.user("root", Role.ADMIN)
        reply = await house.call("POST", ADMIN + path.format(own=root.user_id), body, by="root")
        assert error(reply) == (status, code)


async def test_a_suspended_account_is_shut_and_its_orders_are_cancelled() -> None:
    async with open_house() as house:
        alice = await house.user("alice", USDT="1000")
        await house.user("root", Role.ADMIN)
        order = (await house.call("POST", "/api/v1/orders", LIMIT, by="alice")).json["orderId"]
        ended: list[str] = []

        async def socket(caller: Caller) -> None:
            ended.append(await house.gateway.sessions.ended(caller))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(socket, alice)
            await trio.testing.wait_all_tasks_blocked()
            reply = await house.call("POST", f"{ADMIN}/accounts/{alice.user_id}/suspend", by="root")
        assert ended == ["the account is suspended"]
        assert (reply.status, reply.json["state"]) == (200, "suspended")
        assert [(part["orderId"], part["status"]) for part in reply.json["cancelled"]] == [(order, "cancelled")]
        assert error(await house.call("GET", "/api/v1/account/balances", by="alice")) == (403, "ACCOUNT_SUSPENDED")
        login = {"username": "alice", "password": "correct horse"}
        assert error(await house.call("POST", "/api/v1/auth/login", login)) == (403, "ACCOUNT_SUSPENDED")

        reply = await house.call("POST", f"{ADMIN}/accounts/{alice.user_id}/restore", by="root")
        assert reply.json["state"] == "active"
        assert (await house.call("POST", "/api/v1/orders", LIMIT, by="alice")).status == 201


async def test_a_suspension_is_whole_though_its_asker_leaves() -> None:
    """The row and the actor: whoever asked may go after the first, the second is done all the same."""
    async with open_house() as house:
        alice = await house.user("alice", USDT="1000")
        await house.user("root", Role.ADMIN)
        await house.call("POST", "/api/v1/orders", LIMIT, by="alice")
        for turns in range(8):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: house.call("POST", f"{ADMIN}/accounts/{alice.user_id}/suspend", by="root"))
                for _ in range(turns):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            member = house.gateway.sessions.member(alice.user_id)
            assert member is not None
            open_orders = await house.exchange.storage.reader.open_orders()
            suspended = member.suspended
            assert suspended == (not open_orders)
        assert suspended


async def test_the_house_is_funded_once() -> None:
    async with open_house() as house:
        await house.user("root", Role.ADMIN)
        body = {"transId": "f1", "symbol": "USD", "amount": "12.5"}
        for _ in range(2):
            reply = await house.call("POST", f"{ADMIN}/house/fund", body, by="root")
            assert (reply.status, reply.json) == (200, {"status": "ok", "balance": "12.5"})
        account = (await house.call("GET", f"{ADMIN}/accounts/house", by="root")).json
        assert account["balances"] == [{"symbol": "USD", "total": "12.5", "available": "12.5", "frozen": "0"}]
