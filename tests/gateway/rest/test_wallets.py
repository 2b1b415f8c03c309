"""Logging in with a wallet over the API, and joining it with a password account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import msgspec
import pytest
from msgspec.structs import replace

from engine.ledger.records import AdminAction
from gateway.identity.caller import Role
from gateway.rate_limits import Rate
from storage.memory import MemoryStorage
from storage.postgres import open_postgres
from tests.gateway.houses import PASSWORD, SETTINGS, House, Reply, error, open_house
from tests.gateway.identity.desks import away, unreachable
from tests.gateway.wallets import ANNA, BEN, Wallet

pytestmark = pytest.mark.trio

AUTH = "/api/v1/auth"
WEEK_S = 604_800
CREDENTIALS = {"username": "anna", "email": "anna@example.com", "password": PASSWORD}
SUSPEND = AdminAction(0, 9, "suspend", "test", "{}", 0)


async def nonce_for(house: House, address: str) -> str:
    reply = await house.call("GET", f"{AUTH}/nonce?address={address}")
    assert reply.status == 200, reply.body
    assert set(reply.json) == {"nonce", "expiresIn"}
    assert reply.json["expiresIn"] == 300
    nonce: str = reply.json["nonce"]
    return nonce


async def prove(house: House, wallet: Wallet) -> dict[str, Any]:
    proof: dict[str, Any] = msgspec.to_builtins(wallet.proof(await nonce_for(house, wallet.address)))
    return proof


async def log_in(house: House, wallet: Wallet, name: str = "anna") -> Reply:
    """Log in, and have the token under a name."""
    reply = await house.call("POST", f"{AUTH}/verify-sig", await prove(house, wallet))
    if reply.status == 200:
        house.tokens[name] = reply.json["token"]
    return reply


async def me(house: House, name: str = "anna") -> Any:
    reply = await house.call("GET", f"{AUTH}/me", by=name)
    assert reply.status == 200, reply.body
    return reply.json


# Logging in


async def test_from_a_nonce_to_a_log_out() -> None:
    async with open_house() as house:
        reply = await log_in(house, ANNA)
        assert reply.json == {
            "token": house.tokens["anna"],
            "expiresIn": WEEK_S,
            "user": {"id": 1, "address": ANNA.address, "role": "user"},
        }
        claims = jwt.decode(reply.json["token"], options={"verify_signature": False})
        assert (claims["sub"], claims["roles"], claims["exp"] - claims["iat"]) == ("1", ["user"], WEEK_S)
        shown = await me(house)
        assert shown.pop("last_login") > 0
        assert shown == {"id": 1, "username": None, "address": ANNA.address, "role": "user"}
        assert (await house.call("POST", f"{AUTH}/logout", by="anna")).status == 204
        assert error(await house.call("GET", f"{AUTH}/me", by="anna")) == (401, "UNAUTHORIZED")
        assert (await log_in(house, ANNA)).json["user"]["id"] == 1
        assert (await log_in(house, BEN)).json["user"] == {"id": 2, "address": BEN.address, "role": "user"}


async def test_a_wallet_trades_as_any_user() -> None:
    async with open_house() as house:
        await log_in(house, ANNA)
        deposit = {"transId": "1", "symbol": "USDT", "amount": "5"}
        assert (await house.call("POST", "/api/v1/account/deposit", deposit, by="anna")).status == 200
        order = {"symbol": "BTC_USDT", "side": "buy", "type": "limit", "price": "1", "quantity": "1"}
        assert (await house.call("POST", "/api/v1/orders", order, by="anna")).status == 201
        await house.user("root", Role.ADMIN)
        listed = await house.call("GET", "/api/v1/admin/orders", by="root")
        assert listed.json[0]["username"] == ANNA.address
        account = (await house.call("GET", "/api/v1/admin/accounts/1", by="root")).json
        assert (account["username"], account["address"], account["email"]) == (None, ANNA.address, None)
        reply = await house.call("POST", "/api/v1/admin/users/1/role", {"role": "admin"}, by="root")
        assert (reply.json["username"], reply.json["address"], reply.json["role"]) == (None, ANNA.address, "admin")
        reply = await house.call("POST", "/api/v1/admin/accounts/2/suspend", by="anna")
        assert reply.json["address"] is None
        audit = (await house.call("GET", "/api/v1/admin/audit", by="anna")).json
        assert [row["admin"] for row in audit[:2]] == [ANNA.address, "root"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?address=",
        "?address=alice",
        "?address=0x",
        f"?address=0x{'g' * 40}",
        f"?address={ANNA.address[2:]}",
        f"?address={ANNA.address}0",
        f"?address=0x{ANNA.address[2:].swapcase()}",
        f"?address={ANNA.address}&address={ANNA.address}",
    ],
)
async def test_a_nonce_is_for_an_address(query: str) -> None:
    async with open_house() as house:
        assert error(await house.call("GET", f"{AUTH}/nonce{query}")) == (400, "MALFORMED")


@pytest.mark.parametrize(
    "changed",
    [
        {"address": None},
        {"address": "anna"},
        {"address": ANNA.address.replace("E", "e", 1)},
        {"message": "Login to KMarket"},
        {"message": "Login to KMarket: nonce=1"},
        {"message": "Login to KMarket: nonce=123e4567-e89b-42d3-a456-426614174000\n"},
        {"signature": "0x"},
        {"signature": "0x" + "0" * 130},
        {"signature": "0x" + "f" * 130},
        {"signature": "0x" + "1" * 128},
        {"signature": "0x" + "1" * 132},
        {"signature": "0x" + "1" * 128 + "02"},
        {"signature": 7},
    ],
)
async def test_what_can_not_be_a_proof_is_malformed_and_uses_nothing_up(changed: dict[str, Any]) -> None:
    async with open_house() as house:
        proof = await prove(house, ANNA)
        reply = await house.call("POST", f"{AUTH}/verify-sig", {**proof, **changed})
        assert error(reply) == (400, "MALFORMED")
        assert next(iter(changed)) in reply.json["message"]
        assert (await house.call("POST", f"{AUTH}/verify-sig", proof)).status == 200


async def test_every_field_of_a_proof_is_needed() -> None:
    async with open_house() as house:
        proof = await prove(house, ANNA)
        for missing in proof:
            rest = {name: value for name, value in proof.items() if name != missing}
            assert error(await house.call("POST", f"{AUTH}/verify-sig", rest)) == (400, "MALFORMED")


async def test_a_replay_is_401() -> None:
    async with open_house() as house:
        proof = await prove(house, ANNA)
        statuses = [(await house.call("POST", f"{AUTH}/verify-sig", proof)).status for _ in range(3)]
        assert statuses == [200, 401, 401]
        reply = await house.call("POST", f"{AUTH}/verify-sig", proof)
        assert error(reply) == (401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"] == "Bearer"


async def test_another_key_or_another_message_is_401_and_the_owner_gets_in() -> None:
    async with open_house() as house:
        proof, other = await prove(house, ANNA), await prove(house, ANNA)
        for wrong in (
            {"signature": BEN.sign(proof["message"])},
            {"signature": other["signature"]},
            {"message": other["message"]},
            {"address": BEN.address},
            {"signature": ANNA.sign("Login to KMarket: nonce=")},
        ):
            assert error(await house.call("POST", f"{AUTH}/verify-sig", {**proof, **wrong})) == (401, "UNAUTHORIZED")
        for right in (proof, other):
            assert (await house.call("POST", f"{AUTH}/verify-sig", right)).status == 200
        assert len(house.gateway.sessions) == 1


async def test_a_nonce_of_somebody_else_is_401() -> None:
    async with open_house() as house:
        proof = msgspec.to_builtins(ANNA.proof(await nonce_for(house, BEN.address)))
        assert error(await house.call("POST", f"{AUTH}/verify-sig", proof)) == (401, "UNAUTHORIZED")


async def test_the_suspended_are_403() -> None:
    async with open_house() as house:
        await log_in(house, ANNA)
        await house.gateway.sessions.suspend(1, SUSPEND)
        assert error(await log_in(house, ANNA)) == (403, "ACCOUNT_SUSPENDED")
        assert error(await house.call("GET", f"{AUTH}/me", by="anna")) == (403, "ACCOUNT_SUSPENDED")


# Joining


async def test_a_wallet_s_user_adds_a_password() -> None:
    async with open_house() as house:
        await log_in(house, ANNA)
        reply = await house.call("POST", f"{AUTH}/password", CREDENTIALS, by="anna")
        assert reply.status == 200
        assert reply.json == await me(house)
        assert (reply.json["id"], reply.json["username"], reply.json["address"]) == (1, "anna", ANNA.address)
        login = await house.call("POST", f"{AUTH}/login", {"username": "Anna", "password": PASSWORD})
        house.tokens["by password"] = login.json["token"]
        assert (await me(house, "by password"))["id"] == 1


async def test_a_password_s_user_adds_a_wallet() -> None:
    async with open_house() as house:
        await house.user("anna")
        proof = await prove(house, ANNA)
        reply = await house.call("POST", f"{AUTH}/wallet", proof, by="anna")
        assert (reply.status, reply.json) == (200, await me(house))
        assert (reply.json["username"], reply.json["address"]) == ("anna", ANNA.address)
        assert error(await house.call("POST", f"{AUTH}/wallet", proof, by="anna")) == (401, "UNAUTHORIZED")
        again = await house.call("POST", f"{AUTH}/wallet", await prove(house, ANNA), by="anna")
        assert (again.status, again.json) == (200, reply.json)
        assert (await log_in(house, ANNA, "by wallet")).json["user"]["id"] == reply.json["id"]


async def test_what_can_not_be_joined_is_409_in_helpful_words() -> None:
    async with open_house() as house:
        await house.user("alice")
        await house.user("carol")
        await log_in(house, ANNA)
        for path, by, body, words in (
            ("wallet", "alice", await prove(house, ANNA), "log in with it"),
            ("password", "anna", {**CREDENTIALS, "username": "ALICE"}, "is taken"),
            ("password", "anna", {**CREDENTIALS, "username": "house"}, "choose another"),
            ("password", "alice", CREDENTIALS, "has a username and a password already"),
        ):
            reply = await house.call("POST", f"{AUTH}/{path}", body, by=by)
            assert error(reply) == (409, "CONFLICT")
            assert words in reply.json["message"]
        assert (await house.call("POST", f"{AUTH}/wallet", await prove(house, BEN), by="alice")).status == 200
        assert (await house.call("POST", f"{AUTH}/password", CREDENTIALS, by="anna")).status == 200
        third = Wallet(3)
        reply = await house.call("POST", f"{AUTH}/wallet", await prove(house, third), by="alice")
        assert error(reply) == (409, "CONFLICT")
        assert BEN.address in reply.json["message"]
        reply = await house.call("POST", f"{AUTH}/password", {**CREDENTIALS, "username": "ann"}, by="anna")
        assert error(reply) == (409, "CONFLICT")
        reply = await house.call("POST", f"{AUTH}/wallet", await prove(house, BEN), by="carol")
        assert error(reply) == (409, "CONFLICT")


async def test_joining_takes_a_good_proof() -> None:
    async with open_house() as house:
        await house.user("alice")
        proof = await prove(house, ANNA)
        for wrong, expected in (
            ({"signature": BEN.sign(proof["message"])}, (401, "UNAUTHORIZED")),
            ({"signature": proof["signature"][:-2] + "02"}, (400, "MALFORMED")),
            ({"message": "Login to KMarket"}, (400, "MALFORMED")),
            ({"address": ANNA.address.replace("E", "e", 1)}, (400, "MALFORMED")),
        ):
            assert error(await house.call("POST", f"{AUTH}/wallet", {**proof, **wrong}, by="alice")) == expected
        assert (await house.call("POST", f"{AUTH}/wallet", proof, by="alice")).status == 200


@pytest.mark.parametrize("changed", [{"username": "a"}, {"email": "anna"}, {"password": "short"}, {"password": None}])
async def test_a_password_is_added_by_the_rules_of_registering(changed: dict[str, Any]) -> None:
    async with open_house() as house:
        await log_in(house, ANNA)
        reply = await house.call("POST", f"{AUTH}/password", {**CREDENTIALS, **changed}, by="anna")
        assert error(reply) == (400, "MALFORMED")


async def both_ways(house: House) -> list[tuple[int, Any, Any]]:
    await log_in(house, ANNA, "by wallet")
    await house.log_in("anna")
    users = [await me(house, name) for name in ("by wallet", "anna")]
    return [(user["id"], user["username"], user["address"]) for user in users]


@pytest.mark.parametrize("kind", ["memory", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_a_restart_does_not_part_what_was_joined(kind: str, request: pytest.FixtureRequest) -> None:
    memory = MemoryStorage()

    @asynccontextmanager
    async def started() -> AsyncIterator[House]:
        """A house on the same tables each time."""
        if kind == "memory":
            async with open_house(storage=memory) as house:
                yield house
        else:
            dsn = request.getfixturevalue("postgres_dsn")
            async with open_postgres(dsn) as storage, open_house(storage=storage) as house:
                yield house

    async with started() as house:
        await log_in(house, ANNA)
        assert (await house.call("POST", f"{AUTH}/password", CREDENTIALS, by="anna")).status == 200
        before = await both_ways(house)
        assert before == [(1, "anna", ANNA.address)] * 2
    async with started() as house:
        assert await both_ways(house) == before


# Tokens that are not ours


def forged(token: str) -> dict[str, str]:
    """Tokens that say the same as a good one, and are none."""
    claims = jwt.decode(token, options={"verify_signature": False})
    secret = SETTINGS.jwt_secret or ""
    return {
        "another secret": jwt.encode(claims, "x" * 40, "HS256"),
        "no algorithm": jwt.encode(claims, None, "none"),
        "another algorithm": jwt.encode(claims, secret * 2, "HS512"),
        "another audience": jwt.encode({**claims, "aud": "elsewhere"}, secret, "HS256"),
        "another issuer": jwt.encode({**claims, "iss": "elsewhere"}, secret, "HS256"),
        "expired": jwt.encode({**claims, "exp": claims["iat"] - 1}, secret, "HS256"),
        "an id that was not changed with the rest": f"{token.rpartition('.')[0]}.{'A' * 43}",
        "nobody": "",
    }


TOKEN_ROUTES = [
    ("GET", f"{AUTH}/me"),
    ("POST", f"{AUTH}/logout"),
    ("POST", f"{AUTH}/wallet"),
    ("POST", f"{AUTH}/password"),
    ("GET", "/api/v1/session/me"),
    ("GET", "/api/v1/ws/token"),
    ("POST", "/api/v1/ws/token"),
]


@pytest.mark.parametrize("who", ["wallet", "guest"])
async def test_forged_tokens_are_401_wherever_a_token_is_needed(who: str) -> None:
    async with open_house() as house:
        if who == "wallet":
            await log_in(house, ANNA, "good")
        else:
            house.tokens["good"] = (await house.call("POST", "/api/v1/session")).json["token"]
        for kind, token in forged(house.tokens["good"]).items():
            house.tokens["forged"] = token
            for method, path in TOKEN_ROUTES:
                reply = await house.call(method, path, CREDENTIALS, by="forged")
                assert error(reply) == (401, "UNAUTHORIZED"), (kind, method, path)
        assert (await house.call("GET", "/api/v1/session/me", by="good")).status == 200


async def test_a_database_that_is_away_lets_in_whom_it_has_shown_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await log_in(house, ANNA)
        for name in ("create_wallet_user", "user_by_address", "record_login"):
            monkeypatch.setattr(house.exchange.storage.identity, name, away)
        assert (await log_in(house, ANNA)).status == 200
        assert error(await log_in(house, BEN)) == (504, "UNKNOWN")


async def test_wallets_count_against_their_limit() -> None:
    """All of them are of one class; who asks for the health of sockets is not counted."""
    async with open_house(replace(SETTINGS, rate_limit_wallet=Rate(1, 3))) as house:
        statuses = [(await house.call("GET", f"{AUTH}/nonce?address={ANNA.address}")).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await house.call("GET", "/api/v1/ws/health")).status == 200


async def test_while_the_cache_is_away_no_nonce_is_given_or_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.user("ben")
        proof = await prove(house, ANNA)
        with monkeypatch.context() as patch:
            for name in ("get", "put", "take", "remove"):
                patch.setattr(house.exchange.cache, name, unreachable)
            for reply in (
                await house.call("GET", f"{AUTH}/nonce?address={ANNA.address}"),
                await house.call("POST", f"{AUTH}/verify-sig", proof),
                await house.call("POST", f"{AUTH}/wallet", proof, by="ben"),
            ):
                assert (error(reply), reply.headers["retry-after"]) == ((503, "BUSY"), "1")
        assert len(house.gateway.sessions) == 1
        assert (await house.call("POST", f"{AUTH}/verify-sig", proof)).status == 200
