"""WebSockets through the guard: pings, the longest message, frames that are none."""

from typing import Any, ClassVar

import pytest
import trio
from structlog.testing import capture_logs

from tests.gateway.guard_apps import quart_app, raw_app
from tests.gateway.raw_sockets import BINARY, CLOSE, PING, PONG, TEXT, flood, frame, frame_head, running, websocket

pytestmark = pytest.mark.trio


class TestDeadPeers:
    LIMITS: ClassVar = {"ping_interval_s": 0.15, "pong_deadline_s": 0.35}

    async def test_who_answers_no_ping_is_closed(self) -> None:
        async with running(raw_app(), **self.LIMITS) as server, websocket(server.port) as client:
            received = [
                await client.receive() for _ in range(6)
            ]  # it is cut after the second ping and before the sixth
            assert received[:2] == [(PING, b"")] * 2
            assert received[-1] == (CLOSE, b"")
            await server.empty()

    async def test_who_answers_pings_stays(self) -> None:
        async with running(raw_app(), **self.LIMITS) as server, websocket(server.port) as client:
            for _ in range(5):
                assert await client.receive() == (PING, b"")
                await client.send(PONG)
            await client.send(TEXT, b"still here")
            assert await client.receive_message() == (TEXT, b"still here")

    async def test_the_handler_of_a_dead_peer_is_told(self) -> None:
        told: list[str] = []

        async def listen(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            told.append((await receive())["type"])

        async with running(raw_app(listen), **self.LIMITS) as server, websocket(server.port):
            await server.empty()
        assert told == ["websocket.disconnect"]

    async def test_a_slow_handler_does_not_make_its_client_dead(self) -> None:
        """While the queue is full nothing is read; what the peer said meanwhile counts once there is room again."""

        async def slow_echo(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            await trio.sleep(0.8)
            while (event := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": event["text"]})

        async with running(raw_app(slow_echo), **self.LIMITS) as server, websocket(server.port) as client:
            for number in range(40):
                await client.send(TEXT, str(number).encode())
            for number in range(40):
                assert await client.receive_message() == (TEXT, str(number).encode())


class TestMessages:
    async def test_an_offer_of_deflate_is_not_accepted(self) -> None:
        offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        async with running(quart_app()) as server, websocket(server.port, headers=offer) as client:
            assert b"extensions" not in client.head.lower()
            await client.send(TEXT, b"a" * 1000)
            assert await client.receive_message() == (TEXT, b"a" * 1000)

    @pytest.mark.parametrize("opcode", [TEXT, BINARY])
    async def test_the_longest_message_passes_and_one_more_byte_closes_with_1009(self, opcode: int) -> None:
        async with running(quart_app(), message_length_max=1000) as server, websocket(server.port) as client:
            await client.send(opcode, b"a" * 1000)
            assert await client.receive_message() == (opcode, b"a" * 1000)
            await client.send(opcode, b"a" * 1001)
            assert await client.receive_message() == (
                CLOSE,
                (1009).to_bytes(2, "big") + b"a message has at most 1000 characters",
            )
            await client.send(CLOSE, (1009).to_bytes(2, "big"))
            assert await client.receive() == (CLOSE, b"")
            await client.stream.aclose()
            await server.empty()

    async def test_1009_arrives_however_much_is_still_on_its_way(self) -> None:
        async with running(quart_app()) as server, websocket(server.port) as client:
            await client.send(BINARY, bytes(1_000_000))
            opcode, payload = await client.receive_message()
            assert (opcode, payload[:2]) == (CLOSE, (1009).to_bytes(2, "big"))

    async def test_a_message_without_end_is_cut(self) -> None:
        async with running(quart_app(), leave_s=0.3) as server, websocket(server.port) as client:
            await client.stream.send_all(frame_head(BINARY, 2**40))
            await flood(client.stream, bytes(65536))
            await server.empty()

    async def test_a_message_in_endless_fragments_is_cut(self) -> None:
        async with running(quart_app(), leave_s=0.3) as server, websocket(server.port) as client:
            await client.stream.send_all(frame(TEXT, b"a", final=False))
            await flood(client.stream, frame(0, b"a" * 100, final=False) * 100)
            await server.empty()

    BAD_FRAMES: ClassVar = {
        "bad UTF-8": (frame(TEXT, b"\xff\xff"), 1007),
        "no mask": (frame(TEXT, b"hello", masked=False), 1002),
        "an unknown opcode": (frame(5, b"hello"), 1002),
        "a fragmented ping": (frame(PING, b"", final=False), 1002),
        "a continuation of nothing": (frame(0, b"hello"), 1002),
        "reserved bits": (b"\xf1\x80\0\0\0\0", 1002),
        "a close of one byte": (frame(CLOSE, b"x"), 1002),
    }

    @pytest.mark.parametrize(("sent", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
    async def test_bytes_that_are_no_frame_are_closed_with_a_reason(self, sent: bytes, code: int) -> None:
        async with running(quart_app(), leave_s=0.3) as server, websocket(server.port) as client:
            await client.stream.send_all(sent)
            opcode, payload = await client.receive_message()
            assert opcode == CLOSE
            assert int.from_bytes(payload[:2], "big") == code
            assert len(payload) > 2
            assert await server.is_alive()

    async def test_a_close_is_answered(self) -> None:
        async with running(quart_app()) as server, websocket(server.port) as client:
            await client.send(CLOSE, (1000).to_bytes(2, "big") + b"bye")
            assert await client.receive_message() == (CLOSE, (1000).to_bytes(2, "big") + b"bye")
            assert await client.receive() == (CLOSE, b"")


@pytest.mark.parametrize("message", [{"texts": ["a", "b"]}, {"text": "a", "bytes": None}])
async def test_a_good_bye_while_something_is_sent_is_no_error(message: dict[str, Any]) -> None:
    """The handler hears of the close a moment after the server: what it sends until then goes nowhere."""
    ended: list[str] = []

    async def talk_on(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        try:
            async with trio.open_nursery() as nursery:

                async def listen() -> None:
                    while (await receive())["type"] != "websocket.disconnect":
                        pass
                    nursery.cancel_scope.cancel()

                nursery.start_soon(listen)
                while True:
                    await send({"type": "websocket.send", **message})
                    await trio.lowlevel.checkpoint()
        finally:
            ended.append("ended")

    with capture_logs() as logs:
        async with running(raw_app(talk_on)) as server:
            for _ in range(20):
                async with websocket(server.port) as client:
                    await client.receive()
                    await client.send(CLOSE, b"\x03\xe8")
                await server.empty()
    assert len(ended) == 20
    assert not [entry for entry in logs if entry["log_level"] == "error"], logs
