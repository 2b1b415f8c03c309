"""The REST API as an ASGI application: bytes in, a handler, bytes out.

It stands in front of Quart, whose own way from a socket to a handler and back costs as much again (ARCHITECTURE.md has
the measurement).

method -> 405     body -> 408, 413     token -> 401, 403     fields -> 400     handler -> whatever it answers
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
import trio

from engine.refusals import Refusal
from gateway.address import client_address
from gateway.answers import JSON, Answer, Rejected, failure
from gateway.context import Gateway, answer_for, attempt, no_answer
from gateway.decoding import decode_body, decode_fields, malformed, query_fields
from gateway.identity.caller import Caller, Role
from gateway.identity.sessions import Unauthorized
from gateway.limits import BODY_BYTES_MAX
from gateway.metrics import RequestMetrics
from gateway.rest.router import Router
from gateway.rest.routes import Access, Route, RouteClass
from gateway.rest.symbols import NoRequest
from gateway.statuses import Problem

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

NOTHING = NoRequest()

_encode = msgspec.json.Encoder().encode


class ClientGone(Exception):
    """There is nobody to answer."""


class Target(msgspec.Struct, frozen=True):
    """A route, ready to be called."""

    route: Route
    has_body: bool
    decoder: msgspec.json.Decoder[Any]
    metrics: RequestMetrics


class Dispatcher:
    """Serves the routes; other paths, and what is not HTTP, are `otherwise`'s."""

    def __init__(self, gateway: Gateway, routes: Iterable[Route], otherwise: Any) -> None:
        self._gateway = gateway
        self._otherwise = otherwise
        metrics = {kind: gateway.metrics.of_class(kind.value) for kind in RouteClass}
        self._router = Router((r.method, r.path, _target(r, metrics[r.route_class])) for r in routes)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        found = self._router.find(scope["raw_path"]) if scope["type"] == "http" else None
        if found is not None:
            await self._serve(*found, scope, receive, send)
        elif scope["type"] != "http" or scope["query_string"].isascii():
            await self._otherwise(scope, receive, send)
        else:  # Quart would raise what it does not handle
            await respond(send, failure(Refusal.MALFORMED, "the query string can't be read"))

    async def _serve(
        self, targets: Mapping[str, Target], fields: Mapping[str, bytes], scope: Scope, receive: Receive, send: Send
    ) -> None:
        target = targets.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if target is None:
            await respond(send, method_not_allowed(targets))
            return
        started = trio.current_time()
        with self._gateway.metrics.in_flight.track_inprogress():
            try:
                answer = await self._answer(target, fields, scope, receive)
            except ClientGone:
                return
            except Exception as error:  # noqa: BLE001  # the wall between a request and all others
                answer = answer_for(error)
            await respond(send, answer)
        target.metrics.observe(answer.status, trio.current_time() - started)

    async def _answer(self, target: Target, fields: Mapping[str, bytes], scope: Scope, receive: Receive) -> Answer:
        whole = False
        with trio.move_on_after(self._gateway.settings.request_deadline_s):
            body = await read_body(receive) if target.has_body else b""
            whole = True
            caller = self._caller(target.route.access, scope)
            request = _request(target, path_fields(fields), scope["query_string"], body)
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


def method_not_allowed(targets: Mapping[str, object]) -> Answer:
    """Say which methods a path takes."""
    methods = ", ".join(targets)
    answer = failure(Problem.METHOD_NOT_ALLOWED, f"this path takes {methods}")
    return msgspec.structs.replace(answer, headers=((b"allow", methods.encode()),))


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


def path_fields(raw: Mapping[str, bytes]) -> dict[str, str]:
    """Decode what stands in a path. Raises Rejected(MALFORMED)."""
    try:
        return {name: unquote_to_bytes(segment).decode() for name, segment in raw.items()}
    except UnicodeDecodeError:
        raise malformed("the path is not valid UTF-8") from None


async def read_body(receive: Receive) -> bytes:
    """Read a whole body. Raises Rejected(TOO_LARGE), ClientGone."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise Rejected(Problem.TOO_LARGE, f"a body has at most {BODY_BYTES_MAX} bytes")
        more = message.get("more_body", False)
    return body


async def respond(send: Send, answer: Answer) -> None:
    """Send an answer."""
    headers = list(answer.headers)
    body = b""
    if answer.body is not None:
        body = answer.body if isinstance(answer.body, bytes) else _encode(answer.body)
        content_type = b"application/json" if answer.content_type is JSON else answer.content_type.encode()
        headers += [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
