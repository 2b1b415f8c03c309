"""The one table of routes: the dispatcher, the authorisation and /openapi.json are all made from it.

A request's fields come from the path (`{name}`), the others from the query (GET, DELETE) or from the JSON body (POST,
PUT).
On /api/* without v1, prediction's own paths, refusals have statuses of their own (gateway/statuses.py).
"""

from typing import Any

from gateway.context import Handler
from gateway.rest import account, admin, auth, inspection, operations, orders, symbols
from gateway.rest.betting.routes import BETTING_ROUTES
from gateway.rest.inspection import ActionView, ActorView, SnapshotView, TrialBalanceView, WholeTradeView
from gateway.rest.prediction import maker
from gateway.rest.prediction.routes import PREDICTION_ROUTES
from gateway.rest.route import (
    ADMIN,
    ANYONE,
    ASKS_MARKET,
    CANCELS,
    LOOKS_UP,
    MOVES,
    PLACES,
    SESSION,
    USER,
    Access,
    R,
    Route,
    RouteClass,
)
from gateway.rest.symbols import NoRequest
from gateway.rest.wallet_routes import WALLET_ROUTES
from gateway.shapes import (
    AssetLogView,
    BalanceView,
    BookView,
    FillView,
    FreezeView,
    OrderView,
    StatusView,
    SymbolView,
    TradeView,
)
from gateway.statuses import Code, Problem

__all__ = ["ROUTES", "Access", "Route", "RouteClass"]


def _auth(method: str, path: str, handler: Handler[Any], request: Any, answers: Any, who: Access, *more: Code) -> Route:
    return Route(method, f"/api/v1/auth{path}", handler, request, answers, who, RouteClass.AUTH, more)


def _orders(method: str, path: str, handler: Handler[Any], request: Any, answers: Any, *more: Code) -> Route:
    fast = (method, path) == ("POST", "")  # order entry
    return Route(method, f"/api/v1/orders{path}", handler, request, answers, USER, RouteClass.ORDERS, more, fast)


def _account(method: str, path: str, handler: Handler[Any], request: Any, answer: Any, *more: Code) -> Route:
    return Route(method, f"/api/v1/account{path}", handler, request, {200: answer}, USER, RouteClass.ACCOUNT, more)


def _market_data(path: str, handler: Handler[Any], request: Any, answer: Any, *more: Code) -> Route:
    return Route("GET", f"/api/v1/symbols{path}", handler, request, {200: answer}, ANYONE, RouteClass.MARKET_DATA, more)


def _admin(method: str, path: str, handler: Handler[Any], request: Any, answers: Any, *more: Code) -> Route:
    return Route(method, f"/api/v1/admin{path}", handler, request, answers, ADMIN, RouteClass.ADMIN, more)


def _operations(path: str, handler: Handler[Any], answer: Any, *more: Code) -> Route:
    return Route("GET", path, handler, NoRequest, {200: answer}, ANYONE, RouteClass.OPERATIONS, more)


