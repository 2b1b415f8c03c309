"""Damaged requests by the thousand: whatever they do, it was foreseen."""

import random
from contextlib import suppress
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from tests.gateway.guard_apps import (
    EXPECT_100,
    HTTP2_DATA,
    HTTP2_POST,
    HTTP2_PREFACE,
    HTTP2_SETTINGS,
    answer,
    quart_app,
    raw_app,
)
from tests.gateway.raw_sockets import GET, TEXT, UPGRADE, connect, frame, reset, running

pytestmark = pytest.mark.trio

REQUESTS = (
    GET,
    GET * 3,
    UPGRADE + b"\r\n",
    UPGRADE + b"\r\n" + frame(TEXT, b"hello") * 5,
    b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + GET,
    EXPECT_100,
    b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    HTTP2_PREFACE + HTTP2_SETTINGS + HTTP2_POST + HTTP2_DATA,
)


def damaged(request: bytes, luck: random.Random) -> bytes:
    damage = bytearray(request)
    for _ in range(luck.choice((0, 1, 1, 2, 5))):
        place = luck.randrange(len(damage) + 1)
        kind = luck.randrange(3)
        if kind == 0:
            damage[place : place + 1] = luck.randbytes(1)
        elif kind == 1:
            del damage[place : place + luck.randrange(1, 8)]
        else:
            damage[place:place] = request[: luck.randrange(len(request))]
    return bytes(damage)


async def talk_nonsense(port: int, luck: random.Random) -> None:
    """One damaged request in two pieces; a few of its answer's bytes; then a close, or a reset."""
    data = damaged(luck.choice(REQUESTS), luck)
    cut = luck.randrange(len(data) + 1)
    async with await connect(port) as stream:
        with suppress(trio.BrokenResourceError), trio.move_on_after(luck.random() * 0.02):
            await stream.send_all(data[:cut])
            await trio.sleep(luck.choice((0, 0.003)))
            await stream.send_all(data[cut:])
            while await stream.receive_some(65536):
                pass
        if luck.random() < 0.3:
            reset(stream)


async def answer_or_fail(scope: Any, receive: Any, send: Any) -> None:
    assert scope["method"] != "POST"
    await answer(send, b"")


@pytest.mark.slow
@pytest.mark.parametrize("app", [quart_app(), raw_app(on_http=answer_or_fail)], ids=["quart", "raw"])
async def test_no_nonsense_gets_past_what_was_foreseen(app: Any) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    luck = random.Random(seed)
    async with running(app, leave_s=0.2, keep_alive_s=0.3, head_deadline_s=0.3) as server:
        with capture_logs() as logs:
            for _ in range(200):
                async with trio.open_nursery() as nursery:
                    for _ in range(10):
                        nursery.start_soon(talk_nonsense, server.port, luck)
            await server.empty()
        assert [entry for entry in logs if entry["event"] != "server"] == []
        assert await server.is_alive()
