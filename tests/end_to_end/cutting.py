"""Connections that end in the middle: the request is on its way, and nobody will hear the answer."""

from typing import Any

import msgspec
import trio

from gateway.client import RestClient, StreamClient
from tests.end_to_end.servers import Rialto


async def cut(stream: StreamClient) -> None:
    """Close a socket without a word, as a network does."""
    await trio.aclose_forcefully(stream._socket._stream)


async def send_and_cut(rialto: Rialto, client: RestClient, path: str, body: Any, after_s: float) -> None:
    """Send a POST over a connection of its own, and close that after a while, answered or not."""
    content = msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {client.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    stream = await trio.open_tcp_stream("127.0.0.1", rialto.port)
    try:
        await stream.send_all(head.encode() + content)
        await trio.sleep(after_s)
    finally:
        await trio.aclose_forcefully(stream)
