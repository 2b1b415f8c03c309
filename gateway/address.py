"""Where a request comes from: the peer, or what trusted proxies say about it."""

import ipaddress
from collections.abc import Iterable
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(scope: Any, trusted: tuple[Network, ...]) -> str:
    """Read the address from an ASGI scope: the last one that no trusted proxy of ours has."""
    peer = scope.get("client")
    address = peer[0] if peer else ""
    if not trusted or not _is_in(address, trusted):
        return address
    for hop in reversed(list(_forwarded(scope["headers"]))):
        if not _is_address(hop):
            break
        address = hop
        if not _is_in(hop, trusted):
            break
    return address


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[str]:
    for name, value in headers:
        if name == b"x-forwarded-for":
            for hop in value.decode("latin1").split(","):
                yield hop.strip()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)
