"""Who does not read is told which numbers are left out, and gets them when he asks; nobody else waits for him."""

from typing import Any

import msgspec
import pytest
import trio

from actors.lines import STREAM_MAX
from gateway.odds_socket.connection import REPLIES_MAX
from tests.gateway.houses import open_house
from tests.gateway.odds_socket.houses import match_with_odds, set_odds
from tests.gateway.odds_socket.test_rate_limits import connected
from tests.gateway.websocket.test_rate_limits import Socket

pytestmark = pytest.mark.trio

ON_THE_WAY = 200  # texts that a socket of these tests takes before a send to it blocks, and those of one write


async def send(socket: Socket, message: Any) -> None:
    await socket.to_app.send({"type": "websocket.receive", "text": msgspec.json.encode(message).decode()})


async def receive(socket: Socket) -> Any:
    with trio.fail_after(5):
        return msgspec.json.decode((await socket.from_app.receive())["text"])


@pytest.mark.slow
async def test_a_gap_is_told_and_what_is_in_it_can_be_resumed() -> None:
    async with open_house() as house:
        market = await match_with_odds(house.exchange)
        number = market.market_id
        guests = [(await house.gateway.sessions.open_guest()).token for _ in range(2)]
        async with connected(house, guests[0]) as slow, connected(house, guests[1]) as eager:
            for socket in (slow, eager):
                assert (await socket.ask({"type": "subscribe", "markets": [number]}))["type"] == "ack"
                assert (await receive(socket))["seq"] == 1
            last = STREAM_MAX + 2 * ON_THE_WAY
            for seq in range(2, last + 1):
                await set_odds(house.exchange, market, home=200 + seq % 50)
                assert (await receive(eager))["seq"] == seq
            heard, gaps, is_resuming = 1, 0, False
            while heard < last:
                message = await receive(slow)
                if message["type"] == "gap":
                    assert (message["marketId"], message["first"]) == (number, heard + 1)
                    assert message["first"] <= message["last"] <= last
                    gaps += 1
                    is_resuming = True
                    await send(slow, {"type": "resume", "offsets": {str(number): heard}})
                elif message["type"] == "ack":
                    is_resuming = False
                elif not is_resuming:
                    assert message["seq"] == heard + 1
                    heard += 1
            assert gaps == 1


async def test_who_asks_without_reading_is_not_read_any_more() -> None:
    """Answers that wait are bounded; TCP holds the client back."""
    async with open_house() as house, connected(house, (await house.gateway.sessions.open_guest()).token) as socket:
        sent = 0
        with trio.move_on_after(0.5):
            while True:
                await send(socket, {"type": "ping"})
                sent += 1
        buffers = socket.to_app.statistics().max_buffer_size + socket.from_app.statistics().max_buffer_size
        assert sent <= buffers + 2 * REPLIES_MAX + 5
        for _ in range(sent):
            assert await receive(socket) == {"type": "pong"}
