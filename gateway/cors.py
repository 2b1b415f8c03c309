"""Which pages in a browser may read answers: those of our own origins, and those that the operator lists.

This is about the pages of others: tokens stand in a header or a query, never in a cookie, so no page can act as a user
without having his token; and no origin is told that it may send credentials. Nor does a WebSocket's handshake look at
its Origin, which is no part of CORS: without a token there is only what everybody may see.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.middleware.cors import CORSMiddleware

Application = Callable[[Any, Any, Any], Awaitable[None]]  # ASGI's

OWN_ORIGINS = ("https://kmarket.com",)  # the odds specification's
OWN_ORIGINS_WITH_ANY_PORT = r"http://(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?"
REQUEST_HEADERS = ("Authorization", "Content-Type")  # that a page may set
ANSWER_HEADERS = ("Retry-After", "WWW-Authenticate", "Allow")  # that it may read, beside those that it always may
PREFLIGHT_S = 7_200  # as long as Chromium remembers one at most

HOST = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
USUAL_PORTS = {"http": "80", "https": "443"}  # browsers leave them out


def with_cors(app: Application, methods: Iterable[str], origins: tuple[str, ...]) -> Application:
    """Put CORS in front of a whole application: on every answer, whoever of those behind it gives it.

    A preflight is answered for any path: so what is wrong with a path or a method, the page itself can read. All this
    costs 4 us a request (own lines for it would 1): a hundredth of an order's way.
    """
    return CORSMiddleware(
        app,
        allow_origins=(*OWN_ORIGINS, *origins),
        allow_origin_regex=OWN_ORIGINS_WITH_ANY_PORT,
        allow_methods=sorted(methods),
        allow_headers=REQUEST_HEADERS,
        expose_headers=ANSWER_HEADERS,
        max_age=PREFLIGHT_S,
    )


def is_origin(text: str) -> bool:
    """Whether a browser would ever send this as its Origin: it is compared as a whole."""
    found = re.fullmatch(r"(https?)://(\[[0-9a-f:.]+\]|[^:/]+)(?::([1-9][0-9]{0,4}))?", text)
    if found is None:
        return False
    scheme, host, port = found.groups()
    if port is not None and (int(port) > 65_535 or port == USUAL_PORTS[scheme]):
        return False
    if not host.startswith("["):
        return re.fullmatch(HOST, host) is not None
    try:
        return str(ipaddress.IPv6Address(host[1:-1])) == host[1:-1]
    except ValueError:
        return False
