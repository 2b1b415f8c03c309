"""A wire to PostgreSQL that a test can hold up and cut: a port on loopback in front of the server's unix socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import trio

CHUNK_BYTES = 65536


class Gate:
    """Lets bytes pass while it is open; shut, it keeps them."""

    def __init__(self) -> None:
        self._open = trio.Event()
        self._open.set()

    def shut(self) -> None:
        self._open = trio.Event()

    def open(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()


class Link:
    """One connection: Rialto's end, the server's end, and a gate each way."""

    def __init__(self, client: trio.SocketStream, server: trio.SocketStream) -> None:
        self.client = client
        self.server = server
        self.questions = Gate()
        self.answers = Gate()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pump, self.client, self.server, self.questions)
            nursery.start_soon(self._pump, self.server, self.client, self.answers)

    async def _pump(self, source: trio.SocketStream, target: trio.SocketStream, gate: Gate) -> None:
        try:
            while chunk := await source.receive_some(CHUNK_BYTES):
                await gate.passed()
                await target.send_all(chunk)
            await target.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


class Wire:
    """All connections made through the port; `dsn` leads to it."""

    def __init__(self, dsn: str) -> None:
        address = urlsplit(dsn)
        options = parse_qs(address.query)
        [folder], [port] = options["host"], options["port"]
        self._socket = f"{folder}/.s.PGSQL.{port}"
        self._address = address
        self._port = 0
        self.links: list[Link] = []
        self.refusing = False  # new connections, at once

    @property
    def dsn(self) -> str:
        query = urlencode({"host": "127.0.0.1", "port": str(self._port), "sslmode": "disable"})
        return urlunsplit(self._address._replace(query=query))

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self._port = listener.socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._join, [listener])
            task_status.started()

    async def _join(self, client: trio.SocketStream) -> None:
        if self.refusing:
            return
        async with await trio.open_unix_socket(self._socket) as server:
            link = Link(client, server)
            self.links.append(link)
            await link.run()

    def shut_questions(self) -> None:
        for link in self.links:
            link.questions.shut()

    def shut_answers(self) -> None:
        for link in self.links:
            link.answers.shut()

    async def cut(self) -> None:
        """End all connections so far, at both ends; a server at work notices when it wants to answer."""
        links, self.links = self.links, []
        for link in links:
            await trio.aclose_forcefully(link.client)
            await trio.aclose_forcefully(link.server)


@asynccontextmanager
async def open_wire(dsn: str) -> AsyncIterator[Wire]:
    """Serve the port for the length of the block."""
    wire = Wire(dsn)
    async with trio.open_nursery() as nursery:
        await nursery.start(wire.serve)
        yield wire
        nursery.cancel_scope.cancel()
