"""What administrators look at: orders, trades and accounts of everybody, the exchange as a whole, actors, the audit."""

import msgspec

from engine.amounts import format_decimal
from engine.ledger.assets import ASSETS
from engine.ledger.chart import FEES, HOUSE, SYSTEM_ACCOUNTS
from engine.ledger.records import OrderRecord, TradeRecord
from engine.matching.order import Side
from engine.products import SPOT
from gateway.context import Answer, Caller, Gateway
from gateway.identity.wallets import checksummed
from gateway.limits import PAGE_DEFAULT, AccountName, Id, Limit, Text, as_id
from gateway.rest.orders import OrdersRequest, order_filter, view
from gateway.rest.symbols import NoRequest, find_channel, show_symbol
from gateway.shapes import BalanceView, OrderView, Shape, SymbolView, TradeView, balance_view, trade_view
from storage.interface import TradeFilter

SYSTEM_IDS = {name: account_id for account_id, name in SYSTEM_ACCOUNTS.items()}


class AllOrdersRequest(OrdersRequest, frozen=True):
    """A page of everybody's orders, or of one account's."""

    account_id: AccountName | None = None


class AllTradesRequest(Shape, frozen=True):
    """A page of everybody's trades, newest first."""

    account_id: AccountName | None = None
    symbol: Text | None = None
    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class AccountRequest(Shape, frozen=True):
    """A user's id, or one of the exchange's own accounts by name."""

    id: AccountName


class PageRequest(Shape, frozen=True):
    """A page, newest first."""

    before: Id | None = None
    limit: Limit = PAGE_DEFAULT


class OwnedOrderView(Shape, frozen=True):
    """An order and whose it is; who has no username is named by the wallet."""

    account_id: int
    username: str | None
    order: OrderView


class WholeTradeView(Shape, frozen=True):
    """A trade with both its sides."""

    trade: TradeView
    buyer_id: int
    seller_id: int
    buy_order_id: str
    sell_order_id: str
    buy_fee: str  # of base
    sell_fee: str  # of quote


class AccountView(Shape, frozen=True):
    """An account as of one commit. The exchange's own have a name, but no user behind it."""

    id: int
    username: str | None
    address: str | None
    role: str | None
    state: str | None
    email: str | None
    created_at: int | None
    last_login: int | None
    balances: list[BalanceView]
    open_orders: list[OrderView]


class TrialBalanceView(Shape, frozen=True):
    """One asset over all accounts: `total` is zero, or money has come out of nothing."""

    symbol: str
    total: str
    frozen: str
    balanced: bool


class SnapshotView(Shape, frozen=True):
    """The exchange at a glance; the parts are read one after the other."""

    time: int
    journal_sequence: int
    journal_hash: str
    users: int
    symbols: list[SymbolView]
    trial_balance: list[TrialBalanceView]
    fees: list[BalanceView]
    house: list[BalanceView]


class ActorView(Shape, frozen=True):
    """What the supervisor knows of one actor: the fields of its ChildReport."""

    name: str
    state: str  # starting, running, parked, ended
    waiting: int  # letters
    waiting_max: int
    batches: int
    letters: int
    batch_max: int
    restarts: int
    last_failure: str | None


class ActionView(Shape, frozen=True):
    """What an administrator did; `details` is the request."""

    id: int
    admin_id: int
    admin: str | None
    action: str
    target: str
    details: msgspec.Raw
    created_at: int


async def get_all_orders(gateway: Gateway, _: Caller, request: AllOrdersRequest) -> Answer:
    """Newest first."""
    account_id = None if request.account_id is None else account_id_of(request.account_id)
    records = await gateway.exchange.storage.reader.orders(order_filter(gateway, request, account_id, None))
    return Answer(200, [_owned(gateway, record) for record in records])


def _owned(gateway: Gateway, record: OrderRecord) -> OwnedOrderView:
    owner = gateway.sessions.member(record.account_id)
    return OwnedOrderView(record.account_id, None if owner is None else owner.name, view(gateway, record))


