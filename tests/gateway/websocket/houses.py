"""A whole house on a real port for tests: storage in memory, users with tokens, clients that read JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from actors.exchange import Exchange
from engine.ledger.records import Entry
from gateway.app import make_app, open_gateway
from gateway.context import Gateway
from gateway.guard import Guard, Limits
from gateway.serving import serve
from gateway.settings import REQUEST_DEADLINE_S, Settings
from storage.interface import Storage
from storage.memory import MemoryStorage
from tests.actors.exchanges import deposit, small_exchange

PATIENCE_S = 10.0  # what takes longer hangs
MESSAGES_MAX = 20_000  # that a client keeps before it stops reading its socket
UPGRADE = """GET {path} HTTP/1.1\r
Host: x\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r
Sec-WebSocket-Version: 13"""
PASSWORD = "correct horse"


class PlainHasher:
    """Stands in for argon2, which takes 40 ms on purpose."""

    async def hash(self, password: str) -> str:
        await trio.lowlevel.checkpoint()
        return password[::-1]

    async def verify(self, password: str, password_hash: str) -> bool:
        await trio.lowlevel.checkpoint()
        return password_hash == password[::-1]


class CountingRandomness:
    """Every token id is another one."""

    def __init__(self) -> None:
        self._last = 0

    def token_hex(self, nbytes: int) -> str:
        self._last += 1
        return f"{self._last:0{2 * nbytes}x}"


class House:
    """A running server and what is behind it."""

    def __init__(self, gateway: Gateway, guard: Guard, port: int) -> None:
        self.gateway = gateway
        self.exchange: Exchange = gateway.exchange
        self.guard = guard
        self.port = port
        self.stopped = trio.Event()
        self._commit_began = trio.Event()

    async def user(self, username: str) -> str:
        """Register a user, the first is account 1; return a token."""
        await self.gateway.sessions.register(username, f"{username}@example.com", PASSWORD)
        return await self.log_in(username)

    async def log_in(self, username: str) -> str:
        return (await self.gateway.sessions.log_in(username, PASSWORD, "", throttled=False)).token

    async def handshake(self, path: str = "/ws", *headers: str) -> tuple[int, bytes]:
        """Ask for a socket in plain bytes; return the answer's status and body."""
        lines = (UPGRADE.format(path=path), *headers, "", "")
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
            await stream.send_all("\r\n".join(lines).encode("latin1"))
            received = b""
            with trio.fail_after(PATIENCE_S):
                async for chunk in stream:
                    received += chunk
                    if received.startswith(b"HTTP/1.1 101"):
                        break
        return int(received[9:12]), received.partition(b"\r\n\r\n")[2]

    async def rich(self, *usernames: str) -> None:
        """Register users who have money."""
        for username in usernames:
            await self.user(username)
            member = self.gateway.sessions.member_by_name(username)
            assert member is not None
            await deposit(self.exchange, member.user_id, BTC="1000", USDT="1000000")

    async def empty(self) -> None:
        """Wait until no connection is left."""
        with trio.fail_after(PATIENCE_S):
            while self.guard.connections:  # noqa: ASYNC110  # the guard counts, it does not call
                await trio.sleep(0.01)

    def delay_commits(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        """Make the storage slow; `commit_begins` waits for the first commit from here on."""
        writer = self.exchange.storage.writer
        commit = writer.commit
        self._commit_began = trio.Event()

        async def commit_late(entry: Entry) -> None:
            self._commit_began.set()
            await trio.sleep(seconds)
            await commit(entry)

        monkeypatch.setattr(writer, "commit", commit_late)

    async def commit_begins(self) -> None:
        with trio.fail_after(PATIENCE_S):
            await self._commit_began.wait()

    @asynccontextmanager
    async def connect(self, token: str | None = None, *, in_query: bool = False) -> AsyncIterator["Client"]:
        query = f"?token={token}" if token is not None and in_query else ""
        headers = [] if token is None or in_query else [(b"Authorization", f"Bearer {token}".encode())]
        # The stream is ours and just cut: trio-websocket does not close one that its peer has closed, and stumbles over
        # a ping that comes after its own goodbye.
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream, trio.open_nursery() as nursery:
            socket = await wrap_client_stream(
                nursery, stream, "x", f"/ws{query}", extra_headers=headers, message_queue_size=MESSAGES_MAX
            )
            yield Client(socket)
            nursery.cancel_scope.cancel()


class Client:
    """Sends and reads JSON."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket

    async def send(self, message: Any) -> None:
        await self.socket.send_message(msgspec.json.encode(message).decode())

    async def receive(self) -> Any:
        with trio.fail_after(PATIENCE_S):
            return msgspec.json.decode(await self.socket.get_message())

    async def receive_many(self, count: int) -> list[Any]:
        return [await self.receive() for _ in range(count)]

    async def ask(self, message: Any) -> Any:
        await self.send(message)
        return await self.receive()

    async def subscribe(self, *channels: str) -> list[Any]:
        """Subscribe to channels that exist; return their first messages, one for each but `trades:`."""
        assert await self.ask({"subscribe": channels}) == {"type": "subscribed", "channels": list(channels)}
        return [await self.receive() for channel in channels if not channel.startswith("trades:")]

    async def closed(self) -> tuple[int, str]:
        """Read to the end; return how it was closed."""
        with trio.fail_after(PATIENCE_S), suppress(ConnectionClosed):
            while True:
                await self.socket.get_message()
        reason = self.socket.closed
        assert reason is not None
        return reason.code, reason.reason or ""

    async def quiet(self) -> None:
        """See that nothing else was on its way: the answer to one more message is the next that comes."""
        assert (await self.ask({"unsubscribe": ["nothing"]}))["type"] == "error"
        assert await self.receive() == {"type": "unsubscribed", "channels": []}


@asynccontextmanager
async def open_house(
    storage: Storage | None = None, request_deadline_s: float = REQUEST_DEADLINE_S, **limits: Any
) -> AsyncIterator[House]:
    """Serve a seeded exchange; leaving the block stops it, and fails if that takes too long."""
    settings = Settings(jwt_secret="only for tests, of thirty-two bytes", request_deadline_s=request_deadline_s)
    shutdown = trio.Event()
    hasher = PlainHasher()
    async with (
        small_exchange(storage or MemoryStorage()) as exchange,
        open_gateway(exchange, settings, hasher=hasher, randomness=CountingRandomness(), shutdown=shutdown) as gateway,
        trio.open_nursery() as nursery,
    ):
        guard = Guard(Limits(**limits))
        app = make_app(gateway)

        async def run(task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
            await serve(app, host="127.0.0.1", port=0, shutdown=shutdown, guard=guard, task_status=task_status)
            house.stopped.set()

        house = House(gateway, guard, await nursery.start(run))
        try:
            yield house
            shutdown.set()
            with trio.fail_after(PATIENCE_S):
                await house.stopped.wait()
        finally:
            nursery.cancel_scope.cancel()
