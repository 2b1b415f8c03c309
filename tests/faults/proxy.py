"""A proxy in front of PostgreSQL that knows a commit when it sees one, and can cut the connection right there.

Rialto ── startup, then messages: type, length, body ──> proxy ──> PostgreSQL
          Parse names the commit's statement, Bind .. Sync runs it
"""

import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.end_to_end.servers import Rialto, running_rialto
from tests.storage.wire import CHUNK_BYTES, Link, Wire

COMMIT = b"insert into journal"  # in the commit's statement and in no other
PARSE, BIND, SYNC = b"P"[0], b"B"[0], b"S"[0]


class Cut(enum.Enum):
    """Where a connection is cut in a commit."""

    BEFORE = "the commit does not get through"
    ON_THE_WAY = "it does, and nobody waits for its answer"
    AFTER = "it is answered, and the answer gets lost"


class Proxy(Wire):
    """A wire that can cut at commits, and stall."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.commits = 0  # that have come by
        self._cut: Cut | None = None
        self._done = trio.Event()
        self._stalled = False

    async def cut_next_commit(self, cut: Cut) -> None:
        """Cut the next commit's connection there; returns when that has happened."""
        self._cut, self._done = cut, trio.Event()
        await self._done.wait()

    def stall(self) -> None:
        """Keep all bytes, those of new connections too, until `resume`."""
        self._stalled = True
        self.shut_questions()
        self.shut_answers()

    def resume(self) -> None:
        """Let everything pass that was kept, and what comes."""
        self._stalled = False
        for link in self.links:
            link.questions.open()
            link.answers.open()

    def due(self) -> Cut | None:
        """Count a commit; whether it is to be cut, and where."""
        self.commits += 1
        cut, self._cut = self._cut, None
        return cut

    def cut_done(self) -> None:
        self._done.set()

    async def _join(self, client: trio.SocketStream) -> None:
        async with await trio.open_unix_socket(self._socket) as server:
            link = CommitLink(client, server, self)
            if self._stalled:
                link.questions.shut()
                link.answers.shut()
            self.links.append(link)
            await link.run()


class CommitLink(Link):
    """One connection, whose questions are read message by message."""

    def __init__(self, client: trio.SocketStream, server: trio.SocketStream, proxy: Proxy) -> None:
        super().__init__(client, server)
        self._proxy = proxy
        self._cut_at_answer = False

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pass_questions)
            nursery.start_soon(self._pass_answers)

    async def _pass_questions(self) -> None:
        statement: bytes | None = None  # the commit's name, once it is prepared
        cut: Cut | None = None
        try:
            async for kind, message in messages(self.client):
                await self.questions.passed()
                if kind == PARSE and COMMIT in message:
                    statement = message[5:].split(b"\0", 1)[0]
                elif kind == BIND and message[5:].split(b"\0", 2)[1] == statement:
                    cut = self._proxy.due()
                    if cut is Cut.BEFORE:
                        await self._hang_up()
                        return
                    self._cut_at_answer = cut is Cut.AFTER
                await self.server.send_all(message)
                if kind == SYNC and cut is Cut.ON_THE_WAY:
                    await self._hang_up()
                    return
            await self.server.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def _pass_answers(self) -> None:
        try:
            while chunk := await self.server.receive_some(CHUNK_BYTES):
                if self._cut_at_answer:
                    await self._hang_up()
                    return
                await self.answers.passed()
                await self.client.send_all(chunk)
            await self.client.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def _hang_up(self) -> None:
        await trio.aclose_forcefully(self.client)
        await trio.aclose_forcefully(self.server)
        self._proxy.cut_done()


async def messages(client: trio.SocketStream) -> AsyncIterator[tuple[int, bytes]]:
    """Take a client's bytes apart: each message with its type; the first has none, and 0 stands for it."""
    received = bytearray()
    head = 0  # how long the type is
    async for chunk in client:
        received += chunk
        while len(received) >= head + 4:
            end = head + int.from_bytes(received[head : head + 4], "big")
            if len(received) < end:
                break
            message = bytes(received[:end])
            del received[:end]
            yield message[0] if head else 0, message
            head = 1


@asynccontextmanager
async def open_proxy(dsn: str) -> AsyncIterator[Proxy]:
    """Serve a port for the length of the block; `proxy.dsn` leads to it."""
    proxy = Proxy(dsn)
    async with trio.open_nursery() as nursery:
        await nursery.start(proxy.serve)
        yield proxy
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def rialto_behind(proxy: Proxy, **environment: str) -> AsyncIterator[Rialto]:
    """Run a Rialto whose database is reached through a proxy of this very thread, which so must not wait for it."""
    running = running_rialto(DATABASE_URL=proxy.dsn, **environment)
    rialto = await trio.to_thread.run_sync(running.__enter__)
    try:
        yield rialto
        if rialto.process.poll() is None:
            assert await trio.to_thread.run_sync(rialto.stop) == 0, rialto.said[-20:]
    finally:
        rialto.kill()
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(running.__exit__, None, None, None)
