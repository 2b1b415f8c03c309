"""The rows of prediction markets in the table of routes: the specification's paths on /api/*, ours under /api/v1."""

from typing import Any

from gateway.context import Handler
from gateway.rest import auth as shared_auth
from gateway.rest.orders import ClientOrderRequest, OrderRequest, PendingView
from gateway.rest.prediction import auth, lifecycle, maker, markets, orders, positions
from gateway.rest.prediction.shapes import MarketTradeView, MarketView, ShareOrderView
from gateway.rest.route import (
    ADMIN,
    ANYONE,
    ASKS_MARKET,
    CANCELS,
    LOOKS_UP,
    MARKET_MAKER,
    PLACES,
    USER,
    Access,
    R,
    Route,
    RouteClass,
)
from gateway.statuses import Code, Problem

MOVES_MARKET = (R.NOT_FOUND, R.CONFLICT, R.MARKET_HALTED)
DECIDES = (MarketView, lifecycle.PayoutPlanView)  # the market; with dryRun the plan
DRY_RUN = ("dryRun",)
DRIVES_MAKER = (R.NOT_FOUND, R.ALREADY_RUNNING)


def _auth(path: str, handler: Handler[Any], request: Any, answer: Any, *more: Code) -> Route:
    more = (*more, Problem.TOO_MANY_REQUESTS)
    return Route("POST", f"/api/auth{path}", handler, request, {200: answer}, ANYONE, RouteClass.AUTH, more)


def _markets(
    method: str, path: str, handler: Handler[Any], request: Any, answer: Any, who: Access, *more: Code
) -> Route:
    return Route(method, f"/api{path}", handler, request, {200: answer}, who, RouteClass.MARKET_DATA, more)


def _orders(method: str, path: str, handler: Handler[Any], request: Any, answers: Any, *more: Code) -> Route:
    fast = (method, path) == ("POST", "")  # order entry
    answers = answers if isinstance(answers, dict) else {200: answers}
    return Route(method, f"/api/orders{path}", handler, request, answers, USER, RouteClass.ORDERS, more, fast)


def _ours(path: str, handler: Handler[Any], request: Any, answer: Any, who: Access, *more: Code) -> Route:
    kind = RouteClass.ADMIN if who is ADMIN else RouteClass.ACCOUNT if who is USER else RouteClass.MARKET_DATA
    return Route("GET", f"/api/v1/prediction{path}", handler, request, {200: answer}, who, kind, more)


def _move(path: str, handler: Handler[Any], request: Any, answer: Any = MarketView, **more: Any) -> Route:
    """A step in the life of a prediction market."""
    path = f"/api/v1/prediction/markets/{{marketId}}{path}"
    return Route("POST", path, handler, request, {200: answer}, ADMIN, RouteClass.ADMIN, MOVES_MARKET, **more)


def _maker(
    method: str, path: str, handler: Handler[Any], request: Any, answer: Any, *more: Code, **fields: Any
) -> Route:
    """The market maker's, on the specification's paths and on ours."""
    return Route(method, path, handler, request, {200: answer}, MARKET_MAKER, RouteClass.ADMIN, more, **fields)


