"""One socket: one task reads, one writes, one begins what was subscribed to; whatever ends one of them ends the socket.

read ──> markets ── Watch ──> broadcaster
  │         └── those that wait ──> begin ── newest message ──┐     │
  └──────────── ack, error, pong ─────────────────────────────┤     │
write <───────────────────────────────────────────────────────┴── outbox <── what is read again, of the journal
"""

import msgspec
import trio

from actors.backlog import Reading
from actors.outbox import Outbox
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.context import Gateway
from gateway.identity.caller import Caller
from gateway.odds_messages import odds_update
from gateway.odds_socket.frames import Asked, read_frame
from gateway.odds_socket.markets import WATCHED_AT_ONCE, Markets
from gateway.odds_socket.messages import Ack, Pong, error, market_of, text_of
from gateway.odds_socket.newest import Newest
from gateway.websocket.socket import Socket
from gateway.websocket.texts import encode
from gateway.websocket.wire import Wire

REPLIES_MAX = 100  # not yet sent: above it reading stops, and no other market begins; TCP holds the client back
TEXTS_MAX = 100  # in one write, some 30 KB


class Connection(Socket):
    """The socket for odds."""

    def __init__(self, gateway: Gateway, newest: Newest, caller: Caller, wire: Wire) -> None:
        super().__init__(gateway, caller, wire)
        self._newest = newest
        self._outbox = Outbox()
        self._directory = gateway.exchange.directory
        self._markets = Markets(gateway, self._outbox)
        self._replies: list[str] = []
        self._sent = trio.Event()  # set, and made anew, when replies have been sent
        self._is_beginning = False

    @property
    def subscriptions(self) -> int:
        """How many matches are followed."""
        return len(self._markets)

    def leave(self) -> None:
        self._markets.leave()

    # Reading

    async def read(self) -> None:
        while (raw := await self._wire.receive()) is not None:
            self._handle(raw)
            await self._have_room()

    def _handle(self, raw: bytes) -> None:
        """Do what a message asks for, or say why not."""
        try:
            asked = read_frame(raw)
        except Rejected as rejected:
            self._reply(error(rejected))
            self.count_bad_message()
            return
        try:
            self._gateway.rate_limits.betting.charge(self._caller, trio.current_time())
        except Rejected as rejected:
            self._reply(error(rejected))
            return
        if asked.kind == "ping":
            self._reply(Pong())
        else:
            self._change(asked)

    def _change(self, asked: Asked) -> None:
        """Follow other matches; those that can't be followed are named, the rest goes on."""
        ok = True
        for market_id, after in asked.markets.items():
            try:
                if asked.kind == "unsubscribe":
                    self._markets.unsubscribe(market_id)
                elif after is None:
                    self._markets.subscribe(market_id)
                else:
                    self._markets.resume(market_id, after)
            except Rejected as rejected:
                self._reply(error(rejected, market_id))
                ok = False
        self._reply(Ack(ok, self._markets.ids))
        self._markets.watch()
        if self._markets.next_waiting is not None and not self._is_beginning:
            self._is_beginning = True
            self._nursery.start_soon(self._begin)

    async def _begin(self) -> None:
        """Send the newest message of each match that was subscribed to; what comes after it is its line's affair."""
        while (market := self._markets.next_waiting) is not None:
            newest = await self._newest.of(market)
            if self._markets.begin(newest) and newest.standing.number > 0:
                self._reply(odds_update(newest))
            if self._markets.unwatched >= WATCHED_AT_ONCE or self._markets.next_waiting is None:
                self._markets.watch()
            await self._have_room()
        self._is_beginning = False

    # Writing

    def _reply(self, message: msgspec.Struct) -> None:
        """Send this before everything that the outbox gives from here on, and after all that it gave before."""
        self._replies.append(encode(message).decode())
        self._outbox.wake()

    async def write(self) -> None:
        while True:
            if not self._replies:
                await self._outbox.wait()
            replies, self._replies = self._replies, []
            posts, _ = self._outbox.take()
            texts = replies + [text_of(post, self._directory) for post in posts]
            if (reading := self._outbox.next_reading()) is not None:
                self._nursery.start_soon(self._read_again, reading)
            for start in range(0, len(texts), TEXTS_MAX):
                await self._wire.send(texts[start : start + TEXTS_MAX])
            if replies:
                sent, self._sent = self._sent, trio.Event()
                sent.set()

    async def _have_room(self) -> None:
        """Wait until not too many replies wait to be sent."""
        while len(self._replies) > REPLIES_MAX:
            await self._sent.wait()

    async def _read_again(self, reading: Reading) -> None:
        """Have a line fed that is behind. A number that a match's stream has not come to is the client's mistake."""
        for topic, last in (await self._outbox.read(reading)).items():
            market_id = market_of(topic, self._directory)
            self._markets.unsubscribe(market_id)
            words = f"the last number of market {market_id} is {last}: it can't be resumed from a later one"
            self._reply(error(Rejected(Refusal.MALFORMED, words), market_id))
            self._reply(Ack(False, self._markets.ids))
