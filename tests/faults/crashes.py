"""Crashes put into one market at random moments, and customers who trade on all markets meanwhile.

handler           after the engine has decided: nothing of the batch is committed
before_commit     in flush, before the ledger is asked: the same
during_commit     in flush, with the commit on its way: the ledger goes on with it
after_commit      in flush, when it is durable: nobody has been answered
recover_begin     before the barrier: the failed batch is handed on to the next successor
recover_end       when accounts has been told already: the next successor tells it again
"""

import enum
import random
from collections import Counter
from typing import NoReturn

import msgspec
import pytest
import trio

from actors.accounts import Accounts
from actors.core import Unknown
from actors.core.mailbox import Letter
from actors.exchange import Exchange
from actors.market import SpotMarketActor, lost_commands
from actors.messages import GetBalances
from engine.ledger.records import OrderRecord
from engine.matching.order import Side
from engine.matching.terms import OPEN_STATES, OrderState, OrderType, TimeInForce
from engine.messages import Known
from engine.refusals import Refusal, Refused
from engine.spot.commands import PlaceOrder
from engine.trading.commands import Cancelled, CancelOrder, EnterOrder, Placed
from engine.trading.order import terms_of
from storage.interface import OrderFilter, Reader

MARKETS = ("BTC_USDT", "ETH_USDT", "ETH_BTC")


class Defect(Exception):
    """The crash."""


class Moment(enum.Enum):
    """Where a market crashes; see the table above."""

    HANDLER = "handler"
    BEFORE_COMMIT = "before_commit"
    DURING_COMMIT = "during_commit"
    AFTER_COMMIT = "after_commit"
    RECOVER_BEGIN = "recover_begin"
    RECOVER_END = "recover_end"


# How likely a crash is each time when a market comes to such a moment: handlers run four times as often as flushes.
LIKELY = {
    Moment.HANDLER: 0.05,
    Moment.BEFORE_COMMIT: 0.2,
    Moment.DURING_COMMIT: 0.2,
    Moment.AFTER_COMMIT: 0.2,
    Moment.RECOVER_BEGIN: 0.5,
    Moment.RECOVER_END: 0.5,
}

LOSING = frozenset({Moment.HANDLER, Moment.BEFORE_COMMIT})  # the batch is certainly lost


class Saboteur:
    """Makes one market crash at random moments: at each of `moments` at most `each` times, in all at most `most`."""

    def __init__(
        self,
        victim: str,
        chance: random.Random,
        *,
        each: int,
        most: int,
        moments: frozenset[Moment] = frozenset(Moment),
    ) -> None:
        self.victim = victim
        self.happened: Counter[Moment] = Counter()
        self.exchange: Exchange
        self._chance = chance
        self._each = each
        self._most = most
        self._moments = moments

    @property
    def crashes(self) -> int:
        return self.happened.total()

    def rest(self) -> None:
        """Do no more harm."""
        self._most = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the defect into the market's code."""
        actor = SpotMarketActor
        healthy_place, healthy_flush, healthy_recover = actor._place, actor.flush, actor.recover
        due, crash, check_recovery = self._due, self._crash, self._check_recovery

        def place(self: SpotMarketActor, command: EnterOrder) -> Placed | Refused:
            answer = healthy_place(self, command)
            if due(self, Moment.HANDLER):
                crash(Moment.HANDLER)
            return answer

        async def flush(self: SpotMarketActor) -> None:
            if due(self, Moment.BEFORE_COMMIT):
                crash(Moment.BEFORE_COMMIT)
            with trio.CancelScope() as patience:
                if due(self, Moment.DURING_COMMIT):
                    patience.cancel()  # a commit is sent all the same; only its answer is not waited for
                await healthy_flush(self)
            if patience.cancelled_caught:
                crash(Moment.DURING_COMMIT)
            if due(self, Moment.AFTER_COMMIT):
                crash(Moment.AFTER_COMMIT)

        async def recover(self: SpotMarketActor, failed: list[Letter]) -> None:
            if failed and due(self, Moment.RECOVER_BEGIN):
                crash(Moment.RECOVER_BEGIN)
            await healthy_recover(self, failed)
            if failed:
                await check_recovery(self, failed)
                if due(self, Moment.RECOVER_END):
                    crash(Moment.RECOVER_END)

        monkeypatch.setattr(actor, "_place", place)
        monkeypatch.setattr(actor, "flush", flush)
        monkeypatch.setattr(actor, "recover", recover)

    def _due(self, market: SpotMarketActor, moment: Moment) -> bool:
        if market._symbol.name != self.victim or moment not in self._moments:
            return False
        spent = self.happened[moment] >= self._each or self.crashes >= self._most
        return not spent and self._chance.random() < LIKELY[moment]

    def _crash(self, moment: Moment) -> NoReturn:
        self.happened[moment] += 1
        raise Defect(moment.value)

    async def _check_recovery(self, market: SpotMarketActor, failed: list[Letter]) -> None:
        """When a market has recovered, nothing is held for what was lost with its batch, all for what still waits."""
        await self.exchange.accounts.ask(GetBalances(0))  # answered behind what recover told accounts
        in_flight = accounts_of(self.exchange)._under_way._commands
        assert not in_flight.keys() & set(lost_commands(failed))
        check_holds_now(self.exchange)


def accounts_of(exchange: Exchange) -> Accounts:
    """Look behind the address."""
    actor = exchange.supervisor._children["accounts"].actor
    assert isinstance(actor, Accounts)
    return actor


