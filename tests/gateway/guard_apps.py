"""Applications behind a guarded server, and bytes that a client may send it."""

from collections.abc import Awaitable, Callable
from typing import Any

import trio
from quart import Quart
from quart import websocket as quart_websocket
from quart_trio import QuartTrio

Handler = Callable[[Any, Any, Any], Awaitable[None]]
SMALL_BUFFER = 4096
SENDS_MAX = 200_000  # "for ever", but bounded: a frozen loop shall fail a test, not hang it
EXPECT_100 = b"POST /none HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HTTP2_SETTINGS = bytes.fromhex("000000040000000000")
HTTP2_POST = bytes.fromhex("00000c010400000001") + b"\x83\x86\x44\x05/none\x41\x01x"  # HEADERS: POST http x /none
HTTP2_DATA = bytes.fromhex("000004000000000001") + b"late"
HTTP2_CONNECT = bytes.fromhex("00000c010400000001") + b"\x42\x07CONNECT\x41\x01x"  # HEADERS without a :path


def raw_app(on_socket: Handler | None = None, on_http: Handler | None = None) -> Any:
    """An ASGI app as bare as can be: no framework that would catch a fault before the guard."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
        elif scope["type"] == "websocket":
            await receive()
            await (on_socket or echo)(scope, receive, send)
        elif scope["path"] == "/hello":
            await answer(send, b"hello")
        else:
            assert on_http is not None
            await on_http(scope, receive, send)

    return app


async def answer(send: Any, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"], "bytes": event["bytes"]})


async def reject(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b"no"})


async def accept_and_sleep(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await trio.sleep_forever()


async def pump(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    for _ in range(SENDS_MAX):
        await send({"type": "websocket.send", "bytes": bytes(65536)})


def quart_app() -> Quart:
    app = QuartTrio("tests")

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/slow")
    async def slow() -> str:
        await trio.sleep(0.5)
        return "at last"

    @app.post("/none")
    async def none() -> tuple[str, int]:
        return "", 403

    @app.websocket("/socket")
    async def echo_socket() -> None:
        while True:
            await quart_websocket.send(await quart_websocket.receive())

    @app.websocket("/pump")
    async def pump_socket() -> None:
        for _ in range(SENDS_MAX):
            await quart_websocket.send("x" * 1000)

    return app