ROUTES: tuple[Route, ...] = (
    _auth(
        "POST",
        "/register",
        auth.register,
        auth.RegisterRequest,
        {201: auth.RegisteredView},
        ANYONE,
        R.CONFLICT,
        Problem.TOO_MANY_REQUESTS,
    ),
    _auth(
        "POST",
        "/login",
        auth.log_in,
        auth.LoginRequest,
        {200: auth.LoginView},
        ANYONE,
        Problem.UNAUTHORIZED,
        R.ACCOUNT_SUSPENDED,
        Problem.TOO_MANY_REQUESTS,
    ),
    _auth("GET", "/me", auth.get_me, NoRequest, {200: auth.MeView}, USER),
    _auth("POST", "/logout", auth.log_out, NoRequest, {204: None}, SESSION),
    _account("GET", "/balances", account.get_balances, NoRequest, list[BalanceView]),
    _account("POST", "/deposit", account.deposit, account.MoveRequest, account.MovedView, R.FORBIDDEN, *MOVES),
    _account("POST", "/withdraw", account.withdraw, account.MoveRequest, account.MovedView, *MOVES),
    _account("POST", "/transfer", account.transfer, account.TransferRequest, account.MovedView, *MOVES),
    _account("GET", "/logs", account.get_logs, account.LogsRequest, list[AssetLogView], *LOOKS_UP),
    _account("GET", "/trades", account.get_fills, account.FillsRequest, list[FillView], *LOOKS_UP),
    _account("GET", "/freezes", account.get_freezes, account.FreezesRequest, list[FreezeView]),
    _orders(
        "POST",
        "",
        orders.place_order,
        orders.PlaceOrderRequest,
        {201: orders.PlacedView, 200: orders.PlacedView},
        *PLACES,
        R.OFF_LOT,
        R.BELOW_MINIMUM,
        R.OUTSIDE_BAND,
    ),
    _orders("GET", "", orders.get_orders, orders.OrdersRequest, {200: list[OrderView]}, *LOOKS_UP),
    _orders("DELETE", "", orders.cancel_all_orders, orders.CancelAllRequest, {200: list[orders.CancelView]}, *LOOKS_UP),
    _orders("GET", "/{orderId}", orders.get_order, orders.OrderRequest, {200: OrderView}, *LOOKS_UP),
    _orders("DELETE", "/{orderId}", orders.cancel_order_by_id, orders.OrderRequest, {200: orders.CancelView}, *CANCELS),
    _orders(
        "GET",
        "/by-client-id/{clientOrderId}",
        orders.get_order_by_client_id,
        orders.ClientOrderRequest,
        {200: OrderView, 202: orders.PendingView},
        *LOOKS_UP,
    ),
    _orders(
        "DELETE",
        "/by-client-id/{clientOrderId}",
        orders.cancel_order_by_client_id,
        orders.ClientOrderRequest,
        {200: orders.CancelView},
        *CANCELS,
    ),
    _market_data("", symbols.get_symbols, NoRequest, list[SymbolView]),
    _market_data("/{symbol}", symbols.get_symbol, symbols.SymbolRequest, SymbolView, *LOOKS_UP),
    _market_data("/{symbol}/book", symbols.get_book, symbols.BookRequest, BookView, *ASKS_MARKET),
    _market_data("/{symbol}/trades", symbols.get_trades, symbols.TradesRequest, list[TradeView], *LOOKS_UP),
    _admin("POST", "/symbols", admin.create_symbol, admin.NewSymbolRequest, {201: SymbolView}, R.CONFLICT),
    _admin(
        "POST",
        "/symbols/{symbol}/halt",
        admin.halt_symbol,
        admin.ChangeSymbolRequest,
        {200: admin.SymbolStateView},
        R.NOT_FOUND,
        R.MARKET_HALTED,
    ),
    _admin(
        "POST",
        "/symbols/{symbol}/resume",
        admin.resume_symbol,
        admin.ChangeSymbolRequest,
        {200: admin.SymbolStateView},
        *LOOKS_UP,
    ),
    _admin(
        "DELETE",
        "/orders/{orderId}",
        admin.cancel_any_order,
        admin.AdminCancelRequest,
        {200: orders.CancelView},
        *CANCELS,
    ),
    _admin(
        "GET",
        "/orders",
        inspection.get_all_orders,
        inspection.AllOrdersRequest,
        {200: list[inspection.OwnedOrderView]},
        *LOOKS_UP,
    ),
    _admin(
        "GET", "/trades", inspection.get_all_trades, inspection.AllTradesRequest, {200: list[WholeTradeView]}, *LOOKS_UP
    ),
    _admin(
        "GET",
        "/accounts/{id}",
        inspection.get_account,
        inspection.AccountRequest,
        {200: inspection.AccountView},
        *LOOKS_UP,
    ),
    _admin("GET", "/snapshot", inspection.get_snapshot, NoRequest, {200: SnapshotView}),
    _admin("GET", "/trial-balance", inspection.get_trial_balance, NoRequest, {200: list[TrialBalanceView]}),
    _admin("GET", "/actors", inspection.get_actors, NoRequest, {200: list[ActorView]}),
    _admin("GET", "/audit", inspection.get_audit, inspection.PageRequest, {200: list[ActionView]}),
    _admin(
        "POST", "/users/{id}/role", admin.set_role, admin.RoleRequest, {200: admin.UserView}, R.NOT_FOUND, R.CONFLICT
    ),
    _admin(
        "POST",
        "/accounts/{id}/suspend",
        admin.suspend_account,
        admin.AccountChangeRequest,
        {200: admin.SuspendedView},
        R.NOT_FOUND,
        R.CONFLICT,
    ),
    _admin(
        "POST",
        "/accounts/{id}/restore",
        admin.restore_account,
        admin.AccountChangeRequest,
        {200: admin.UserView},
        R.NOT_FOUND,
        R.CONFLICT,
    ),
    _admin("POST", "/house/fund", admin.fund_house, account.MoveRequest, {200: account.MovedView}, *MOVES),
    _admin("POST", "/market-maker/fund", maker.fund_maker, account.MoveRequest, {200: account.MovedView}, *MOVES),
    _admin(
        "POST", "/market-maker/return", maker.return_from_maker, account.MoveRequest, {200: account.MovedView}, *MOVES
    ),
    *WALLET_ROUTES,
    *PREDICTION_ROUTES,
    *BETTING_ROUTES,
    *(
        route
        for prefix in ("", "/api/v1")
        for route in (
            _operations(f"{prefix}/healthz", operations.get_healthz, StatusView),
            _operations(f"{prefix}/readyz", operations.get_readyz, StatusView),
        )
    ),
    _operations("/metrics", operations.get_metrics, str),
)
