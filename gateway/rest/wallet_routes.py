"""The rows of wallets, sessions and socket tokens in the table of routes: the odds specification's paths, and ours."""

from typing import Any

from gateway.context import Handler
from gateway.identity.wallets import WalletProof
from gateway.rest import sessions, wallets
from gateway.rest.auth import MeView, RegisterRequest
from gateway.rest.route import ANYONE, SESSION, USER, Access, R, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.statuses import Code, Problem

LETS_IN = (Problem.UNAUTHORIZED, R.ACCOUNT_SUSPENDED)


def _wallet(
    method: str, path: str, handler: Handler[Any], request: Any, answer: Any, who: Access, *more: Code
) -> Route:
    return Route(method, f"/api/v1{path}", handler, request, {200: answer}, who, RouteClass.WALLET, more)


WALLET_ROUTES: tuple[Route, ...] = (
    _wallet("GET", "/auth/nonce", wallets.get_nonce, wallets.NonceRequest, wallets.NonceView, ANYONE),
    _wallet(
        "POST",
        "/auth/verify-sig",
        wallets.verify_signature,
        WalletProof,
        wallets.WalletLoginView,
        ANYONE,
        *LETS_IN,
    ),
    _wallet("POST", "/auth/wallet", wallets.add_wallet, WalletProof, MeView, USER, R.CONFLICT),
    _wallet("POST", "/auth/password", wallets.add_password, RegisterRequest, MeView, USER, R.CONFLICT),
    _wallet("POST", "/session", sessions.open_session, NoRequest, sessions.GuestView, ANYONE),
    _wallet("GET", "/session/me", sessions.get_session, NoRequest, sessions.SessionView, SESSION),
    _wallet("POST", "/ws/token", sessions.make_socket_token, NoRequest, sessions.SocketTokenView, SESSION),
    _wallet("GET", "/ws/token", sessions.get_socket_token, NoRequest, sessions.SocketTokenView, SESSION),
    Route(
        "GET",
        "/api/v1/ws/health",
        sessions.get_sockets,
        NoRequest,
        {200: sessions.SocketsView},
        ANYONE,
        RouteClass.OPERATIONS,
    ),
)
