"""What a row of the table of routes is, and the refusals that several rows share."""

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.refusals import Refusal
from gateway.context import Handler
from gateway.statuses import Code


class Access(enum.Enum):
    """Who may call a route."""

    ANYONE = "anyone"
    SESSION = "whoever has a token, guests too"
    USER = "users"
    MARKET_MAKER = "market makers and administrators"
    ADMIN = "administrators"


class RouteClass(enum.Enum):
    """What is counted, timed and limited together."""

    AUTH = "auth"
    ORDERS = "orders"
    BETTING = "betting"
    WALLET = "wallet"
    ACCOUNT = "account"
    MARKET_DATA = "market_data"
    ADMIN = "admin"
    OPERATIONS = "operations"


WITH_BODY = frozenset({"POST", "PUT"})  # the methods whose fields stand in the body


class Route(msgspec.Struct, frozen=True):
    """One method of one path; `answers` are the good ones: status and type of the body (of a tuple of types: one)."""

    method: str
    path: str
    handler: Handler[Any]
    request: type[msgspec.Struct]
    answers: Mapping[int, Any]
    access: Access
    route_class: RouteClass
    refusals: tuple[Code, ...] = ()  # beside those that any route may give
    fast: bool = False  # served in front of Quart (gateway/rest/fast_lane.py); such a path has no fields
    in_query: tuple[str, ...] = ()  # fields of a POST that may stand in the query instead


R = Refusal
ANYONE, SESSION, USER, MARKET_MAKER, ADMIN = Access
LOOKS_UP = (R.NOT_FOUND,)
CANCELS = (R.NOT_FOUND, R.ALREADY_FILLED, R.MARKET_HALTED)
MOVES = (R.NOT_FOUND, R.CONFLICT, R.INSUFFICIENT_FUNDS, R.ISSUE_EXCEEDED)
PLACES = (
    R.NOT_FOUND,
    R.CONFLICT,
    R.MARKET_HALTED,
    R.MARKET_CLOSED,
    R.OFF_TICK,
    R.TOO_MANY_ORDERS,
    R.INSUFFICIENT_FUNDS,
    R.WOULD_CROSS,
    R.CANNOT_FILL,
)
ASKS_MARKET = (R.NOT_FOUND, R.MARKET_HALTED)
