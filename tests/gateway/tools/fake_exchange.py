"""A small exchange on loopback that speaks the prediction API's paths and misbehaves as it is told.

async with fake_exchange() as exchange:
    exchange.script("POST", "/api/orders", Fault.CUT, Reply(503, {"code": "BUSY"}))   # for the next two requests
    ... it answers the third as it should
"""

import enum
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
import msgspec
import trio

USERNAME, PASSWORD = "maker", "a maker's password"
READ_BYTES = 65_536
DRIP_S = 0.02


class Reply(msgspec.Struct, frozen=True):
    """What to answer instead."""

    status: int
    body: Any = None


class Fault(enum.Enum):
    """How not to answer."""

    CUT = "the connection is cut before anything is done"
    DONE_AND_CUT = "it is cut after it is done"
    DONE_AND_UNKNOWN = "it is done, and answered with 504"
    SILENCE = "no answer ever comes"
    DRIP = "an answer begins, and never ends"


class Asked(msgspec.Struct, frozen=True):
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    token: str | None
    body: Any


class FakeExchange:
    """`asked` is everything that came in; `orders` what is placed, by client id."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.markets = [1, 2, 3]
        self.page_size = 2
        self.book: Any = {"yesBids": [{"price": 49.0, "quantity": 30}], "yesAsks": [{"price": 51.0, "quantity": 10}]}
        self.trades: Any = [{"price": price, "quantity": 1} for price in (50.0, 51.0, 50.0, 51.0)]
        self.password = PASSWORD
        self.tokens: set[str] = set()
        self.under_way = 0
        self.most_under_way = 0
        self.slowness_s = 0.0
        self.came = trio.Event()  # replaced after each request
        self._script: dict[tuple[str, str], deque[Reply | Fault]] = defaultdict(deque)
        self._last_token = 0

    def script(self, method: str, path: str, *replies: Reply | Fault) -> None:
        self._script[method, path].extend(replies)

    def requests(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    async def until_asked(self, count: int) -> None:
        with trio.fail_after(10):
            while len(self.asked) < count:
                await self.came.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        async with stream:
            try:
                while (asked := await self._receive(stream, connection)) is not None:
                    await self._answer(stream, connection, asked)
                    if connection.our_state is not h11.DONE:
                        return
                    connection.start_next_cycle()
            except (trio.BrokenResourceError, h11.RemoteProtocolError):
                pass  # the client has gone, perhaps in the middle of a request

    async def _receive(self, stream: trio.SocketStream, connection: h11.Connection) -> Asked | None:
        request = None
        body = b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some(READ_BYTES))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return None
        assert request is not None
        target = urlsplit(request.target.decode())
        bearer = dict(request.headers).get(b"authorization", b"").decode()
        asked = Asked(
            request.method.decode(),
            target.path,
            dict(parse_qsl(target.query)),
            bearer.removeprefix("Bearer ") or None,
            msgspec.json.decode(body) if body else None,
        )
        self.asked.append(asked)
        self.came.set()
        self.came = trio.Event()
        return asked

    async def _answer(self, stream: trio.SocketStream, connection: h11.Connection, asked: Asked) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await trio.sleep(self.slowness_s)
            scripted = self._script[asked.method, asked.path]
            what = scripted.popleft() if scripted else None
            if what in (None, Fault.DONE_AND_CUT, Fault.DONE_AND_UNKNOWN):
                reply = self._done(asked)
                what = Reply(504, {"code": "UNKNOWN", "message": "later"}) if what is Fault.DONE_AND_UNKNOWN else what
                what = what or reply
            if what is Fault.SILENCE:
                await trio.sleep_forever()
            elif what is Fault.DRIP:
                await self._drip(stream)
            elif isinstance(what, Reply):
                await self._send(stream, connection, what)
        finally:
            self.under_way -= 1

    async def _send(self, stream: trio.SocketStream, connection: h11.Connection, reply: Reply) -> None:
        body = b"" if reply.body is None else msgspec.json.encode(reply.body)
        head = h11.Response(status_code=reply.status, headers=[("content-length", str(len(body)))])
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            await stream.send_all(connection.send(event) or b"")

    async def _drip(self, stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            await stream.send_all(b" ")
            await trio.sleep(DRIP_S)

    # What it does when it does as it should

    def _done(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) == ("POST", "/api/auth/login"):
            return self._log_in(asked.body)
        if asked.path.startswith(("/api/orderbook/", "/api/orders", "/api/market-maker")) and (
            asked.token not in self.tokens
        ):
            return Reply(401, {"code": "UNAUTHORIZED", "message": "the token is not good"})
        if (asked.method, asked.path) == ("POST", "/api/orders"):
            return self._place(asked.body)
        if asked.path == "/api/markets":
            return self._page(int(asked.query["page"]))
        if asked.path.endswith("/trades"):
            return Reply(200, self.trades)
        if asked.path.startswith("/api/orderbook/"):
            return Reply(200, self.book)
        if (asked.method, asked.path) == ("GET", "/api/market-maker"):
            return Reply(200, {"settings": {"enabled": False}})
        if asked.path == "/api/market-maker":
            return Reply(200, asked.body)
        if asked.path == "/api/market-maker/run":
            lists = {"yesBuyPrices": [48.0], "yesSellPrices": [52.0], "noBuyPrices": [48.0], "noSellPrices": [52.0]}
            return Reply(200, {"summary": lists})
        return Reply(404, {"code": "NOT_FOUND", "message": "there is no such path"})

    def _log_in(self, body: Any) -> Reply:
        if (body["username"], body["password"]) != (USERNAME, self.password):
            return Reply(401, {"code": "UNAUTHORIZED", "message": "wrong name or password"})
        self._last_token += 1
        token = f"token-{self._last_token}"
        self.tokens.add(token)
        return Reply(200, {"token": token})

    def _place(self, body: Any) -> Reply:
        """Place it once; a repeat is answered with the same order, other content under its id is refused."""
        client_id = body["clientOrderId"]
        order = self.orders.setdefault(client_id, {"id": str(len(self.orders) + 100), "status": "OPEN", "body": body})
        if order["body"] != body:
            return Reply(400, {"code": "CONFLICT", "message": "this id has been used for another order"})
        return Reply(200, {"id": order["id"], "status": order["status"]})

    def _page(self, number: int) -> Reply:
        pages = -(-len(self.markets) // self.page_size)
        ids = self.markets[number * self.page_size : (number + 1) * self.page_size]
        content = [{"id": str(market_id), "title": "?", "yesPrice": 50.0} for market_id in ids]
        return Reply(200, {"content": content, "last": number >= pages - 1, "totalPages": pages})


@asynccontextmanager
async def fake_exchange() -> AsyncIterator[FakeExchange]:
    """One that serves for the length of the block."""
    exchange = FakeExchange()
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, exchange.serve, 0)
        exchange.url = f"http://127.0.0.1:{next(iter(listeners)).socket.getsockname()[1]}"
        yield exchange
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    """An address where nobody listens: the port is ours, so that nobody else can take it meanwhile."""
    with trio.socket.socket() as bound:
        await bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
