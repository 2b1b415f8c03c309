"""Customers who trade over WebSocket and REST without a pause, and note everything that they are told.

                    ┌─ socket  ─ places, cancels ────────────┐
    a customer  ────┼─ socket  ─ places, cancels ────────────┼──> Told
                    └─ REST    ─ deposits, withdraws, places ┘

A line that is cut is opened again. A command is unknown from before it is sent until it is answered, so whatever ends
a line, `Told` says what is certain: done, certainly not done, or unknown.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from gateway.client import (
    ApiError,
    Refused,
    RestClient,
    StreamClient,
    Unavailable,
    UnknownOutcome,
    open_rest,
    open_stream,
)
from tests.end_to_end.servers import Rialto

Json = Any

PASSWORD = "correct horse battery staple"
FUNDS = {"BTC": "1000", "ETH": "1000", "USDT": "1000000"}
SYMBOLS = ("BTC_USDT", "ETH_USDT", "ETH_BTC")
SOCKETS = 2  # of each customer
PAUSE_S = 0.02  # before a line is opened again
BURST = 4  # orders sent at once now and then, so that commits are shared

# What a command of this load may hear instead of being done: anything else is a defect.
EXPECTED = {"INSUFFICIENT_FUNDS", "TOO_MANY_ORDERS", "CANNOT_FILL", "ALREADY_FILLED"}
NOT_TAKEN = {"BUSY", "SHUTTING_DOWN", "DATABASE_AWAY", "NOT_CONNECTED", "TOO_MANY_REQUESTS"}


class Command(msgspec.Struct, frozen=True):
    """What is sent, under an id of the customer's choice: the same again is the same command."""

    kind: str  # place, cancel, deposit, withdraw
    key: str  # the id, or for a cancel the order's
    body: dict[str, Json]


class Told(msgspec.Struct):
    """What one customer was told, by kind and key. Each command stands in exactly one of the three."""

    name: str
    token: str
    account_id: int
    done: dict[tuple[str, str], Json] = {}  # with the answer's body
    not_done: dict[tuple[str, str], tuple[Command, str]] = {}  # certainly; with the code
    unknown: dict[tuple[str, str], Command] = {}
    defects: list[str] = []  # answers that there may never be

    async def send(self, command: Command, send: Callable[[Command], Awaitable[Json]]) -> Json | None:
        """Send a command; its answer if it is done. Raises UnknownOutcome when the connection is lost."""
        name = (command.kind, command.key)
        self.unknown[name] = command
        try:
            body = await send(command)
        except (Refused, Unavailable) as error:
            del self.unknown[name]
            self.not_done[name] = (command, error.code)
            if error.code not in (EXPECTED if isinstance(error, Refused) else NOT_TAKEN):
                self.defects.append(f"{command}: {error}")
            if error.code == "NOT_CONNECTED":
                raise
            return None
        except UnknownOutcome as error:
            if error.code not in ("UNKNOWN", "CONNECTION_LOST"):
                self.defects.append(f"{command}: {error}")
            if error.code == "CONNECTION_LOST":
                raise
            return None
        del self.unknown[name]
        self.not_done.pop(name, None)
        self.done[name] = body
        return body