async def get_all_trades(gateway: Gateway, _: Caller, request: AllTradesRequest) -> Answer:
    """Newest first."""
    which = TradeFilter(
        None if request.account_id is None else account_id_of(request.account_id),
        None if request.symbol is None else find_channel(gateway, request.symbol).market_id,
        None if request.before is None else as_id(request.before),
        request.limit,
    )
    trades = await gateway.exchange.storage.reader.trades(which)
    return Answer(200, [_whole(gateway, trade) for trade in trades])


def _whole(gateway: Gateway, trade: TradeRecord) -> WholeTradeView:
    market = gateway.exchange.directory.by_id[trade.market_id]
    buyer_pays, seller_pays = (ASSETS[market.definition.receives(side)].decimals for side in (Side.BUY, Side.SELL))
    return WholeTradeView(
        trade_view(trade, market),
        trade.buyer_id,
        trade.seller_id,
        str(trade.buy_order_id),
        str(trade.sell_order_id),
        format_decimal(trade.buy_fee, buyer_pays),
        format_decimal(trade.sell_fee, seller_pays),
    )


async def get_account(gateway: Gateway, _: Caller, request: AccountRequest) -> Answer:
    """Balances and open orders belong together: both are read as of one commit."""
    account_id = account_id_of(request.id)
    user = None if account_id in SYSTEM_ACCOUNTS else await gateway.sessions.user(account_id)
    snapshot = await gateway.exchange.storage.reader.account_snapshot(account_id)
    return Answer(
        200,
        AccountView(
            id=account_id,
            username=SYSTEM_ACCOUNTS[account_id] if user is None else user.username,
            address=None if user is None or user.address is None else checksummed(user.address),
            role=None if user is None else user.role,
            state=None if user is None else user.state,
            email=None if user is None else user.email,
            created_at=None if user is None else user.created_ms,
            last_login=None if user is None else user.last_login_ms,
            balances=[balance_view(b.asset, b.total, b.held) for b in snapshot.balances],
            open_orders=[view(gateway, order) for order in snapshot.open_orders],
        ),
    )


def account_id_of(name: str) -> int:
    """Read what names an account: a user's id, outside, fees or house."""
    return SYSTEM_IDS[name] if name in SYSTEM_IDS else as_id(name)


async def get_trial_balance(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """Conservation as a query."""
    return Answer(200, await _trial_balance(gateway))


async def _trial_balance(gateway: Gateway) -> list[TrialBalanceView]:
    rows = await gateway.exchange.storage.reader.trial_balance()
    return [
        TrialBalanceView(
            row.asset,
            format_decimal(row.total, ASSETS[row.asset].decimals),
            format_decimal(row.held, ASSETS[row.asset].decimals),
            row.total == 0,
        )
        for row in rows
    ]


async def get_snapshot(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """The exchange at a glance."""
    reader = gateway.exchange.storage.reader
    head = await reader.journal_head()
    markets = await reader.markets()
    return Answer(
        200,
        SnapshotView(
            time=gateway.exchange.clock.now_ms(),
            journal_sequence=head.sequence,
            journal_hash=head.hash.hex(),
            users=len(gateway.sessions),
            symbols=[show_symbol(gateway, market) for market in markets if market.product == SPOT],
            trial_balance=await _trial_balance(gateway),
            fees=await _balances(gateway, FEES),
            house=await _balances(gateway, HOUSE),
        ),
    )


async def _balances(gateway: Gateway, account_id: int) -> list[BalanceView]:
    balances = await gateway.exchange.storage.reader.balances(account_id)
    return [balance_view(balance.asset, balance.total, balance.held) for balance in balances]


async def get_actors(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """In the order of their starts."""
    reports = gateway.exchange.supervisor.statistics()
    return Answer(200, [ActorView(*msgspec.structs.astuple(report)) for report in reports])


async def get_audit(gateway: Gateway, _: Caller, request: PageRequest) -> Answer:
    """What administrators did, newest first."""
    before = None if request.before is None else as_id(request.before)
    actions = await gateway.exchange.storage.identity.admin_actions(before, request.limit)
    views = []
    for action in actions:
        admin = gateway.sessions.member(action.admin_id)
        details = msgspec.Raw(action.details.encode())
        name = None if admin is None else admin.name
        views.append(
            ActionView(
                action.action_id, action.admin_id, name, action.action, action.target, details, action.created_ms
            )
        )
    return Answer(200, views)
