"""One REST request, once its route is known: from bytes to an answer.

body -> 408, 413     token -> 401     limit -> 429     role -> 403     fields -> 400     handler -> whatever it answers
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import trio

from engine.refusals import Refusal
from gateway.address import client_address
from gateway.answers import Answer, Rejected, as_on, failure
from gateway.context import Gateway, answer_for, attempt, no_answer
from gateway.decoding import decode_body, decode_fields, malformed, query_fields
from gateway.identity.caller import Caller, Role
from gateway.identity.refusals import Unauthorized
from gateway.metrics import RequestMetrics
from gateway.rate_limits import RateLimit, RateLimits
from gateway.rest.numbers import read_number
from gateway.rest.route import WITH_BODY, Access, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.statuses import Problem

Scope = Mapping[str, Any]
ReadBody = Callable[[], Awaitable[bytes]]

NOTHING = NoRequest()

# Whom a route is for, where not every user will do.
ROLES = {Access.MARKET_MAKER: (Role.MARKET_MAKER, Role.ADMIN), Access.ADMIN: (Role.ADMIN,)}

# What lets people in. Of these routes those for anyone count by address, even with a good token: who has many tokens
# has no more tries.
LETS_IN = frozenset({RouteClass.AUTH, RouteClass.WALLET})


class ClientGone(Exception):
    """There is nobody to answer."""


class Target(msgspec.Struct, frozen=True):
    """A route, ready to be called."""

    route: Route
    takes_body: bool  # its method may bring one: unread, it would be in the way of the next request
    has_body: bool  # its fields stand in it
    is_merged: bool  # a request is put together from its body and from its path or its query
    decoder: msgspec.json.Decoder[Any]
    metrics: RequestMetrics
    of_users: RateLimit | None  # what a call of theirs counts against
    of_others: RateLimit | None


class Dispatcher:
    """Serves one request of a known route; who found the route says how its body is read."""

    def __init__(self, gateway: Gateway, routes: Iterable[Route]) -> None:
        self._gateway = gateway
        metrics = {kind: gateway.metrics.of_class(kind.value) for kind in RouteClass}
        limits = _limits(gateway.rate_limits)
        self.targets = [_target(route, metrics[route.route_class], limits) for route in routes]

    async def serve(self, target: Target, fields: Mapping[str, str], scope: Scope, read: ReadBody) -> Answer:
        """Answer, whatever happens; raises ClientGone only."""
        started = trio.current_time()
        with self._gateway.metrics.in_flight.track_inprogress():
            try:
                answer = await self._answer(target, fields, scope, read)
            except ClientGone:
                raise
            except Exception as error:  # noqa: BLE001  # the wall between a request and all others
                answer = answer_for(error)
        answer = as_on(target.route.path, answer)
        target.metrics.observe(answer.status, trio.current_time() - started)
        return answer

    async def _answer(self, target: Target, fields: Mapping[str, str], scope: Scope, read: ReadBody) -> Answer:
        whole = False
        with trio.move_on_after(self._gateway.settings.request_deadline_s):
            body = await read() if target.takes_body else b""
            whole = True
            caller = self._caller(target, scope)
            request = _request(target, fields, scope["query_string"], body)
            return await attempt(self._gateway, target.route.handler, caller, request)
        return no_answer() if whole else failure(Problem.TOO_SLOW, "the body took too long to come")

    def _caller(self, target: Target, scope: Scope) -> Caller:
        """Say who asks, and count it; raises Rejected for those who may not, or not now."""
        access = target.route.access
        caller = Caller(client_address(scope, self._gateway.settings.trusted_proxies))
        if access is not Access.ANYONE:
            try:
                caller = self._gateway.sessions.authenticate(bearer_token(scope["headers"]), caller.address)
            except Rejected:
                _charge(target, caller)
                raise
        elif target.of_users is not None and target.route.route_class not in LETS_IN:
            with suppress(Rejected):  # a token that is not good is none here
                token = bearer_token(scope["headers"])
                caller = self._gateway.sessions.authenticate(token, caller.address)
        _charge(target, caller)
        if not _is_for(access, caller.role):
            raise Rejected(Refusal.FORBIDDEN, f"this is for {access.value}")
        return caller


def _is_for(access: Access, role: Role | None) -> bool:
    """Whether a route is for somebody with this role; who has none has no token, and asks for what is for anyone."""
    if access in ROLES:
        return role in ROLES[access]
    return role is not Role.GUEST or access in (Access.SESSION, Access.ANYONE)


def _limits(limits: RateLimits) -> dict[RouteClass, tuple[RateLimit, RateLimit]]:
    """What a call of each class counts against: of a user, and of anybody else. OPERATIONS are never limited."""
    return {
        RouteClass.AUTH: (limits.login, limits.login),
        RouteClass.WALLET: (limits.wallet, limits.wallet),
        RouteClass.BETTING: (limits.betting, limits.betting),
        RouteClass.ORDERS: (limits.orders, limits.anonymous),
        RouteClass.ACCOUNT: (limits.other, limits.anonymous),
        RouteClass.MARKET_DATA: (limits.other, limits.anonymous),
        RouteClass.ADMIN: (limits.other, limits.anonymous),
    }


def _charge(target: Target, caller: Caller) -> None:
    """Count a call. Raises Rejected(TOO_MANY_REQUESTS)."""
    if caller.role is Role.ADMIN and target.route.access in ROLES:
        return  # an operator must get through, whatever his scripts are doing
    limit = target.of_others if caller.is_visitor else target.of_users
    if limit is not None:
        limit.charge(caller, trio.current_time())


def _target(route: Route, metrics: RequestMetrics, limits: Mapping[RouteClass, tuple[RateLimit, RateLimit]]) -> Target:
    of_users, of_others = limits.get(route.route_class, (None, None))
    takes_body = route.method in WITH_BODY
    has_body = takes_body and route.request is not NoRequest
    is_merged = has_body and ("{" in route.path or bool(route.in_query))
    if is_merged:  # so its body is read as it comes
        decoder = msgspec.json.Decoder[Any](dict[str, Any])
    else:
        decoder = msgspec.json.Decoder(route.request, float_hook=read_number)
    return Target(route, takes_body, has_body, is_merged, decoder, metrics, of_users, of_others)


def _request(target: Target, fields: Mapping[str, str], query: bytes, body: bytes) -> Any:
    kind = target.route.request
    if kind is NoRequest:
        return NOTHING
    if not target.has_body:
        return decode_fields({**query_fields(query), **fields}, kind)
    if not target.is_merged:
        return decode_body(body, target.decoder)
    given = decode_body(body, target.decoder) if body else {}
    asked = {name: value for name, value in query_fields(query).items() if name in target.route.in_query}
    for name in asked.keys() & given.keys():
        raise malformed(f"{name} stands in the query and in the body")
    return decode_fields({**given, **asked, **fields}, kind, strict=not asked)  # what stands in a query is text


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take the token out of `Authorization: Bearer ...`. Raises Unauthorized."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token:
                return token.strip().decode("latin1")
    raise Unauthorized