class Load:
    """Several customers at work on one Rialto, until `stop`."""

    def __init__(self, rialto: Rialto, seed: int, customers: int = 4) -> None:
        self.customers: list[Told] = []
        self._rialto = rialto
        self._seed = seed
        self._count = customers
        self._scope = trio.CancelScope()
        self._number = 0

    @property
    def done(self) -> int:
        """How many commands have been done so far."""
        return sum(len(told.done) for told in self.customers)

    @property
    def unknown(self) -> int:
        return sum(len(told.unknown) for told in self.customers)

    async def until_done(self, more: int, timeout_s: float = 60.0) -> None:
        """Wait until so many more commands are done; the limit is for a hang."""
        wanted = self.done + more
        with trio.fail_after(timeout_s):
            while self.done < wanted:  # noqa: ASYNC110  # what is waited for comes from another process
                await trio.sleep(0.01)

    def stop(self) -> None:
        """End all lines; what is under way is unknown."""
        self._scope.cancel()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Register everybody, then trade until `stop`."""
        for number in range(self._count):
            self.customers.append(await self._register(f"load-{self._seed}-{number}"))
        with self._scope:
            async with trio.open_nursery() as nursery:
                for told in self.customers:
                    for line in range(SOCKETS):
                        chance = random.Random(f"{self._seed} {told.name} {line}")
                        nursery.start_soon(self._keep_open, self._trade_on_socket, told, chance)
                    nursery.start_soon(self._keep_open, self._trade_over_rest, told, random.Random(told.name))
                task_status.started()

    async def _register(self, name: str) -> Told:
        async with open_rest(self._rialto.url) as client:
            account_id = (await client.register(name, PASSWORD))["id"]
            told = Told(name, await client.log_in(name, PASSWORD), int(account_id))
            for asset, amount in FUNDS.items():
                command = Command("deposit", f"funds {asset}", {"symbol": asset, "amount": amount})
                await told.send(command, over_rest(client))
        return told

    async def _keep_open(
        self, line: Callable[[Told, random.Random], Awaitable[None]], told: Told, chance: random.Random
    ) -> None:
        while True:
            try:
                await line(told, chance)
            except (Unavailable, UnknownOutcome):
                await trio.sleep(PAUSE_S)

    async def _trade_on_socket(self, told: Told, chance: random.Random) -> None:
        async with open_stream(self._rialto.websocket_url, told.token) as stream:
            send = over_socket(stream)
            while True:
                if chance.random() < 0.1:
                    async with raising_one(), trio.open_nursery() as nursery:
                        for _ in range(BURST):
                            nursery.start_soon(told.send, self._any_order(chance), send)
                else:
                    await self._place_and_cancel(told, chance, send)
                await trio.sleep(chance.random() * 0.01)

    async def _trade_over_rest(self, told: Told, chance: random.Random) -> None:
        async with open_rest(self._rialto.url) as client:
            client.token = told.token
            send = over_rest(client)
            while True:
                kind = chance.choice(("deposit", "deposit", "withdraw", "place"))
                if kind == "place":
                    await self._place_and_cancel(told, chance, send)
                else:
                    body = {"symbol": chance.choice(("BTC", "ETH", "USDT")), "amount": str(chance.randint(1, 5))}
                    await told.send(Command(kind, self._next_key(), body), send)
                await trio.sleep(chance.random() * 0.02)

    async def _place_and_cancel(
        self, told: Told, chance: random.Random, send: Callable[[Command], Awaitable[Json]]
    ) -> None:
        placed = await told.send(self._any_order(chance), send)
        if placed is not None and placed["order"]["remainingQuantity"] not in (None, "0") and chance.random() < 0.7:
            await told.send(Command("cancel", placed["orderId"], {}), send)

    def _any_order(self, chance: random.Random) -> Command:
        """Make an order near 100, wherever it comes from never refused but for want of funds."""
        key = self._next_key()
        kind = chance.choice(("GTC", "GTC", "GTC", "IOC", "FOK", "market"))
        body = {
            "symbol": chance.choice(SYMBOLS),
            "side": chance.choice(("buy", "sell")),
            "quantity": f"0.0{chance.randint(1, 9)}",
            "clientOrderId": key,
        }
        if kind == "market":
            return Command("place", key, {**body, "type": "market_by_qty"})
        price = {"ETH_BTC": f"0.0{chance.randint(45, 55)}"}.get(body["symbol"], str(chance.randint(95, 105)))
        return Command("place", key, {**body, "type": "limit", "price": price, "timeInForce": kind})

    def _next_key(self) -> str:
        self._number += 1
        return f"{self._seed}-{self._number}"


def over_rest(client: RestClient) -> Callable[[Command], Awaitable[Json]]:
    """Send commands as requests."""

    async def send(command: Command) -> Json:
        if command.kind == "place":
            return await client.place(command.body)
        if command.kind == "cancel":
            return await client.cancel(command.key)
        body = {"transId": command.key, **command.body}
        return await client.call("POST", f"/api/v1/account/{command.kind}", body)

    return send


def over_socket(stream: StreamClient) -> Callable[[Command], Awaitable[Json]]:
    """Send commands over a socket, which takes orders only."""

    async def send(command: Command) -> Json:
        if command.kind == "place":
            return await stream.place(command.body)
        assert command.kind == "cancel"
        return await stream.cancel(orderId=command.key)

    return send


@asynccontextmanager
async def raising_one() -> AsyncIterator[None]:
    """Raise one of several errors that say the same: the connection is lost."""
    try:
        yield
    except BaseExceptionGroup as group:
        lost, other = group.split(ApiError)
        if other is not None or lost is None:
            raise
        raise next(leaf for leaf in lost.exceptions if isinstance(leaf, ApiError)) from None


async def repeat_unknown(rialto: Rialto, customers: list[Told]) -> int:
    """Send again, under the same ids, everything that is unknown; return how many that were. Then all is known."""
    repeated = 0
    for told in customers:
        async with open_rest(rialto.url) as client:
            client.token = told.token
            for command in list(told.unknown.values()):
                await told.send(command, over_rest(client))
                repeated += 1
        assert not told.unknown
    return repeated
