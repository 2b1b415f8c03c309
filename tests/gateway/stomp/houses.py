"""The STOMP endpoint on a real port for tests, in front of a gateway with storage in memory; clients of a few lines."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from gateway.app import make_app, open_gateway
from gateway.context import Gateway
from gateway.guard import Guard, Limits
from gateway.serving import serve
from gateway.settings import Settings
from gateway.stomp.board import Board
from gateway.stomp.codec import Frame, Parser, encode
from gateway.stomp.endpoint import PATH, StompEndpoint
from tests.actors.exchanges import small_exchange
from tests.gateway.raw_sockets import BINARY, CLOSE, PATIENCE_S, TEXT, RawWebSocket, websocket
from tests.gateway.stomp.states import book, price
from tests.gateway.websocket.houses import PASSWORD, CountingRandomness, PlainHasher


class House:
    """A running server, what is behind it, and a board with the markets 1 and 2."""

    def __init__(self, gateway: Gateway, board: Board, guard: Guard, port: int) -> None:
        self.gateway = gateway
        self.board = board
        self.guard = guard
        self.port = port
        self.stopped = trio.Event()

    async def user(self, username: str) -> str:
        """Register a user; return a token."""
        await self.gateway.sessions.register(username, f"{username}@example.com", PASSWORD)
        return await self.log_in(username)

    async def log_in(self, username: str) -> str:
        return (await self.gateway.sessions.log_in(username, PASSWORD, "", throttled=False)).token

    async def empty(self) -> None:
        """Wait until no connection is left."""
        with trio.fail_after(PATIENCE_S):
            while self.guard.connections:  # noqa: ASYNC110  # the guard counts, it does not call
                await trio.sleep(0.01)

    @asynccontextmanager
    async def open(self, headers: bytes = b"", receive_buffer: int | None = None) -> AsyncIterator["Client"]:
        """Open a socket."""
        async with websocket(self.port, path=PATH, headers=headers, receive_buffer=receive_buffer) as raw:
            yield Client(raw)

    @asynccontextmanager
    async def connect(self, **headers: str) -> AsyncIterator["Client"]:
        """Open a socket and connect."""
        async with self.open() as client:
            connected = await client.ask("CONNECT", accept_version="1.2", **headers)
            assert connected.command == "CONNECTED"
            yield client


class Client:
    """Sends and reads frames."""

    def __init__(self, raw: RawWebSocket) -> None:
        self.raw = raw
        self.binary = False
        self._parser = Parser("1.2")

    @property
    def subprotocol(self) -> str | None:
        """What the server has chosen."""
        for line in self.raw.head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "sec-websocket-protocol":
                return value
        return None

    async def send(self, raw: bytes) -> None:
        await self.raw.send(BINARY if self.binary else TEXT, raw)

    async def say(self, command: str, **headers: str) -> None:
        """Send a frame; underscores in names are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await self.send(encode(Frame(command, named), "1.2"))

    async def receive(self) -> Frame:
        """The next frame; heart-beats are read over."""
        while (frame := self._parser.next()) is None:
            opcode, payload = await self.raw.receive_message()
            assert opcode == TEXT, (opcode, payload)
            self._parser.feed(payload)
        return frame

    async def ask(self, command: str, **headers: str) -> Frame:
        await self.say(command, **headers)
        return await self.receive()

    async def subscribe(self, destination: str, subscription_id: str = "sub-0", ack: str = "auto") -> Frame:
        """Subscribe; return the first message."""
        return await self.ask("SUBSCRIBE", id=subscription_id, destination=destination, ack=ack)

    async def closed(self) -> int:
        """The code with which the server closes, which it does next."""
        opcode, payload = await self.raw.receive_message()
        assert opcode == CLOSE, payload
        return int.from_bytes(payload[:2], "big")

    async def refused(self) -> tuple[str, int]:
        """See that an ERROR comes and then the end; return its code and that of the close."""
        error = await self.receive()
        assert error.command == "ERROR", error
        return error.headers["code"], await self.closed()


@asynccontextmanager
async def open_house(**limits: float) -> AsyncIterator[House]:
    """Serve a board; leaving the block stops it, and fails if that takes too long."""
    settings = Settings(jwt_secret="only for tests, of thirty-two bytes")
    shutdown = trio.Event()
    hasher = PlainHasher()
    async with (
        small_exchange() as exchange,
        open_gateway(exchange, settings, hasher=hasher, randomness=CountingRandomness(), shutdown=shutdown) as gateway,
        trio.open_nursery() as nursery,
    ):
        board = Board()
        for market_id in (1, 2):
            board.show(price(market_id))
            board.show(book(market_id))
        guard = Guard(Limits(**limits))  # type: ignore[arg-type]  # numbers of both kinds
        app = StompEndpoint(gateway, board, make_app(gateway))

        async def run(task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
            await serve(app, host="127.0.0.1", port=0, shutdown=shutdown, guard=guard, task_status=task_status)
            house.stopped.set()

        house = House(gateway, board, guard, await nursery.start(run))
        try:
            yield house
            shutdown.set()
            with trio.fail_after(PATIENCE_S):
                await house.stopped.wait()
        finally:
            nursery.cancel_scope.cancel()
