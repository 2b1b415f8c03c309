"""A bare quart-trio server that echoes HTTP bodies and WebSocket messages: what the gateway is measured beside."""

import sys

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import Response, request, websocket
from quart_trio import QuartTrio

app = QuartTrio("echo")


@app.post("/echo")
async def echo() -> Response:
    """Answer with what came."""
    return Response(await request.get_data())


@app.websocket("/ws")
async def echo_messages() -> None:
    """Answer each message with itself."""
    while True:
        await websocket.send(await websocket.receive())


async def main() -> None:
    """Serve on a free port and say which."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.keep_alive_max_requests = 2**62
    config.errorlog = None
    async with trio.open_nursery() as nursery:
        (bound,) = await nursery.start(serve, app, config)
        print(bound, flush=True)
        await trio.lowlevel.wait_readable(sys.stdin)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
