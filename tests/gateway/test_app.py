"""The whole application: paths that are nobody's, and what stands behind the REST API."""

from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.rest.quart_routes import make_quart
from tests.gateway.houses import error, open_house, request

TARGETS = [
    b"/",
    b"//",
    b"/%00",
    b"/%FF%FE",
    b"/../../etc/passwd",
    b"/static/../x",
    b"/" + b"a" * 10_000,
    b"/a/" * 1_000,
    b"/?" + b"q=1&" * 1_000,
    b"/a%2Fb?x=%FF",
    b"/static/x.js",
    b"*",
    b"http://elsewhere/nowhere",
]


@pytest.mark.trio
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_paths_that_are_nobody_s(method: str) -> None:
    """Never HTML, never a redirect, never 500."""
    async with open_house() as house:
        for target in TARGETS:
            status, code = error(await house.call(method, target, b"{}"))
            assert (status, code) in ((404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"), (400, "MALFORMED")), target


@pytest.mark.trio
async def test_headers_that_nobody_sends() -> None:
    async with open_house() as house:
        headers = [
            (b"content-type", b"\xff\xfe; charset=\xff"),
            (b"cookie", b"=;=;\xff"),
            (b"accept", b"x" * 8_000),
            (b"content-length", b"-1"),
            (b"range", b"bytes=9-1"),
            (b"x-forwarded-for", b"'; drop table users"),
        ]
        for target in ("/nowhere", "/api/v1/symbols"):
            reply = await house.call("GET", target, headers=headers)
            assert reply.status in (200, 400, 404, 413)
            assert reply.headers["content-type"] == "application/json"


@pytest.mark.trio
async def test_a_defect_behind_the_api_is_500_in_our_shape() -> None:
    quart = make_quart()

    @quart.get("/broken")
    async def broken() -> str:
        raise RuntimeError("secret")

    reply = await request(quart, "GET", "/broken")
    assert error(reply) == (500, "INTERNAL_ERROR")
    assert b"secret" not in reply.body


@pytest.mark.trio
async def test_applications_of_one_process_share_their_paths_and_nothing_else() -> None:
    async with open_house() as ours, open_house() as theirs:
        await ours.user("alice", USDT="1000")
        await theirs.user("alice", USDT="7")
        for house, balance in ((ours, "1000"), (theirs, "7"), (ours, "1000")):
            reply = await house.call("GET", "/api/v1/account/balances", by="alice")
            assert [row["total"] for row in reply.json if row["symbol"] == "USDT"] == [balance]


@pytest.mark.trio
async def test_what_is_added_to_an_application_without_routes_is_its_own() -> None:
    one, another = make_quart(), make_quart()

    @one.get("/here")
    async def here() -> str:
        return "here"

    assert (await request(one, "GET", "/here")).status == 200
    assert error(await request(another, "GET", "/here")) == (404, "NOT_FOUND")


@pytest.mark.trio
async def test_starting_and_stopping_are_quart_s() -> None:
    async with open_house() as house:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[str] = []

        async def receive() -> dict[str, Any]:
            await trio.lowlevel.checkpoint()
            return messages.pop(0)

        async def send(message: dict[str, Any]) -> None:
            await trio.lowlevel.checkpoint()
            sent.append(message["type"])

        await house.app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_no_path_is_ever_a_500() -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["GET", "POST", "DELETE", "HEAD"]), st.binary(max_size=40)),
            min_size=1,
            max_size=10,
        )
    )
    def run(asked: list[tuple[str, bytes]]) -> None:
        trio.run(ask_all, asked)

    run()


async def ask_all(asked: list[tuple[str, bytes]]) -> None:
    async with open_house() as house:
        await house.user("alice")
        for method, rest in asked:
            for prefix in (b"/", b"/api/v1/orders/", b"/api/v1/orders?", b"/api/v1/symbols/"):
                reply = await house.call(method, prefix + rest, by="alice")
                assert reply.status < 500, (method, prefix + rest)
