"""Accounts: what may be spent now. Every command of a customer passes here, so one client's commands keep their order.

command   is admitted (valve, market, account, shape, id in flight, number of orders, funds), held for, forwarded
Settled   by the ledger, or by a market that committed nothing: the hold is undone, what was committed is applied
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from actors.clock import SteadyClock
from actors.core import Actor, Address, Busy, Forward, Gather, Join, Stopped, Unavailable
from actors.core.mailbox import Letter
from actors.core.reply import Reply
from actors.directory import Directory, MarketEntry
from actors.messages import (
    BalanceView,
    DrainAccounts,
    FindCommand,
    GetBalances,
    RestoreAccount,
    Settled,
    SuspendAccount,
)
from actors.orders_under_way import OrdersUnderWay
from actors.recent import RecentIds
from engine.ledger.assets import ASSETS
from engine.ledger.commands import ListMarket, Moved, MovementKind, MoveMoney, PostMovement
from engine.ledger.funds import Funds
from engine.ledger.movements import COMES_IN
from engine.ledger.records import OrderRecord
from engine.matching.terms import OPEN_STATES
from engine.messages import Known
from engine.prediction.commands import QUESTION_MOVES, DisputeOutcome, MoveQuestion, PlaceShareOrder
from engine.products import ADMISSIONS, PREDICTION
from engine.refusals import Refusal, Refused
from engine.spot.commands import PlaceOrder
from engine.trading.commands import (
    CancelAllOrders,
    CancelOrder,
    EnterOrder,
    HaltMarket,
    Placed,
    ResumeMarket,
    WithdrawOrder,
)
from engine.trading.events import CloseReason
from storage.interface import Storage

IN_FLIGHT_MAX = 10_000  # commands forwarded and not yet settled, about two seconds of work: more are told Busy
CANCELS_RESERVE = IN_FLIGHT_MAX // 10  # the last tenth is for cancels: who can't get out must not be kept in
OPEN_ORDERS_MAX = 200  # of one account in one market: a book's worst case stays bounded

PAYING = frozenset({kind for kind in MovementKind if kind not in COMES_IN})

ClientKey = tuple[Literal["order", "money"], int, str]  # account, the id of the client's choice


class InFlight(msgspec.Struct):
    """A command that has been forwarded: what accounts did for it, to be undone when it is settled."""

    account_id: int
    content: object  # equal content under the same client id is the same command
    reply: Reply
    key: ClientKey | None = None
    asset: str = ""
    held: int = 0
    market: MarketEntry | None = None  # where an order is going


class OpenOrder(msgspec.Struct, frozen=True):
    """An order in some book."""

    account_id: int
    market: MarketEntry
    client_order_id: str | None
    held: int


class Accounts(Actor):
    """Admits commands and holds their budgets. It is never started again: the process is."""

    skips_abandoned = True

    def __init__(
        self, address: Address, *, storage: Storage, clock: SteadyClock, directory: Directory, ledger: Address
    ) -> None:
        super().__init__(address)
        self._storage = storage
        self._clock = clock
        self._directory = directory
        self._ledger = ledger
        self._funds = Funds()
        self._suspended: set[int] = set()
        self._open_orders: dict[int, OpenOrder] = {}
        self._orders = OrdersUnderWay()
        self._open_keys: dict[ClientKey, int] = {}
        self._in_flight: dict[int, InFlight] = {}
        self._in_flight_keys: dict[ClientKey, int] = {}
        self._recent = RecentIds()
        self._last_id = 0
        self._drained: Reply | None = None
        self.handlers = {
            **dict.fromkeys(ADMISSIONS, self._place_order),
            CancelOrder: self._cancel_order,
            CancelAllOrders: self._cancel_all_orders,
            MoveMoney: self._move_money,
            ListMarket: self._list_market,
            HaltMarket: self._change_market,
            ResumeMarket: self._change_market,
            **dict.fromkeys(QUESTION_MOVES, self._move_question),
            GetBalances: self._get_balances,
            FindCommand: self._find_command,
            SuspendAccount: self._suspend,
            RestoreAccount: self._restore,
            DrainAccounts: self._drain,
            Settled: self._settle,
        }

    async def recover(self, failed: list[Letter]) -> None:
        """Load balances, open orders and who is suspended."""
        assert not failed, "accounts are never started again: the process is"
        reader = self._storage.reader
        self._last_id = (await reader.counters()).order_id
        self._funds = Funds(await reader.balances())
        for order in await reader.open_orders():
            self._note_order(order)
        self._suspended = {user.user_id for user in await self._storage.identity.users() if user.state == "suspended"}

    def begin(self) -> None:
        self._recent.forget_before(self._clock.now_ms())

    # Orders

    def _place_order(self, order: PlaceOrder | PlaceShareOrder) -> object:
        admission = ADMISSIONS[type(order)]
        name = admission.market_of(order)
        market = self._directory.find(admission.product, name)
        if self._drained is not None or len(self._in_flight) >= IN_FLIGHT_MAX - CANCELS_RESERVE:
            return self._closed_valve()
        if market is None:
            return Refused(Refusal.NOT_FOUND, f"there is no {admission.noun} {name}")
        if order.account_id in self._suspended:
            return SUSPENDED
        terms = admission.admit(order, market.definition)
        content = (market.market_id, terms)
        key = order_key(order.account_id, order.client_order_id)
        earlier = self._earlier(key, content)
        if earlier is not None:
            return earlier
        if isinstance(terms, Refused):
            return terms
        if self._orders.count(order.account_id, market.market_id) >= OPEN_ORDERS_MAX:
            return Refused(Refusal.TOO_MANY_ORDERS, f"at most {OPEN_ORDERS_MAX} open orders in {name}")
        asset = market.definition.spends(terms.side) or ""
        hold = admission.budget(terms, market.definition, self._funds.available(order.account_id, asset))
        if hold is None:
            return Refused(Refusal.INSUFFICIENT_FUNDS, f"not enough {asset} available")
        order_id = self._forwarding(InFlight(order.account_id, content, self._asker(), key, asset, hold, market))
        self._orders.add(order.account_id, market.market_id, order_id)
        return Forward(market.address, EnterOrder(order_id, order.account_id, order.client_order_id, terms, hold))

    def _cancel_order(self, cancel: CancelOrder) -> object:
        order_id = cancel.order_id
        if order_id is None and cancel.account_id is not None:
            key = order_key(cancel.account_id, cancel.client_order_id)
            order_id = None if key is None else self._in_flight_keys.get(key) or self._open_keys.get(key)
        found = None if order_id is None else self._whereabouts(order_id)
        if (
            found is None
            or order_id is None
            or cancel.account_id not in (None, found[0])
            or cancel.product not in (None, found[1].product)
        ):
            return Refused(Refusal.NOT_FOUND, "there is no such open order")
        reason = CloseReason.CUSTOMER if cancel.account_id is not None else CloseReason.ADMINISTRATOR
        return self._cancel(order_id, found[0], found[1], reason)

    def _cancel_all_orders(self, cancel: CancelAllOrders) -> object:
        if cancel.market is not None and self._directory.find(cancel.product, cancel.market) is None:
            return Refused(Refusal.NOT_FOUND, f"there is no market {cancel.market}")

        def is_meant(market: MarketEntry) -> bool:
            return market.product == cancel.product and cancel.market in (None, market.name)

        return self._cancel_those_of(cancel.account_id, is_meant, CloseReason.CUSTOMER)

    def _cancel_those_of(self, account_id: int, is_meant: Callable[[MarketEntry], bool], reason: CloseReason) -> Gather:
        by_id = self._directory.by_id
        ids = [(order_id, by_id[key]) for order_id, key in self._orders.of(account_id) if is_meant(by_id[key])]
        ids.sort(key=lambda found: found[0])
        return Gather(tuple(self._cancel(order_id, account_id, market, reason) for order_id, market in ids))

    def _cancel(self, order_id: int, account_id: int, market: MarketEntry, reason: CloseReason) -> object:
        if self._drained is not None or len(self._in_flight) >= IN_FLIGHT_MAX:
            return self._closed_valve()
        command_id = self._forwarding(InFlight(account_id, None, self._asker()))
        return Forward(market.address, WithdrawOrder(command_id, order_id, reason))

    def _whereabouts(self, order_id: int) -> tuple[int, MarketEntry] | None:
        """Whose an order is and where, open or on its way."""
        order = self._open_orders.get(order_id)
        if order is not None:
            return order.account_id, order.market
        coming = self._in_flight.get(order_id)
        return (coming.account_id, coming.market) if coming is not None and coming.market is not None else None

    # Money

    def _move_money(self, movement: MoveMoney) -> object:
        if self._drained is not None or len(self._in_flight) >= IN_FLIGHT_MAX - CANCELS_RESERVE:
            return self._closed_valve()
        if movement.account_id in self._suspended:
            return SUSPENDED
        if movement.asset not in ASSETS:
            return Refused(Refusal.NOT_FOUND, f"there is no asset {movement.asset}")
        if movement.amount <= 0:
            return Refused(Refusal.MALFORMED, "amount must be above zero")
        if movement.kind is MovementKind.TRANSFER and movement.counterparty_id == movement.account_id:
            return Refused(Refusal.MALFORMED, "a transfer needs somebody else to go to")
        key: ClientKey = ("money", movement.account_id, movement.trans_id)
        earlier = self._earlier(key, movement)
        if earlier is not None:
            return earlier
        hold = movement.amount if movement.kind in PAYING else 0
        if hold > self._funds.available(movement.account_id, movement.asset):
            return Refused(Refusal.INSUFFICIENT_FUNDS, f"not enough {movement.asset} available")
        command_id = self._forwarding(InFlight(movement.account_id, movement, self._asker(), key, movement.asset, hold))
        return Forward(self._ledger, PostMovement(command_id, movement))

    def _get_balances(self, query: GetBalances) -> tuple[BalanceView, ...]:
        funds = self._funds.of(query.account_id)
        return tuple(
            BalanceView(asset, funds[asset].available, funds[asset].held) for asset in ASSETS if asset in funds
        )

    # Markets and accounts

    def _list_market(self, listing: ListMarket) -> object:
        if self._drained is not None:
            return self._closed_valve()
        command_id = self._forwarding(InFlight(0, None, self._asker()))
        return Forward(self._ledger, msgspec.structs.replace(listing, command_id=command_id))

    def _change_market(self, change: HaltMarket | ResumeMarket) -> object:
        market = self._directory.find(change.product, change.name)
        if market is None:
            return Refused(Refusal.NOT_FOUND, f"there is no market {change.name}")
        if self._drained is not None:
            return self._closed_valve()
        command_id = self._forwarding(InFlight(0, None, self._asker()))
        return Forward(market.address, msgspec.structs.replace(change, command_id=command_id))

    def _move_question(self, move: MoveQuestion) -> object:
        market = self._directory.find(PREDICTION, move.market)
        if market is None:
            return Refused(Refusal.NOT_FOUND, f"there is no market {move.market}")
        if self._drained is not None:
            return self._closed_valve()
        if isinstance(move, DisputeOutcome):  # a customer's
            if len(self._in_flight) >= IN_FLIGHT_MAX - CANCELS_RESERVE:
                return self._closed_valve()
            if move.actor_id in self._suspended:
                return SUSPENDED
        command_id = self._forwarding(InFlight(0, None, self._asker()))
        return Forward(market.address, msgspec.structs.replace(move, command_id=command_id))

    def _suspend(self, suspend: SuspendAccount) -> Gather:
        self._suspended.add(suspend.account_id)
        return self._cancel_those_of(suspend.account_id, lambda _: True, CloseReason.ADMINISTRATOR)

    def _restore(self, restore: RestoreAccount) -> None:
        self._suspended.discard(restore.account_id)

    def _drain(self, _: DrainAccounts) -> Join:
        if self._drained is None:
            self._drained = Reply()
        self._answer_if_drained()
        return Join(self._drained)

    # What is under way

    def _find_command(self, query: FindCommand) -> Literal["pending", "known"] | None:
        key: ClientKey = (query.kind, query.account_id, query.client_id)
        if key in self._in_flight_keys:
            return "pending"
        return "known" if key in self._recent else None

    def _earlier(self, key: ClientKey | None, content: object) -> Join | Known | Refused | None:
        """What to answer if a command under this id is known already."""
        if key is None:
            return None
        command_id = self._in_flight_keys.get(key)
        if command_id is None:
            return Known() if key in self._recent else None
        first = self._in_flight[command_id]
        if first.content != content:
            return Refused(Refusal.CONFLICT, "this id has been used for another command")
        repeat = RepeatReply()
        repeat.follow(first.reply)
        return Join(repeat)

    def _closed_valve(self) -> Busy:
        if self._drained is not None:
            return Stopped("the exchange is shutting down")
        return Busy("too many commands are under way")

    def _asker(self) -> Reply:
        """Where the answer goes; a command that nobody waits for still gets a place for repeats to join."""
        return self.reply if self.reply is not None else Reply()

    def _forwarding(self, command: InFlight) -> int:
        """Number a command, hold its budget, wait for it to be settled."""
        self._last_id += 1
        self._in_flight[self._last_id] = command
        if command.key is not None:
            self._in_flight_keys[command.key] = self._last_id
        if command.held:
            self._funds.hold(command.account_id, command.asset, command.held)
        return self._last_id

    def _settle(self, settled: Settled) -> None:
        """Undo what was done for each command, then apply what was committed."""
        for command_id in settled.committed:
            command = self._undo(command_id)
            if command is not None and command.key is not None:
                self._recent.add(command.key, self._clock.now_ms())
        for command_id in settled.refused:
            self._undo(command_id)
        self._funds.apply(settled.changes)
        for order in settled.orders:
            self._note_order(order)
        self._answer_if_drained()

    def _undo(self, command_id: int) -> InFlight | None:
        command = self._in_flight.pop(command_id, None)
        if command is None:  # a market that crashed reports its whole batch, settled commands too
            return None
        if command.key is not None:
            del self._in_flight_keys[command.key]
        if command.held:
            self._funds.release(command.account_id, command.asset, command.held)
        if command.market is not None:
            self._orders.discard(command.account_id, command.market.market_id, command_id)
        return command

    def _note_order(self, order: OrderRecord) -> None:
        """Remember an order while it is open."""
        key = order_key(order.account_id, order.client_order_id)
        if order.state in OPEN_STATES:
            self._orders.add(order.account_id, order.market_id, order.order_id)
            market = self._directory.by_id[order.market_id]
            self._open_orders[order.order_id] = OpenOrder(order.account_id, market, order.client_order_id, order.held)
            if key is not None:
                self._open_keys[key] = order.order_id
        else:
            self._orders.discard(order.account_id, order.market_id, order.order_id)
            self._open_orders.pop(order.order_id, None)
            if key is not None:
                self._open_keys.pop(key, None)

    def _answer_if_drained(self) -> None:
        if self._drained is not None and not self._in_flight:
            self._drained.answer(None)


class RepeatReply(Reply):
    """Passes the first command's answer on, saying that this one is a repeat."""

    __slots__ = ()

    def settle(self, value: object, failure: Unavailable | None) -> None:
        if isinstance(value, Placed | Moved):
            value = msgspec.structs.replace(value, repeated=True)
        super().settle(value, failure)


SUSPENDED = Refused(Refusal.ACCOUNT_SUSPENDED, "the account is suspended")


def order_key(account_id: int, client_order_id: str | None) -> ClientKey | None:
    """The key under which an order's repeat is found."""
    return None if client_order_id is None else ("order", account_id, client_order_id)
