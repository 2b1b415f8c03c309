"""As much of a browser as decides what a page may ask and read: the CORS half of the Fetch standard.

`send` is how a request gets to the server and its answer back.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from tests.gateway.houses import Reply

Headers = Sequence[tuple[bytes, bytes]]
Send = Callable[[str, str, bytes, Headers], Awaitable[Reply]]

SAFE_METHODS = ("GET", "HEAD", "POST")
SAFE_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
READABLE = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}


class Blocked(Exception):
    """All that the page's script is told: a TypeError."""


class Page:
    """A page of some origin. It has no cookies."""

    def __init__(self, origin: str, send: Send) -> None:
        self.origin = origin
        self._send = send

    async def fetch(self, method: str, path: str, body: Any = None, token: str | None = None) -> Reply:
        """Ask as a script does, preflight included; what comes back has the headers that the script can read."""
        headers = [("Authorization", f"Bearer {token}")] if token is not None else []
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        unsafe = sorted(name.lower() for name, value in headers if not _is_safe(name, value))
        if method not in SAFE_METHODS or unsafe:
            await self._preflight(method, path, unsafe)
        own = [(name.lower().encode(), value.encode()) for name, value in headers]
        raw = b"" if body is None else msgspec.json.encode(body)
        reply = await self._send(method, path, raw, [*own, (b"origin", self.origin.encode())])
        self._check(reply)
        shown = READABLE | set(_list(reply, "access-control-expose-headers"))
        return Reply(reply.status, {name: value for name, value in reply.headers.items() if name in shown}, reply.body)

    async def _preflight(self, method: str, path: str, unsafe: list[str]) -> None:
        asked = [(b"origin", self.origin.encode()), (b"access-control-request-method", method.encode())]
        if unsafe:
            asked.append((b"access-control-request-headers", ",".join(unsafe).encode()))
        reply = await self._send("OPTIONS", path, b"", asked)
        self._check(reply)
        if not 200 <= reply.status < 300:
            raise Blocked(f"the preflight was answered {reply.status}")
        if method not in SAFE_METHODS and method not in reply.headers["access-control-allow-methods"].split(", "):
            raise Blocked(f"{method} is not allowed")
        if missing := set(unsafe) - set(_list(reply, "access-control-allow-headers")):
            raise Blocked(f"{missing} are not allowed")

    def _check(self, reply: Reply) -> None:
        if reply.headers.get("access-control-allow-origin") != self.origin:
            raise Blocked("the answer is not for this origin")


def _is_safe(name: str, value: str) -> bool:
    return name == "Content-Type" and value in SAFE_TYPES


def _list(reply: Reply, name: str) -> list[str]:
    return [part.strip().lower() for part in reply.headers.get(name, "").split(",")]
