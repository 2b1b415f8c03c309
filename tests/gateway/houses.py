"""A whole gateway for tests, without sockets and threads: exchange in memory, users with money, requests as bytes."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import msgspec
import trio

from actors.exchange import Exchange
from gateway.app import make_app, open_gateway
from gateway.context import Caller, Gateway
from gateway.cors import Application
from gateway.identity.caller import Role
from gateway.settings import Settings
from storage.interface import Storage
from tests.actors.exchanges import deposit, small_exchange

PASSWORD = "correct horse"

# Nothing is limited: all requests of a test come from one address, which is not this machine's, and at once.
SETTINGS = Settings(
    jwt_secret="not-a-secret-" * 3,
    rate_limit_login=None,
    rate_limit_wallet=None,
    rate_limit_betting=None,
    rate_limit_orders=None,
    rate_limit_other=None,
    rate_limit_anonymous=None,
)


class PlainHasher:
    """In the process, at once, and readable: the twin of argon2."""

    async def hash(self, password: str) -> str:
        await trio.lowlevel.checkpoint()
        return f"plain:{password}"

    async def verify(self, password: str, password_hash: str) -> bool:
        await trio.lowlevel.checkpoint()
        return password_hash == f"plain:{password}"


class Counting:
    """Randomness that counts: the same run gives the same tokens."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def token_hex(self, nbytes: int) -> str:
        return f"{next(self._numbers):0{nbytes * 2}x}"


class Reply(msgspec.Struct):
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        code: str = self.json["code"]
        return code


class House:
    """A gateway, its application, and a token for everybody who was let in."""

    def __init__(self, gateway: Gateway, app: Application) -> None:
        self.gateway = gateway
        self.app = app
        self.tokens: dict[str, str] = {}

    @property
    def exchange(self) -> Exchange:
        return self.gateway.exchange

    async def user(self, username: str, role: Role = Role.USER, **amounts: str) -> Caller:
        """Let somebody in: alice = await house.user("alice", USDT="1000")."""
        identity = self.exchange.storage.identity
        record = await identity.create_user(username, f"{username}@example.com", f"plain:{PASSWORD}", role.value, 0)
        caller = await self.log_in(username)
        await deposit(self.exchange, record.user_id, **amounts)
        return caller

    async def log_in(self, username: str) -> Caller:
        login = await self.gateway.sessions.log_in(username, PASSWORD, "", throttled=False)
        self.tokens[username] = login.token
        return self.gateway.sessions.authenticate(login.token)

    async def call(
        self,
        method: str,
        target: str | bytes,
        body: Any = None,
        *,
        by: str | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> Reply:
        """Send a request `by` somebody; a body that is not bytes is sent as JSON."""
        raw = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        own = [] if by is None else [(b"authorization", f"Bearer {self.tokens[by]}".encode())]
        return await request(self.app, method, target, raw, [*own, *headers])


async def request(
    app: Any, method: str, target: str | bytes, body: bytes = b"", headers: Sequence[tuple[bytes, bytes]] = ()
) -> Reply:
    """Call an ASGI application as hypercorn does."""
    path, _, query = (target.encode() if isinstance(target, str) else target).partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path.decode("latin1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"rialto"), *headers],
        "client": ("192.0.2.1", 50_000),
        "server": ("192.0.2.2", 80),
        "extensions": {},
    }
    incoming = [
        {"type": "http.request", "body": body, "more_body": True},
        {"type": "http.request", "body": b"", "more_body": False},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        if incoming:
            return incoming.pop(0)
        await trio.sleep_forever()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["type"] == "http.response.start"
    names = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], names, b"".join(message["body"] for message in sent[1:] if "body" in message))


@asynccontextmanager
async def open_house(settings: Settings = SETTINGS, storage: Storage | None = None) -> AsyncIterator[House]:
    """Run a gateway on a seeded exchange; what it did is audited at the end."""
    async with small_exchange(storage) as exchange, open_running(exchange, settings) as house:
        yield house


@asynccontextmanager
async def open_running(exchange: Exchange, settings: Settings = SETTINGS) -> AsyncIterator[House]:
    """Open a gateway on an exchange that runs already."""
    opening = open_gateway(exchange, settings, hasher=PlainHasher(), randomness=Counting(), shutdown=trio.Event())
    async with opening as gateway:
        yield House(gateway, make_app(gateway))


def error(reply: Reply) -> tuple[int, str]:
    """The status and code of bad news, after a look at its shape."""
    assert reply.headers["content-type"] == "application/json"
    assert set(reply.json) == {"code", "message"}, reply.body
    assert reply.json["message"]
    return reply.status, reply.code
