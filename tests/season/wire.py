"""A connection that breaks wherever one likes, in the middle of a frame too."""

import trio


class FrayingWire(trio.abc.Stream):
    """Passes bytes on until it breaks: then both sides see a connection that is gone, without a word."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.broken = False
        self._stream = stream
        self._left_to_send: int | None = None
        self._left_to_receive: int | None = None

    def break_after_sending(self, count: int) -> None:
        """Send so many bytes more."""
        self._left_to_send = count

    def break_after_receiving(self, count: int) -> None:
        """Receive so many bytes more."""
        self._left_to_receive = count

    async def break_now(self) -> None:
        self.broken = True
        await trio.aclose_forcefully(self._stream)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._left_to_send is not None and len(data) >= self._left_to_send:
            await self._stream.send_all(data[: self._left_to_send])
            await self.break_now()
            raise trio.BrokenResourceError
        await self._stream.send_all(data)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        if self._left_to_receive is not None:
            data = data[: self._left_to_receive]
            self._left_to_receive -= len(data)
            if self._left_to_receive == 0:
                await self.break_now()
        return data

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()
