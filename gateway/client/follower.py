"""Streams followed over any number of connections: each message once, in order, whatever becomes of the sockets.

follower = Follower("ws://127.0.0.1:8080/ws", token, {"trades:BTC_USDT": 0, "orders": 41}, print)
await follower.run()        until it is cancelled; then follower.numbers is where to go on another time
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import trio
from trio_websocket import ConnectionClosed

from gateway.client.errors import Refused, Unavailable, UnknownOutcome
from gateway.client.stream import StreamClient, open_stream

PAUSE_S = 0.1  # before the next connection

ANSWERS = ("subscribed", "ack")

Json = Any


class Follower:
    """Names its numbers whenever it connects, and after each gap. `numbers` are those of the last messages received.

    For another socket than `/ws`, override `request` and `numbers_of`.
    """

    def __init__(
        self, url: str, token: str | None, numbers: Mapping[str, int], receive: Callable[[dict[str, Json]], None]
    ) -> None:
        self.numbers = dict(numbers)
        self.stream: StreamClient | None = None  # the present connection
        self.connections = 0
        self.gaps = 0
        self.holes = 0  # messages that did not follow the one before, and no gap was told: there may be none
        self._url = url
        self._token = token
        self._receive = receive
        self._waiting: set[str] = set()  # channels that were asked for: what comes before the answer does not count

    def request(self, numbers: Mapping[str, int]) -> Json:
        """Ask for what comes after these numbers."""
        return {"resume": numbers}

    def numbers_of(self, message: dict[str, Json]) -> tuple[str, int, int] | None:
        """A message's channel, its number and that of the one before it; None if it is not of a stream."""
        return (message["channel"], message["seq"], message["prevSeq"]) if "prevSeq" in message else None

    async def run(self) -> None:
        """Follow until cancelled.

        Raises Refused for a token that is not good, for a channel that there is not, and for a number that its stream
        has not come to.
        """
        while True:
            with suppress(Unavailable, UnknownOutcome, ConnectionClosed, trio.EndOfChannel):
                async with open_stream(self._url, self._token) as self.stream:
                    self.connections += 1
                    await self._ask(self.stream, self.numbers)
                    async for message in self.stream.messages():
                        await self._take(self.stream, message)
            self.stream = None
            await trio.sleep(PAUSE_S)

    async def _ask(self, stream: StreamClient, numbers: Mapping[str, int]) -> None:
        self._waiting |= numbers.keys()
        await stream.send(self.request(numbers))

    async def _take(self, stream: StreamClient, message: dict[str, Json]) -> None:
        if message["type"] == "error":
            raise Refused(message["status"], message["code"], message["message"])
        if message["type"] == "gap" and message["channel"] in self.numbers:
            self.gaps += 1
            await self._ask(stream, {message["channel"]: self.numbers[message["channel"]]})
            return
        if message["type"] in ANSWERS:
            self._waiting.clear()  # what comes from here on follows
        numbers = self.numbers_of(message)
        if numbers is None:
            return
        channel, seq, before = numbers
        last = self.numbers[channel]
        if before == last:
            self.numbers[channel] = seq
            self._receive(message)
        elif channel not in self._waiting:
            self.holes += 1
            await self._ask(stream, {channel: last})
