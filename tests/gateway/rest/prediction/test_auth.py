"""The two shapes of one user store: what is registered on /api logs in on /api/v1, and back."""

import pytest

from tests.gateway.houses import PASSWORD, error, open_house

pytestmark = pytest.mark.trio

ALICE = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}


async def test_registration_is_200_here() -> None:
    async with open_house() as house:
        reply = await house.call("POST", "/api/auth/register", ALICE)
        assert (reply.status, reply.json) == (200, {"id": 1, "username": "alice", "role": "user"})
        assert error(await house.call("POST", "/api/auth/register", ALICE)) == (400, "CONFLICT")
        assert error(await house.call("POST", "/api/v1/auth/register", ALICE)) == (409, "CONFLICT")


async def test_one_token_is_good_for_both_paths() -> None:
    async with open_house() as house:
        await house.call("POST", "/api/auth/register", ALICE)
        for path, both in (("/api/auth/login", "/api/v1/auth/me"), ("/api/v1/auth/login", "/api/orders/active")):
            reply = await house.call("POST", path, {"username": "alice", "password": PASSWORD})
            assert (reply.status, set(reply.json)) == (200, {"token", "expiresIn"})
            assert " " not in reply.json["token"]
            house.tokens["alice"] = reply.json["token"]
            assert (await house.call("GET", both, by="alice")).status == 200


async def test_who_is_not_let_in() -> None:
    async with open_house() as house:
        await house.user("alice")
        root = {"username": "alice", "password": "wrong"}
        reply = await house.call("POST", "/api/auth/login", root)
        assert error(reply) == (401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"] == "Bearer"
        assert error(await house.call("POST", "/api/auth/login", {"username": "alice"})) == (400, "MALFORMED")
        assert error(await house.call("POST", "/api/auth/register", {**ALICE, "email": 7})) == (400, "MALFORMED")
