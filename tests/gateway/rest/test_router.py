"""Which route a path is for."""

import pytest

from gateway.rest.router import Router

ROUTER = Router(
    [
        ("GET", "/", "root"),
        ("GET", "/orders", "list"),
        ("POST", "/orders", "place"),
        ("GET", "/orders/{orderId}", "one"),
        ("DELETE", "/orders/{orderId}", "cancel"),
        ("GET", "/orders/by-id/{id}", "by id"),
        ("GET", "/symbols/{symbol}/book", "book"),
        ("GET", "/symbols/{symbol}/trades", "trades"),
    ]
)


@pytest.mark.parametrize(
    ("path", "targets", "fields"),
    [
        (b"/", {"GET": "root"}, {}),
        (b"/orders", {"GET": "list", "POST": "place"}, {}),
        (b"/orders/7", {"GET": "one", "DELETE": "cancel"}, {"orderId": b"7"}),
        (b"/orders/a%2Fb", {"GET": "one", "DELETE": "cancel"}, {"orderId": b"a%2Fb"}),
        (b"/orders/by-id/x", {"GET": "by id"}, {"id": b"x"}),
        (b"/symbols/A_B/book", {"GET": "book"}, {"symbol": b"A_B"}),
        (b"/symbols/A_B/trades", {"GET": "trades"}, {"symbol": b"A_B"}),
    ],
)
def test_found(path: bytes, targets: dict[str, str], fields: dict[str, bytes]) -> None:
    assert ROUTER.find(path) == (targets, fields)


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"*",
        b"//",
        b"/orders/",
        b"/order",
        b"/orders/7/",
        b"/symbols/A_B/candles",
        b"/symbols/A_B",
        b"/ORDERS",
        b"/%6Frders",
    ],
)
def test_not_found(path: bytes) -> None:
    assert ROUTER.find(path) is None


def test_a_route_stands_once() -> None:
    with pytest.raises(AssertionError):
        Router([("GET", "/a/{x}", 1), ("GET", "/a/{x}", 2)])
