"""Somebody who hears the odds of all matches over `/ws/odds`, is cut again and again, and goes on from where he was.

reading   some bytes into what comes next: mostly in the middle of a frame
writing   in the middle of a frame of his own
later     after a moment, whatever is under way then; so too if nothing comes to be read
"""

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import trio
from trio_websocket import ConnectionClosed

from gateway.client import RestClient, StreamClient, Unavailable, UnknownOutcome, open_stream
from tests.end_to_end.servers import Rialto
from tests.season.patience import Json
from tests.season.wire import FrayingWire

PAUSE_S = 0.02  # before the next connection
READ_BYTES_MAX = 500  # a message has about 300
WRITTEN_BYTES_MAX = 30
LATER_S_MAX = 0.1
NOTHING_S_MAX = 1.0

LOST = (Unavailable, UnknownOutcome, ConnectionClosed, trio.EndOfChannel)


class Subscriber:
    """`heard` holds every update of every match that is followed, in the order in which it came."""

    def __init__(self, rialto: Rialto, rest: RestClient, chance: random.Random, cuts_at: Sequence[int]) -> None:
        self.heard: dict[int, list[Json]] = {}
        self.cuts: Counter[str] = Counter()
        self.connections = 0
        self.gaps = 0
        self._rialto = rialto
        self._rest = rest
        self._chance = chance
        self._cuts_at = sorted(cuts_at)  # how many updates have been heard by then
        self._news = trio.Event()  # something was heard, or is to be followed

    def follow(self, market_id: int) -> None:
        """Hear a match from its first update on."""
        self.heard[market_id] = []
        self._wake()

    @property
    def updates(self) -> int:
        return sum(map(len, self.heard.values()))

    async def until_heard(self, count: int) -> None:
        """Wait until so many updates have come."""
        while self.updates < count:
            await self._news.wait()

    async def until_cut(self) -> None:
        """Wait until he has been cut as often as he is to be."""
        while self._cuts_at:
            await self._news.wait()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(*LOST):
                await self._listen()
            await trio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        url = f"ws://127.0.0.1:{self._rialto.port}/ws/odds?token={await self._token()}"
        async with open_stream(url) as stream:
            await self._attend(stream)

    async def _attend(self, stream: StreamClient) -> None:
        """Ask, hear, and be cut, until the connection ends."""
        self.connections += 1
        wire = FrayingWire(stream._socket._stream)
        stream._socket._stream = wire
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._ask, stream)
                nursery.start_soon(self._hear, stream)
                nursery.start_soon(self._be_cut, stream, wire)
        except* LOST:
            pass  # how a connection ends

    async def _token(self) -> str:
        """One of the three kinds that open this socket."""
        kind = self._chance.choice(("socket", "guest", "ordinary"))
        if kind == "ordinary":
            assert self._rest.token is not None
            return self._rest.token
        path = "/api/v1/ws/token" if kind == "socket" else "/api/v1/session"
        token: str = (await self._rest.call("POST", path))["token"]
        return token

    async def _ask(self, stream: StreamClient) -> None:
        """Go on with each match behind what was heard of it."""
        asked: set[int] = set()
        while True:
            missing = self.heard.keys() - asked
            if missing:
                offsets = {str(market_id): len(self.heard[market_id]) for market_id in sorted(missing)}
                await stream.send({"type": "resume", "offsets": offsets})
                asked |= missing
            await self._news.wait()

    async def _hear(self, stream: StreamClient) -> None:
        """Take down what comes: each number is the one after the last."""
        while True:
            message = await stream.next_message()
            if message["type"] == "odds_update":
                heard = self.heard[message["marketId"]]
                assert message["seq"] == len(heard) + 1, (message, heard[-1:])
                heard.append(message)
                self._wake()
            elif message["type"] == "gap":
                self.gaps += 1
                market_id = int(message["marketId"])
                await stream.send({"type": "resume", "offsets": {str(market_id): len(self.heard[market_id])}})
            else:
                assert message["type"] == "ack", message

    async def _be_cut(self, stream: StreamClient, wire: FrayingWire) -> None:
        """Break the connection when it is time for it."""
        while not self._cuts_at or self.updates < self._cuts_at[0]:
            await self._news.wait()
        manner = self._chance.choice(("reading", "writing", "later"))
        try:
            if manner == "reading":
                wire.break_after_receiving(self._chance.randint(1, READ_BYTES_MAX))
                await trio.sleep(NOTHING_S_MAX)
                manner = "later"
                await wire.break_now()
            elif manner == "writing":
                wire.break_after_sending(self._chance.randint(1, WRITTEN_BYTES_MAX))
                await stream.send({"type": "subscribe", "markets": [str(market_id) for market_id in self.heard]})
            else:
                await trio.sleep(self._chance.random() * LATER_S_MAX)
                await wire.break_now()
        finally:
            if wire.broken:
                self.cuts[manner] += 1
                self._cuts_at.pop(0)
                self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()