PREDICTION_ROUTES: tuple[Route, ...] = (
    _auth("/register", auth.register_user, shared_auth.RegisterRequest, shared_auth.RegisteredView, R.CONFLICT),
    _auth(
        "/login",
        auth.log_in_user,
        shared_auth.LoginRequest,
        shared_auth.LoginView,
        Problem.UNAUTHORIZED,
        R.ACCOUNT_SUSPENDED,
    ),
    _markets("GET", "/markets", markets.get_markets, markets.MarketsRequest, markets.MarketPageView, ANYONE),
    _markets("POST", "/markets", markets.create_market, markets.NewMarketRequest, MarketView, MARKET_MAKER),
    _markets("GET", "/markets/{marketId}", markets.get_market, markets.MarketRequest, MarketView, ANYONE, *LOOKS_UP),
    _markets(
        "GET",
        "/markets/{marketId}/trades",
        markets.get_market_trades,
        markets.MarketTradesRequest,
        list[MarketTradeView],
        ANYONE,
        *LOOKS_UP,
    ),
    _markets(
        "GET",
        "/orderbook/{marketId}",
        markets.get_orderbook,
        markets.OrderbookRequest,
        markets.OrderbookView,
        USER,
        *ASKS_MARKET,
    ),
    _orders(
        "POST",
        "",
        orders.place_share_order,
        orders.PlaceShareOrderRequest,
        ShareOrderView,
        *PLACES,
        R.INSUFFICIENT_SHARES,
    ),
    _orders("GET", "", orders.get_share_orders, orders.ShareOrdersRequest, list[ShareOrderView], *LOOKS_UP),
    _orders("DELETE", "", orders.cancel_share_orders, orders.SharesRequest, list[orders.ShareCancelView], *LOOKS_UP),
    _orders("GET", "/active", orders.get_active_orders, orders.SharesRequest, list[ShareOrderView], *LOOKS_UP),
    _orders("GET", "/{orderId}", orders.get_share_order, OrderRequest, ShareOrderView, *LOOKS_UP),
    _orders(
        "GET",
        "/by-client-id/{clientOrderId}",
        orders.get_share_order_by_client_id,
        ClientOrderRequest,
        {200: ShareOrderView, 202: PendingView},
        *LOOKS_UP,
    ),
    _orders("DELETE", "/{orderId}", orders.cancel_share_order, OrderRequest, orders.ShareCancelView, *CANCELS),
    _ours("/positions", positions.get_positions, positions.PositionsRequest, list[positions.PositionView], USER),
    _ours(
        "/markets/{marketId}/positions",
        positions.get_holders,
        positions.HoldersRequest,
        list[positions.HolderView],
        ADMIN,
        *LOOKS_UP,
    ),
    _ours(
        "/markets/{marketId}/history",
        markets.get_price_history,
        markets.HistoryRequest,
        list[markets.PriceBarView],
        ANYONE,
        *LOOKS_UP,
    ),
    _ours(
        "/markets/{marketId}/payouts",
        lifecycle.get_payouts,
        lifecycle.PayoutsRequest,
        lifecycle.PayoutPlanView,
        ADMIN,
        *MOVES_MARKET,
    ),
    _move("/halt", lifecycle.halt_market, lifecycle.ChangeMarketRequest),
    _move("/resume", lifecycle.resume_market, lifecycle.ChangeMarketRequest),
    _move("/close", lifecycle.close_market, lifecycle.ChangeMarketRequest),
    _move("/propose", lifecycle.propose_outcome, lifecycle.ProposeRequest),
    Route(
        "POST",
        "/api/v1/prediction/markets/{marketId}/dispute",
        lifecycle.dispute_outcome,
        lifecycle.DisputeRequest,
        {200: MarketView},
        USER,
        RouteClass.ACCOUNT,
        (*MOVES_MARKET, R.FORBIDDEN),
    ),
    _move("/resolve", lifecycle.resolve_market, lifecycle.ResolveRequest, DECIDES, in_query=DRY_RUN),
    _move("/void", lifecycle.void_market, lifecycle.VoidRequest, DECIDES, in_query=DRY_RUN),
    _move("/rollback", lifecycle.roll_back_market, lifecycle.ChangeMarketRequest),
    _maker("POST", "/api/market-maker", maker.configure_maker, maker.MakerRequest, maker.MakerView, *DRIVES_MAKER),
    _maker("GET", "/api/market-maker", maker.get_maker, maker.MakerMarketRequest, maker.MakerReportView, *LOOKS_UP),
    _maker(
        "POST",
        "/api/market-maker/run",
        maker.run_maker,
        maker.RunMakerRequest,
        maker.MakerRunView,
        *DRIVES_MAKER,
        R.MARKET_HALTED,
        R.MARKET_CLOSED,
        in_query=("marketId", "minBalanceCents"),
    ),
    _maker(
        "POST",
        "/api/market-maker/withdraw",
        maker.withdraw_maker,
        maker.MakerMarketRequest,
        maker.WithdrawnView,
        *LOOKS_UP,
        in_query=("marketId",),
    ),
    _maker(
        "GET",
        "/api/v1/prediction/markets/{marketId}/maker-audit",
        maker.get_maker_audit,
        maker.MakerAuditRequest,
        list[maker.MakerAuditView],
        *LOOKS_UP,
    ),
)
