"""One REST request, once its route is known: from bytes to an answer.

body -> 408, 413     token -> 401, 403     fields -> 400     handler -> whatever it answers
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
import trio

from engine.refusals import Refusal
from gateway.address import client_address
from gateway.answers import Answer, Rejected, as_on, failure
from gateway.context import Gateway, answer_for, attempt, no_answer
from gateway.decoding import decode_body, decode_fields, malformed, query_fields
from gateway.identity.caller import Caller, Role
from gateway.identity.sessions import Unauthorized
from gateway.metrics import RequestMetrics
from gateway.rest.numbers import read_number
from gateway.rest.route import Access, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.statuses import Problem

Scope = Mapping[str, Any]
ReadBody = Callable[[], Awaitable[bytes]]

NOTHING = NoRequest()

# Whom a route is for, where not every user will do.
ROLES = {Access.MARKET_MAKER: (Role.MARKET_MAKER, Role.ADMIN), Access.ADMIN: (Role.ADMIN,)}


class ClientGone(Exception):
    """There is nobody to answer."""


class Target(msgspec.Struct, frozen=True):
    """A route, ready to be called."""

    route: Route
    has_body: bool
    is_merged: bool  # a request is put together from its body and from its path or its query
    decoder: msgspec.json.Decoder[Any]
    metrics: RequestMetrics


class Dispatcher:
    """Serves one request of a known route; who found the route says how its body is read."""

    def __init__(self, gateway: Gateway, routes: Iterable[Route]) -> None:
        self._gateway = gateway
        metrics = {kind: gateway.metrics.of_class(kind.value) for kind in RouteClass}
        self.targets = [_target(route, metrics[route.route_class]) for route in routes]

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
            body = await read() if target.has_body else b""
            whole = True
            caller = self._caller(target.route.access, scope)
            request = _request(target, fields, scope["query_string"], body)
            return await attempt(self._gateway, target.route.handler, caller, request)
        return no_answer() if whole else failure(Problem.TOO_SLOW, "the body took too long to come")

    def _caller(self, access: Access, scope: Scope) -> Caller:
        """Say who asks; raises Rejected for those who may not."""
        address = client_address(scope, self._gateway.settings.trusted_proxies)
        if access is Access.ANYONE:
            return Caller(address)
        caller = self._gateway.sessions.authenticate(bearer_token(scope["headers"]), address)
        if access in ROLES and caller.role not in ROLES[access]:
            raise Rejected(Refusal.FORBIDDEN, f"this is for {access.value}")
        return caller


def _target(route: Route, metrics: RequestMetrics) -> Target:
    has_body = route.method == "POST" and route.request is not NoRequest
    is_merged = has_body and ("{" in route.path or bool(route.in_query))
    if is_merged:  # so its body is read as it comes
        return Target(route, has_body, is_merged, msgspec.json.Decoder(dict[str, Any]), metrics)
    return Target(route, has_body, is_merged, msgspec.json.Decoder(route.request, float_hook=read_number), metrics)


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
