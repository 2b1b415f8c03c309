"""Clients of `/ws/odds` for tests, matches whose odds move, and when all of it has been told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio_websocket import wrap_client_stream

from actors.directory import MarketEntry
from actors.exchange import Exchange
from engine.betting.commands import SetOdds
from engine.betting.match import Moneyline
from tests.actors.matches import ADMIN, list_match, move
from tests.gateway.websocket.houses import MESSAGES_MAX, PATIENCE_S, Client, House

PONG = {"type": "pong"}


class OddsClient(Client):
    """Speaks the words of this socket."""

    async def ack(self, message: Any) -> dict[str, Any]:
        """Send what is acknowledged at once, and without an error."""
        answer: dict[str, Any] = await self.ask(message)
        assert answer["type"] == "ack", answer
        assert answer["ok"] is True
        return answer

    async def follow(self, *markets: int) -> list[Any]:
        """Follow matches that have odds; return the newest message of each."""
        ack = await self.ack({"type": "subscribe", "markets": markets})
        assert set(markets) <= set(ack["subscribed"])
        return await self.receive_many(len(markets))

    async def numbers(self, count: int) -> list[int]:
        """The numbers of so many updates."""
        messages = await self.receive_many(count)
        assert {message["type"] for message in messages} <= {"odds_update"}, messages
        return [message["seq"] for message in messages]

    async def quiet(self) -> None:
        """See that nothing else was on its way."""
        assert await self.ask({"type": "ping"}) == PONG


@asynccontextmanager
async def following(house: House, token: str | None = None, *, in_query: bool = False) -> AsyncIterator[OddsClient]:
    """Connect: with this token, or as a guest."""
    if token is None:
        token = (await house.gateway.sessions.open_guest()).token
    query = f"?token={token}" if in_query else ""
    headers = [] if in_query else [(b"Authorization", f"Bearer {token}".encode())]
    async with await trio.open_tcp_stream("127.0.0.1", house.port) as stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(
            nursery, stream, "x", f"/ws/odds{query}", extra_headers=headers, message_queue_size=MESSAGES_MAX
        )
        yield OddsClient(socket)
        nursery.cancel_scope.cancel()


async def match_with_odds(exchange: Exchange, count: int = 1) -> MarketEntry:
    """List a match whose odds have been set so many times."""
    market = await list_match(exchange)
    for _ in range(count):
        await set_odds(exchange, market)
    return market


async def set_odds(exchange: Exchange, market: MarketEntry, home: int = 200) -> int:
    """Set its odds once more; return the number of the message."""
    odds = Moneyline(home=home, draw=350, away=400)
    stands = await move(exchange, SetOdds(market.name, ADMIN, reason="it moves", moneyline=odds))
    number: int = stands.standing.number
    return number


async def all_told(house: House) -> None:
    """Wait until the broadcaster has told everybody of the last commit."""
    children: Any = house.exchange.supervisor._children
    with trio.fail_after(PATIENCE_S):
        while True:
            broadcaster = children["broadcaster"].actor
            head = (await house.exchange.storage.reader.journal_head()).sequence
            idle = not len(broadcaster.address.mailbox) and not broadcaster._agenda
            if idle and broadcaster._subscriptions.position == head:
                return
            await trio.sleep(0.005)
