"""Registering, logging in and out over the API."""

import ipaddress
from typing import Any

import pytest
from msgspec.structs import replace

from tests.gateway.houses import PASSWORD, SETTINGS, House, error, open_house

pytestmark = pytest.mark.trio

PROXIES = (ipaddress.ip_network("192.0.2.0/24"),)  # the test's peer is one of them
AUTH = "/api/v1/auth"
ALICE = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}


async def test_from_registration_to_log_out() -> None:
    async with open_house() as house:
        reply = await house.call("POST", f"{AUTH}/register", ALICE)
        assert (reply.status, reply.json) == (201, {"id": 1, "username": "alice", "role": "user"})
        reply = await house.call("POST", f"{AUTH}/login", {"username": "ALICE", "password": PASSWORD})
        assert reply.status == 200
        assert reply.json["expiresIn"] == 7 * 24 * 3600
        house.tokens["alice"] = reply.json["token"]
        me = await house.call("GET", f"{AUTH}/me", by="alice")
        assert me.status == 200
        assert set(me.json) == {"id", "username", "address", "role", "last_login"}
        assert (me.json["id"], me.json["username"], me.json["address"], me.json["role"]) == (1, "alice", None, "user")
        assert me.json["last_login"] > 0
        reply = await house.call("POST", f"{AUTH}/logout", by="alice")
        assert (reply.status, reply.body) == (204, b"")
        reply = await house.call("GET", f"{AUTH}/me", by="alice")
        assert error(reply) == (401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "changed",
    [
        {"username": "al"},
        {"username": "a" * 33},
        {"username": "al ice"},
        {"username": "alícia"},
        {"username": "alice\n"},
        {"email": "alice"},
        {"email": "alice@localhost"},
        {"email": "a@b.c\u0000"},
        {"password": "seven77"},
        {"password": "x" * 257},
        {"password": "12345678\u0000"},
        {"password": 12345678},
        {"email": None},
    ],
)
async def test_what_nobody_can_be_called(changed: dict[str, Any]) -> None:
    async with open_house() as house:
        reply = await house.call("POST", f"{AUTH}/register", {**ALICE, **changed})
        assert error(reply) == (400, "MALFORMED")
        assert reply.json["message"].startswith(next(iter(changed)))


async def test_a_name_is_taken_whatever_its_case() -> None:
    async with open_house() as house:
        await house.call("POST", f"{AUTH}/register", ALICE)
        reply = await house.call("POST", f"{AUTH}/register", {**ALICE, "username": "Alice"})
        assert error(reply) == (409, "CONFLICT")


async def test_a_wrong_password_and_a_wrong_name_sound_the_same() -> None:
    async with open_house() as house:
        await house.user("alice")
        replies = [
            await house.call("POST", f"{AUTH}/login", {"username": name, "password": "wrong"})
            for name in ("alice", "nobody", "two words", "\U0001f600")
        ]
        assert {(reply.status, reply.body) for reply in replies} == {(401, replies[0].body)}


async def fail(house: House, headers: list[tuple[bytes, bytes]]) -> int:
    """How many wrong passwords are heard before the first 429."""
    for count in range(20):
        reply = await house.call("POST", f"{AUTH}/login", {"username": "alice", "password": "wrong"}, headers=headers)
        if reply.status == 429:
            assert reply.code == "TOO_MANY_REQUESTS"
            assert int(reply.headers["retry-after"]) >= 1
            return count
    return 20


async def test_who_guesses_waits() -> None:
    async with open_house() as house:
        await house.user("alice")
        assert await fail(house, []) == 4
        reply = await house.call("POST", f"{AUTH}/login", {"username": "Alice", "password": PASSWORD})
        assert reply.status == 429  # the right password too: else guessing would go on at full speed


async def test_the_address_is_the_peer_s_unless_a_trusted_proxy_says_otherwise() -> None:
    """A header that anybody can write does not help who guesses."""
    async with open_house() as house:
        await house.user("alice")
        await fail(house, [])
        assert await fail(house, [(b"x-forwarded-for", b"203.0.113.9")]) == 0
    async with open_house(replace(SETTINGS, trusted_proxies=PROXIES)) as house:
        await house.user("alice")
        await fail(house, [(b"x-forwarded-for", b"203.0.113.8")])
        assert await fail(house, [(b"x-forwarded-for", b"203.0.113.9")]) == 4


async def test_loopback_does_not_wait_unless_told_to() -> None:
    loopback = [(b"x-forwarded-for", b"127.0.0.1")]
    async with open_house(replace(SETTINGS, trusted_proxies=PROXIES)) as house:
        await house.user("alice")
        assert await fail(house, loopback) == 20
    async with open_house(replace(SETTINGS, trusted_proxies=PROXIES, rate_limit_loopback=True)) as house:
        await house.user("alice")
        assert await fail(house, loopback) == 4


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic YTpi",
        b"Bearer x",
        b"Bearer \xff\xfe",
        b"Bearer " + b"a." * 3000,
        b"bearer a.b.c",
    ],
)
async def test_no_good_token_is_401(header: bytes) -> None:
    async with open_house() as house:
        reply = await house.call("GET", f"{AUTH}/me", headers=[(b"authorization", header)])
        assert error(reply) == (401, "UNAUTHORIZED")
