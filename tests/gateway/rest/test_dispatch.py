"""From bytes to a handler and back: methods, tokens, bodies, deadlines."""

import re
from typing import Any

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from gateway.answers import Rejected
from gateway.identity.caller import Role
from gateway.rest import routes
from gateway.rest.dispatch import ClientGone
from gateway.rest.fast_lane import read_body
from tests.gateway.houses import SETTINGS, House, error, open_house

pytestmark = pytest.mark.trio

ORDERS = b"/api/v1/orders"
DEPOSIT = "/api/v1/account/deposit"


async def test_a_wrong_method_is_405_and_says_which_are_right() -> None:
    async with open_house() as house:
        reply = await house.call("PUT", "/api/v1/orders")
        assert error(reply) == (405, "METHOD_NOT_ALLOWED")
        assert reply.headers["allow"] == "DELETE, GET, POST"


async def test_head_is_get() -> None:
    async with open_house() as house:
        assert (await house.call("HEAD", "/api/v1/symbols")).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/api/v1", "/api/v1/symbols/", "/api/v3/order", "/api/pnl", "/health"]
)
async def test_unknown_paths_are_404_in_our_shape(path: str) -> None:
    async with open_house() as house:
        for method in ("GET", "POST", "PATCH"):
            status, code = error(await house.call(method, path, {}))
            assert (status, code) in ((404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"))


async def test_a_body_that_is_too_large_is_413() -> None:
    async with open_house() as house:
        await house.user("alice")
        padding = b" " * (64 * 1024)
        assert error(await house.call("POST", DEPOSIT, padding + b"{}", by="alice")) == (413, "TOO_LARGE")
        assert error(await house.call("POST", DEPOSIT, padding[2:] + b"{}", by="alice")) == (400, "MALFORMED")


async def test_any_content_type_will_do() -> None:
    """curl -d says application/x-www-form-urlencoded; what counts is that the body is JSON."""
    async with open_house() as house:
        await house.user("alice")
        body = b'{"transId":"1","symbol":"USDT","amount":"1"}'
        headers = [(b"content-type", b"application/x-www-form-urlencoded")]
        assert (await house.call("POST", DEPOSIT, body, by="alice", headers=headers)).status == 200


async def test_a_body_that_does_not_come_is_408() -> None:
    async with open_house(replace(SETTINGS, request_deadline_s=0.01)) as house:
        scope = {"type": "http", "method": "POST", "raw_path": ORDERS, "headers": [], "query_string": b""}
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            await trio.lowlevel.checkpoint()

        await house.app(scope, trio.sleep_forever, send)
        assert sent[0]["status"] == 408


async def test_a_client_that_goes_in_its_body_is_not_answered() -> None:
    async with open_house() as house:
        scope = {"type": "http", "method": "POST", "raw_path": ORDERS, "headers": [], "query_string": b""}

        async def gone() -> dict[str, Any]:
            await trio.lowlevel.checkpoint()
            return {"type": "http.disconnect"}

        async def send(_: object) -> None:
            raise AssertionError

        await house.app(scope, gone, send)


async def test_chunks_are_counted_together() -> None:
    chunks = [{"type": "http.request", "body": b"x" * 1024, "more_body": True}] * 65

    async def receive() -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return chunks.pop()

    with pytest.raises(Rejected, match="TOO_LARGE"):
        await read_body(receive)
    assert not chunks
    with pytest.raises(ClientGone):
        await read_body(receive_disconnect)


async def receive_disconnect() -> dict[str, Any]:
    await trio.lowlevel.checkpoint()
    return {"type": "http.disconnect"}


async def test_a_defect_is_500_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client hears a code; the log has the place, and nothing that the client has sent."""
    async with open_house() as house:
        await house.user("alice")

        def defect(token: str, _: str) -> Any:
            raise RuntimeError(token)

        monkeypatch.setattr(house.gateway.sessions, "authenticate", defect)
        reply = await house.call("GET", "/api/v1/account/balances", by="alice")
        assert error(reply) == (500, "INTERNAL_ERROR")
        assert house.tokens["alice"] not in reply.body.decode()
        assert b"Traceback" not in reply.body
        written = capsys.readouterr().out
        assert "RuntimeError" in written
        assert house.tokens["alice"] not in written


async def status_for(house: House, route: routes.Route, name: str) -> int:
    path = re.sub(r"{\w+}", "99", route.path.replace("{symbol}", "BTC_USDT"))
    return (await house.call(route.method, path, {}, by=name)).status


# The routes that are closed to a user with such a token, but open to others. For guests see test_sessions.
CLOSED = {
    Role.USER: {routes.Access.MARKET_MAKER, routes.Access.ADMIN},
    Role.MARKET_MAKER: {routes.Access.ADMIN},
    Role.ADMIN: set(),
}


@pytest.mark.parametrize("role", CLOSED)
async def test_who_may_call_what(role: Role) -> None:
    """A visitor gets 401 wherever a token is needed, a user 403 wherever a market maker or an administrator is."""
    async with open_house() as house:
        await house.user("alice", role)
        for route in routes.ROUTES:
            if route.handler.__name__ == "log_out":
                continue
            status = await status_for(house, route, "alice")
            assert (status == 403) == (route.access in CLOSED[role]), route.path
            assert status != 401 or route.handler.__name__ == "log_in", route.path
        house.tokens["alice"] = "x.y.z"
        for route in routes.ROUTES:
            status = await status_for(house, route, "alice")
            assert (status == 401) == (route.access is not routes.Access.ANYONE), route.path
