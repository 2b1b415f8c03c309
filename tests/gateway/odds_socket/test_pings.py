"""Peers of `/ws/odds` are pinged; who is there stays, who is not is cut. In service after 15 s, and 10 s more."""

from typing import Any

import msgspec
import pytest
import trio

from gateway.guard import PING_INTERVAL_S, PONG_DEADLINE_S
from tests.gateway.odds_socket.houses import match_with_odds
from tests.gateway.raw_sockets import CLOSE, PING, PONG, TEXT, websocket
from tests.gateway.websocket.houses import House, open_house

LIMITS: dict[str, Any] = {"ping_interval_s": 0.15, "pong_deadline_s": 0.1}


async def path(house: House) -> bytes:
    return b"/ws/odds?token=" + (await house.gateway.sessions.open_guest()).token.encode()


def test_the_server_pings_every_15_s_and_waits_no_longer_than_two_intervals() -> None:
    assert PING_INTERVAL_S == 15
    assert PING_INTERVAL_S + PONG_DEADLINE_S <= 2 * PING_INTERVAL_S


@pytest.mark.trio
async def test_who_answers_pings_stays_however_quiet_he_is() -> None:
    async with open_house(**LIMITS) as house, websocket(house.port, path=await path(house)) as client:
        started = trio.current_time()
        for _ in range(6):
            assert await client.receive() == (PING, b"")
            await client.send(PONG)
        assert trio.current_time() - started > 3 * (0.15 + 0.1)
        await client.send(TEXT, b'{"type":"ping"}')
        assert await client.receive_message() == (TEXT, b'{"type":"pong"}')


@pytest.mark.trio
async def test_who_stops_answering_is_cut_and_no_longer_counted() -> None:
    async with open_house(**LIMITS) as house, websocket(house.port, path=await path(house)) as client:
        market = await match_with_odds(house.exchange)
        await client.send(TEXT, msgspec.json.encode({"type": "subscribe", "markets": [market.market_id]}))
        await client.receive_message()
        for _ in range(3):
            while (await client.receive())[0] != PING:
                pass
            await client.send(PONG)
        sockets = house.gateway.metrics.sockets
        assert (sockets.connections, sockets.subscriptions) == (1, 1)
        heard = [await client.receive() for _ in range(4)]
        assert (PING, b"") in heard
        assert heard[-1] == (CLOSE, b""), "cut before the second ping that he leaves without an answer"
        await house.empty()
        assert (sockets.connections, sockets.subscriptions) == (0, 0)
