"""One REST request, once its route is known: from bytes to an answer.

body -> 408, 413     token -> 401, 403     fields -> 400     handler -> whatever it answers
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
import trio

from engine.refusals import Refusal
from gateway.address import client_address
from gateway.answers import Answer, Rejected, failure
from gateway.context import Gateway, answer_for, attempt, no_answer
from gateway.decoding import decode_body, decode_fields, query_fields
from gateway.identity.caller import Caller, Role
from gateway.identity.sessions import Unauthorized
from gateway.metrics import RequestMetrics
from gateway.rest.routes import Access, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.statuses import Problem

Scope = Mapping[str, Any]
ReadBody = Callable[[], Awaitable[bytes]]

NOTHING = NoRequest()


class ClientGone(Exception):
    """There is nobody to answer."""


class Target(msgspec.Struct, frozen=True):
    """A route, ready to be called."""

    route: Route
    has_body: bool
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
        if access is Access.ADMIN and caller.role is not Role.ADMIN:
            raise Rejected(Refusal.FORBIDDEN, "this is for administrators")
        return caller


def _target(route: Route, metrics: RequestMetrics) -> Target:
    # With fields in its path, a request is put together from both, so its body is read as it comes.
    shape = dict[str, Any] if "{" in route.path else route.request
    has_body = route.method == "POST" and route.request is not NoRequest
    return Target(route, has_body, msgspec.json.Decoder(shape), metrics)


def _request(target: Target, fields: Mapping[str, str], query: bytes, body: bytes) -> Any:
    kind = target.route.request
    if kind is NoRequest:
        return NOTHING
    if not target.has_body:
        return decode_fields({**query_fields(query), **fields}, kind)
    if not fields:
        return decode_body(body, target.decoder)
    return decode_fields({**(decode_body(body, target.decoder) if body else {}), **fields}, kind, strict=True)


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Take the token out of `Authorization: Bearer ...`. Raises Unauthorized."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token:
                return token.strip().decode("latin1")
    raise Unauthorized
