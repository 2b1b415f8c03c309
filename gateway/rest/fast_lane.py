"""Order entry without Quart: the same route, the same dispatcher, straight on ASGI.

Quart's own way from a socket to a handler and back costs about as much as the order itself (ARCHITECTURE.md has the
measurement), so the routes that are marked `fast` are served here, and all others behind it.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from engine.refusals import Refusal
from gateway.answers import JSON, Answer, Rejected, failure
from gateway.limits import BODY_BYTES_MAX
from gateway.rest.dispatch import ClientGone, Dispatcher
from gateway.statuses import Problem

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

_encode = msgspec.json.Encoder().encode


class FastLane:
    """An ASGI application; what is not for a fast route is `otherwise`'s."""

    def __init__(self, dispatcher: Dispatcher, otherwise: Any) -> None:
        self._dispatcher = dispatcher
        self._otherwise = otherwise
        self._targets = {
            (target.route.method, target.route.path.encode()): target
            for target in dispatcher.targets
            if target.route.fast
        }

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._otherwise(scope, receive, send)
            return
        target = self._targets.get((scope["method"], scope["raw_path"]))
        if target is not None:
            try:
                answer = await self._dispatcher.serve(target, {}, scope, partial(read_body, receive))
            except ClientGone:
                return
            await respond(send, answer)
        elif not scope["query_string"].isascii():  # Quart would raise what it does not handle
            await respond(send, failure(Refusal.MALFORMED, "the query string can't be read"))
        elif not is_utf8(scope["raw_path"]):  # and read what is no text as U+FFFD
            await respond(send, failure(Refusal.MALFORMED, "the path is not valid UTF-8"))
        else:
            await self._otherwise(scope, receive, send)


def is_utf8(raw_path: bytes) -> bool:
    """Whether a path is text once its percent signs are resolved."""
    try:
        unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError:
        return False
    return True


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
            raise Rejected(Problem.TOO_LARGE, TOO_LARGE)
        more = message.get("more_body", False)
    return body


TOO_LARGE = f"a body has at most {BODY_BYTES_MAX} bytes"


async def respond(send: Send, answer: Answer) -> None:
    """Send an answer."""
    body, headers = on_the_wire(answer)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def on_the_wire(answer: Answer) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Turn an answer into its body and its headers."""
    headers = list(answer.headers)
    if answer.body is None:
        return b"", headers
    body = answer.body if isinstance(answer.body, bytes) else _encode(answer.body)
    content_type = b"application/json" if answer.content_type is JSON else answer.content_type.encode()
    headers += [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    return body, headers
