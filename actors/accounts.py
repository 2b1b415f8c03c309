"""Accounts: what may be spent now. Every command of a customer passes here, so one client's commands keep their order.

command   is admitted (valve, market, account, shape, id in flight, number of orders, funds), held for, forwarded
Settled   by the ledger, or by a market that committed nothing: the hold is undone, what was committed is applied
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from actors.clock import SteadyClock
from actors.core import Actor, Address, Forward, Gather, Join
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
from actors.under_way import CANCELS_RESERVE, ClientKey, InFlight, UnderWay
from engine.accumulators.commands import ClaimAccumulator, MoveFunds, PlaceAccumulator
from engine.betting.commands import ClaimBet, MoveMatch, PlaceBet
from engine.ledger.assets import ASSETS
from engine.ledger.chart import HOUSE
from engine.ledger.commands import ListMarket, MovementKind, MoveMoney, PostMovement
from engine.ledger.funds import Funds
from engine.ledger.movements import COMES_IN
from engine.ledger.records import OrderRecord
from engine.matching.terms import OPEN_STATES
from engine.prediction.commands import QUESTION_MOVES, DisputeOutcome, MoveQuestion, PlaceShareOrder
from engine.products import ADMISSIONS, CLAIMS, POOL_MOVES, PREDICTION, STAKINGS
from engine.refusals import Refusal, Refused
from engine.spot.commands import PlaceOrder
from engine.trading.commands import (
    CancelAllOrders,
    CancelOrder,
    EnterOrder,
    HaltMarket,
    ResumeMarket,
    WithdrawOrder,
)
from engine.trading.events import CloseReason
from storage.interface import Storage

OPEN_ORDERS_MAX = 200  # of one account in one market: a book's worst case stays bounded

PAYING = frozenset({kind for kind in MovementKind if kind not in COMES_IN})


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
        self._under_way = UnderWay(0, self._funds)
        self.handlers = {
            **dict.fromkeys(ADMISSIONS, self._place_order),
            CancelOrder: self._cancel_order,
            CancelAllOrders: self._cancel_all_orders,
            MoveMoney: self._move_money,
            ListMarket: self._list_market,
            HaltMarket: self._change_market,
            ResumeMarket: self._change_market,
            **dict.fromkeys(QUESTION_MOVES, self._move_question),
            **dict.fromkeys(STAKINGS, self._place_bet),
            **dict.fromkeys(CLAIMS, self._claim_bet),
            **dict.fromkeys(POOL_MOVES, self._move_pool),
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
        self._funds = Funds(await reader.balances())
        self._under_way = UnderWay((await reader.counters()).order_id, self._funds)
        for order in await reader.open_orders():
            self._note_order(order)
        self._suspended = {user.user_id for user in await self._storage.identity.users() if user.state == "suspended"}

    def begin(self) -> None:
        self._under_way.forget_before(self._clock.now_ms())

    # Orders

    def _place_order(self, order: PlaceOrder | PlaceShareOrder) -> object:
        admission = ADMISSIONS[type(order)]
        name = admission.market_of(order)
        market = self._directory.find(admission.product, name)
        if (busy := self._under_way.busy(reserve=CANCELS_RESERVE)) is not None:
            return busy
        if market is None:
            return Refused(Refusal.NOT_FOUND, f"there is no {admission.noun} {name}")
        if order.account_id in self._suspended:
            return SUSPENDED
        terms = admission.admit(order, market.definition)
        content = (market.market_id, terms)
        key = order_key(order.account_id, order.client_order_id)
        earlier = self._under_way.earlier(key, content)
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
        order_id = self._under_way.forward(InFlight(order.account_id, content, self._asker(), key, asset, hold, market))
        self._orders.add(order.account_id, market.market_id, order_id)
        return Forward(market.address, EnterOrder(order_id, order.account_id, order.client_order_id, terms, hold))

    def _cancel_order(self, cancel: CancelOrder) -> object:
        order_id = cancel.order_id
        if order_id is None and cancel.account_id is not None:
            key = order_key(cancel.account_id, cancel.client_order_id)
            order_id = None if key is None else self._under_way.id_of(key) or self._open_keys.get(key)
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
            return _no_market(cancel.market)

        def is_meant(market: MarketEntry) -> bool:
            return market.product == cancel.product and cancel.market in (None, market.name)

        return self._cancel_those_of(cancel.account_id, is_meant, CloseReason.CUSTOMER)

    def _cancel_those_of(self, account_id: int, is_meant: Callable[[MarketEntry], bool], reason: CloseReason) -> Gather:
        by_id = self._directory.by_id
        ids = [(order_id, by_id[key]) for order_id, key in self._orders.of(account_id) if is_meant(by_id[key])]
        ids.sort(key=lambda found: found[0])
        return Gather(tuple(self._cancel(order_id, account_id, market, reason) for order_id, market in ids))

    def _cancel(self, order_id: int, account_id: int, market: MarketEntry, reason: CloseReason) -> object:
        if (busy := self._under_way.busy()) is not None:
            return busy
        command_id = self._under_way.forward(InFlight(account_id, None, self._asker()))
        return Forward(market.address, WithdrawOrder(command_id, order_id, reason))

    def _whereabouts(self, order_id: int) -> tuple[int, MarketEntry] | None:
        """Whose an order is and where, open or on its way."""
        order = self._open_orders.get(order_id)
        if order is not None:
            return order.account_id, order.market
        coming = self._under_way.get(order_id)
        return (coming.account_id, coming.market) if coming is not None and coming.market is not None else None

    # Money

    def _move_money(self, movement: MoveMoney) -> object:
        if (busy := self._under_way.busy(reserve=CANCELS_RESERVE)) is not None:
            return busy
        if movement.account_id in self._suspended:
            return SUSPENDED
        if movement.asset not in ASSETS:
            return Refused(Refusal.NOT_FOUND, f"there is no asset {movement.asset}")
        if movement.amount <= 0:
            return Refused(Refusal.MALFORMED, "amount must be above zero")
        if movement.kind is MovementKind.TRANSFER and movement.counterparty_id == movement.account_id:
            return Refused(Refusal.MALFORMED, "a transfer needs somebody else to go to")
        key: ClientKey = ("money", movement.account_id, movement.trans_id)
        earlier = self._under_way.earlier(key, movement)
        if earlier is not None:
            return earlier
        hold = movement.amount if movement.kind in PAYING else 0
        if hold > self._funds.available(movement.account_id, movement.asset):
            return Refused(Refusal.INSUFFICIENT_FUNDS, f"not enough {movement.asset} available")
        paying = InFlight(movement.account_id, movement, self._asker(), key, movement.asset, hold)
        command_id = self._under_way.forward(paying)
        return Forward(self._ledger, PostMovement(command_id, movement))

    # Bets

    def _place_bet(self, bet: PlaceBet | PlaceAccumulator) -> object:
        staking = STAKINGS[type(bet)]
        market = self._directory.find(staking.product, bet.market)
        if (busy := self._under_way.busy(reserve=CANCELS_RESERVE)) is not None:
            return busy
        if market is None:
            return _no_market(bet.market)
        if bet.account_id in self._suspended:
            return SUSPENDED
        key: ClientKey | None = None
        if bet.client_bet_id is not None:
            key = (staking.kind, bet.account_id, bet.client_bet_id)
        earlier = self._under_way.earlier(key, bet)
        if earlier is not None:
            return earlier
        if (refused := staking.refuse(bet)) is not None:
            return refused
        asset = market.definition.asset
        if bet.stake > self._funds.available(bet.account_id, asset):
            return Refused(Refusal.INSUFFICIENT_FUNDS, f"not enough {asset} available")
        bet_id = self._under_way.forward(InFlight(bet.account_id, bet, self._asker(), key, asset, bet.stake))
        return Forward(market.address, staking.enter(bet_id, bet))

    def _claim_bet(self, claim: ClaimBet | ClaimAccumulator) -> object:
        market = self._directory.find(CLAIMS[type(claim)], claim.market)
        if (busy := self._under_way.busy(reserve=CANCELS_RESERVE)) is not None:
            return busy
        if market is None:
            return _no_market(claim.market)
        if claim.account_id in self._suspended:
            return SUSPENDED
        command_id = self._under_way.forward(InFlight(claim.account_id, None, self._asker()))
        return Forward(market.address, msgspec.structs.replace(claim, command_id=command_id))

    def _move_pool(self, move: MoveMatch | MoveFunds) -> object:
        market = self._directory.find(POOL_MOVES[type(move)], move.market)
        if market is None:
            return _no_market(move.market)
        if (stopped := self._under_way.stopped) is not None:
            return stopped
        asset = market.definition.asset
        if move.house_pays > self._funds.available(HOUSE, asset):
            return Refused(Refusal.INSUFFICIENT_FUNDS, f"the house has not enough {asset} available")
        command_id = self._under_way.forward(InFlight(HOUSE, None, self._asker(), None, asset, move.house_pays))
        return Forward(market.address, msgspec.structs.replace(move, command_id=command_id))

    def _get_balances(self, query: GetBalances) -> tuple[BalanceView, ...]:
        funds = self._funds.of(query.account_id)
        return tuple(
            BalanceView(asset, funds[asset].available, funds[asset].held) for asset in ASSETS if asset in funds
        )

    # Markets and accounts

    def _list_market(self, listing: ListMarket) -> object:
        if (stopped := self._under_way.stopped) is not None:
            return stopped
        command_id = self._under_way.forward(InFlight(0, None, self._asker()))
        return Forward(self._ledger, msgspec.structs.replace(listing, command_id=command_id))

    def _change_market(self, change: HaltMarket | ResumeMarket) -> object:
        market = self._directory.find(change.product, change.name)
        if market is None:
            return _no_market(change.name)
        if (stopped := self._under_way.stopped) is not None:
            return stopped
        command_id = self._under_way.forward(InFlight(0, None, self._asker()))
        return Forward(market.address, msgspec.structs.replace(change, command_id=command_id))

    def _move_question(self, move: MoveQuestion) -> object:
        market = self._directory.find(PREDICTION, move.market)
        if market is None:
            return _no_market(move.market)
        is_customers = isinstance(move, DisputeOutcome)
        busy = self._under_way.busy(reserve=CANCELS_RESERVE) if is_customers else self._under_way.stopped
        if busy is not None:
            return busy
        if is_customers and move.actor_id in self._suspended:
            return SUSPENDED
        command_id = self._under_way.forward(InFlight(0, None, self._asker()))
        return Forward(market.address, msgspec.structs.replace(move, command_id=command_id))

    def _suspend(self, suspend: SuspendAccount) -> Gather:
        self._suspended.add(suspend.account_id)
        return self._cancel_those_of(suspend.account_id, lambda _: True, CloseReason.ADMINISTRATOR)

    def _restore(self, restore: RestoreAccount) -> None:
        self._suspended.discard(restore.account_id)

    def _drain(self, _: DrainAccounts) -> Join:
        return Join(self._under_way.drain())

    # What is under way

    def _find_command(self, query: FindCommand) -> Literal["pending", "known"] | None:
        return self._under_way.find((query.kind, query.account_id, query.client_id))

    def _asker(self) -> Reply:
        """Where the answer goes; a command that nobody waits for still gets a place for repeats to join."""
        return self.reply if self.reply is not None else Reply()

    def _settle(self, settled: Settled) -> None:
        """Undo what was done for each command, then apply what was committed."""
        for command_id in settled.committed:
            self._undo(command_id, self._clock.now_ms())
        for command_id in settled.refused:
            self._undo(command_id)
        self._funds.apply(settled.changes)
        for order in settled.orders:
            self._note_order(order)
        self._under_way.answer_if_drained()

    def _undo(self, command_id: int, committed_ms: int | None = None) -> None:
        command = self._under_way.undo(command_id, committed_ms)
        if command is not None and command.market is not None:
            self._orders.discard(command.account_id, command.market.market_id, command_id)

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


SUSPENDED = Refused(Refusal.ACCOUNT_SUSPENDED, "the account is suspended")


def _no_market(name: str) -> Refused:
    return Refused(Refusal.NOT_FOUND, f"there is no market {name}")


def order_key(account_id: int, client_order_id: str | None) -> ClientKey | None:
    """The key under which an order's repeat is found."""
    return None if client_order_id is None else ("order", account_id, client_order_id)