def check_holds_now(exchange: Exchange) -> int:
    """Assert that accounts holds what its open orders and its commands under way need, at any moment, under any load.

    Summed over assets, as accounts doesn't note on which side an open order is. Returns how many orders wait unread
    in front of markets: the hold of each of them must be there.
    """
    accounts = accounts_of(exchange)
    needed: Counter[int] = Counter()
    for command in accounts._under_way._commands.values():
        needed[command.account_id] += command.held
    for order in accounts._open_orders.values():
        needed[order.account_id] += order.held
    for account_id, assets in accounts._funds._balances.items():
        assert sum(balance.held for balance in assets.values()) == needed.pop(account_id, 0), account_id
        assert all(balance.available >= 0 and balance.held >= 0 for balance in assets.values() if account_id > 0)
    assert not +needed
    waiting = [
        letter.message
        for market in exchange.directory.by_id.values()
        for letter in market.address.mailbox._letters
        if isinstance(letter.message, EnterOrder)
    ]
    for enter in waiting:
        assert accounts._under_way._commands[enter.order_id].held == enter.hold
    return len(waiting)


class Told(msgspec.Struct):
    """What one customer heard of his commands, by his own ids."""

    account_id: int
    placed: dict[str, Placed] = {}
    refused: dict[str, Refused] = {}
    unknown: dict[str, PlaceOrder] = {}
    cancelled: list[Cancelled] = []
    halted: int = 0


async def trade(exchange: Exchange, told: Told, chance: random.Random, name: str, orders: int) -> None:
    """Place random orders one after the other, and cancel some of them."""
    for number in range(orders):
        order = random_order(told.account_id, f"{name} {number}", chance)
        await place(exchange, told, order)
        placed = told.placed.get(order.client_order_id or "")
        if placed is not None and placed.order.state in OPEN_STATES and chance.random() < 0.5:
            await cancel(exchange, told, placed.order.order_id)


async def place(exchange: Exchange, told: Told, order: PlaceOrder) -> None:
    """Place one order, as the gateway does: what is in the tables is not asked for again."""
    client_id = order.client_order_id
    assert client_id is not None
    record = await exchange.storage.reader.order_by_client_id(order.account_id, client_id)
    try:
        answer = Placed(record, repeated=True) if record is not None else await exchange.accounts.ask(order)
    except Unknown:
        told.unknown[client_id] = order
        return
    assert not isinstance(answer, Known), "it was not in the tables"
    if isinstance(answer, Placed):
        told.placed[client_id] = answer
    else:
        told.refused[client_id] = answer
        told.halted += answer.code is Refusal.MARKET_HALTED


async def cancel(exchange: Exchange, told: Told, order_id: int) -> None:
    """Cancel one order; what is not known for certain is not noted."""
    try:
        answer = await exchange.accounts.ask(CancelOrder(told.account_id, order_id))
    except Unknown:
        return
    if isinstance(answer, Cancelled):
        told.cancelled.append(answer)
    else:
        told.halted += answer.code is Refusal.MARKET_HALTED


def random_order(account_id: int, client_id: str, chance: random.Random) -> PlaceOrder:
    """Make an order near the middle of a book, on any market."""
    symbol, side = chance.choice(MARKETS), chance.choice((Side.BUY, Side.SELL))
    quantity = f"0.0{chance.randint(1, 9)}"
    if chance.random() < 0.1:
        kind = OrderType.MARKET_BY_QUANTITY
        return PlaceOrder(account_id, symbol, side, kind, quantity=quantity, client_order_id=client_id)
    return PlaceOrder(
        account_id,
        symbol,
        side,
        OrderType.LIMIT,
        price=str(chance.randint(95, 105)),
        quantity=quantity,
        time_in_force=TimeInForce.IOC if chance.random() < 0.1 else None,
        client_order_id=client_id,
    )


async def all_orders(reader: Reader) -> list[OrderRecord]:
    """Read the whole table."""
    found: list[OrderRecord] = []
    while page := await reader.orders(OrderFilter(before=found[-1].order_id if found else None, limit=500)):
        found += page
    return found


async def check_told(reader: Reader, customers: list[Told]) -> None:
    """Assert that the tables hold what customers were told, once, and nothing else under their ids."""
    by_client_id: dict[tuple[int, str | None], list[OrderRecord]] = {}
    by_id: dict[int, OrderRecord] = {}
    for order in await all_orders(reader):
        by_client_id.setdefault((order.account_id, order.client_order_id), []).append(order)
        by_id[order.order_id] = order
    for told in customers:
        for client_id, placed in told.placed.items():
            [now] = by_client_id.pop((told.account_id, client_id))
            check_follows(placed.order, now)
        for client_id, refused in told.refused.items():
            assert (told.account_id, client_id) not in by_client_id, refused
        for cancelled in told.cancelled:
            assert by_id[cancelled.order.order_id] == cancelled.order
            assert cancelled.order.state is OrderState.CANCELLED
    assert not by_client_id


def check_follows(then: OrderRecord, now: OrderRecord) -> None:
    """Assert that an order that stood like this may stand like that later."""
    assert (then.order_id, then.market_id, then.priority) == (now.order_id, now.market_id, now.priority)
    assert terms_of(then) == terms_of(now)
    if then.state in OPEN_STATES:
        assert now.filled_lots >= then.filled_lots
    else:
        assert now == then


async def check_balances(exchange: Exchange, account_ids: list[int]) -> None:
    """Assert, when nothing is under way, that accounts says what the tables say."""
    assert not accounts_of(exchange)._under_way._commands
    for account_id in account_ids:
        views = await exchange.accounts.ask(GetBalances(account_id))
        said = {view.asset: (view.available, view.frozen) for view in views}
        records = await exchange.storage.reader.balances(account_id)
        assert said == {record.asset: (record.total - record.held, record.held) for record in records}
