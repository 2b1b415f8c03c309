"""Who is behind a request."""

import ipaddress
from typing import Any

import pytest

from gateway.address import client_address

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1"))


def scope(peer: str | None, *forwarded: bytes) -> dict[str, Any]:
    client = None if peer is None else (peer, 1)
    return {"client": client, "headers": [(b"x-forwarded-for", value) for value in forwarded]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", [b"203.0.113.9"], "192.0.2.7"),  # not a proxy of ours: its word is nothing
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [b"198.51.100.1, 203.0.113.9"], "203.0.113.9"),  # only the last is the proxy's own word
        ("10.0.0.1", [b"203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", [b"198.51.100.1", b"203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [b"203.0.113.9, rubbish"], "10.0.0.1"),
        ("10.0.0.1", [b"\xff\xfe"], "10.0.0.1"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("::1", [b"2001:db8::9"], "2001:db8::9"),
        (None, [b"203.0.113.9"], ""),
    ],
)
def test_address(peer: str | None, forwarded: list[bytes], address: str) -> None:
    assert client_address(scope(peer, *forwarded), PROXIES) == address


def test_without_proxies_the_peer_counts() -> None:
    assert client_address(scope("10.0.0.1", b"203.0.113.9"), ()) == "10.0.0.1"
