"""The handshake, and who is behind CONNECT."""

import pytest
import trio

from engine.ledger.records import AdminAction
from gateway.stomp.endpoint import choose
from tests.gateway.stomp.houses import House, open_house

pytestmark = pytest.mark.trio

FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."
SUSPEND = AdminAction(0, 2, "suspend", "1", "{}", 0)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["v12.stomp"], "v12.stomp"),
        (["v11.stomp"], "v11.stomp"),
        (["v10.stomp", "v11.stomp", "v12.stomp"], "v12.stomp"),
        (["v10.stomp"], None),
        (["mqtt", "V12.STOMP"], None),
    ],
)
async def test_the_best_subprotocol_that_is_offered_is_chosen(offered: list[str], chosen: str | None) -> None:
    assert choose(offered) == chosen
    headers = f"Sec-WebSocket-Protocol: {', '.join(offered)}\r\n".encode() if offered else b""
    async with open_house() as house, house.open(headers) as client:
        assert client.subprotocol == chosen
        assert (await client.ask("CONNECT", accept_version="1.2")).command == "CONNECTED"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_request_without_an_upgrade_is_426(method: str) -> None:
    async with open_house() as house, await trio.open_tcp_stream("127.0.0.1", house.port) as stream:
        for _ in range(2):
            await stream.send_all(f"{method} /ws/websocket HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head, _, body = (await stream.receive_some(65536)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 426")
            assert b"upgrade: websocket" in head.lower()
            assert (b"STOMP client" in body) is (method == "GET")


async def test_everything_else_is_somebody_elses() -> None:
    async with open_house() as house:
        for request, status in (
            (b"POST /ws/websocket HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"404"),
            (b"GET /ws/websocket/ HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
            (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        ):
            async with await trio.open_tcp_stream("127.0.0.1", house.port) as stream:
                await stream.send_all(request)
                assert (await stream.receive_some(65536))[9:12] == status


async def test_open_sockets_are_counted() -> None:
    async with open_house() as house:
        async with house.connect() as client, house.connect():
            await client.subscribe("/topic/prices/all", "sub-0")
            await client.subscribe("/topic/market/1/price", "sub-1")
            assert (house.gateway.metrics.sockets.connections, house.gateway.metrics.sockets.subscriptions) == (2, 2)
            assert b"rialto_sockets 2.0" in house.gateway.metrics.text()
        await house.empty()
        assert (house.gateway.metrics.sockets.connections, house.gateway.metrics.sockets.subscriptions) == (0, 0)
        assert b"rialto_sockets 0.0" in house.gateway.metrics.text()


async def test_each_session_has_a_name_of_its_own() -> None:
    async with open_house() as house, house.open() as one, house.open() as other:
        names = {(await client.ask("STOMP", accept_version="1.1")).headers["session"] for client in (one, other)}
        assert len(names) == 2


# Tokens


async def test_a_good_token_connects() -> None:
    async with open_house() as house, house.connect(Authorization=f"Bearer {await house.user('alice')}") as client:
        assert (await client.subscribe("/topic/market/1/price")).command == "MESSAGE"


@pytest.mark.parametrize(
    "authorization",
    ["", "nonsense", "Bearer", "Bearer ", "Bearer nonsense", f"Bearer {FORGED}", "Basic YTpi", "Bearer ä☃"],
)
async def test_a_bad_token_is_an_error_and_the_end(authorization: str) -> None:
    async with open_house() as house, house.open() as client:
        await client.say("CONNECT", accept_version="1.2", Authorization=authorization)
        assert await client.refused() == ("UNAUTHORIZED", 4401)


async def test_who_has_logged_out_or_is_suspended_does_not_connect() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        gone = await house.user("alice")
        await sessions.log_out(sessions.authenticate(gone))
        assert await refusal(house, gone) == ("UNAUTHORIZED", 4401)
        blocked = await house.log_in("alice")
        await sessions.suspend(1, SUSPEND)
        assert await refusal(house, blocked) == ("ACCOUNT_SUSPENDED", 4401)


async def refusal(house: House, token: str) -> tuple[str, int]:
    async with house.open() as client:
        await client.say("CONNECT", accept_version="1.2", Authorization=f"Bearer {token}")
        return await client.refused()


async def test_the_end_of_a_session_ends_its_socket_and_no_other() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        first, second = await house.user("alice"), await house.log_in("alice")
        async with (
            house.connect(Authorization=f"Bearer {first}") as leaver,
            house.connect(Authorization=f"Bearer {second}") as stayer,
            house.connect() as visitor,
        ):
            await sessions.log_out(sessions.authenticate(first))
            error = await leaver.receive()
            assert (error.headers["message"], error.headers["code"]) == ("logged out", "UNAUTHORIZED")
            assert await leaver.closed() == 4401
            assert (await stayer.subscribe("/topic/prices/all")).command == "MESSAGE"
            await sessions.suspend(1, SUSPEND)
            assert await stayer.refused() == ("UNAUTHORIZED", 4401)
            assert (await visitor.subscribe("/topic/prices/all")).command == "MESSAGE"


async def test_guests_and_socket_tokens_connect_and_end_with_their_session() -> None:
    async with open_house() as house:
        sessions = house.gateway.sessions
        user, guest = sessions.authenticate(await house.user("alice")), await sessions.open_guest()
        for caller in (user, guest):
            token, _ = sessions.socket_token(caller)
            async with (
                house.connect(Authorization=f"Bearer {caller.token}") as one,
                house.connect(Authorization=f"Bearer {token}") as other,
            ):
                assert (await other.subscribe("/topic/prices/all")).command == "MESSAGE"
                await sessions.log_out(caller)
                for client in (one, other):
                    assert await client.refused() == ("UNAUTHORIZED", 4401)
            assert await refusal(house, token) == ("UNAUTHORIZED", 4401)


async def test_expiry_ends_the_socket() -> None:
    async with open_house() as house:
        await house.user("alice")
        house.gateway.sessions._tokens.lifetime_s = 1
        async with house.connect(Authorization=f"Bearer {await house.log_in('alice')}") as client:
            error = await client.receive()
            assert error.headers["message"] == "the token has expired"
            assert await client.closed() == 4401
