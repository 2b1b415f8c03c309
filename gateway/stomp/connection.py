"""One STOMP socket: one task reads, one writes, one waits for the server's stop; the session says what to do.

read ── bytes ──> session ── open ──> topics
                     │                  │ wake
write <── texts ─────┴──────────────────┘
"""

import trio

from gateway.answers import Rejected
from gateway.context import Gateway
from gateway.identity.caller import Caller
from gateway.identity.refusals import Unauthorized
from gateway.rest.dispatch import bearer_token
from gateway.statuses import Problem
from gateway.stomp.session import Session
from gateway.stomp.topics import Topics
from gateway.websocket.wire import Wire

REPLIES_MAX = 100  # answers not yet taken: above it reading stops, and TCP holds the client back
FRAMES_MAX = 64  # handled in one go, some 10 us each: a message of ten thousand frames lets the others run


class Connection:
    """A socket that has been accepted. `run` returns when it is closed."""

    def __init__(self, gateway: Gateway, topics: Topics, wire: Wire, *, name: str, address: str) -> None:
        self._gateway = gateway
        self._wire = wire
        self._address = address
        self._woken = trio.Event()  # set when there is something to take, and made anew when it is taken
        self._taken = trio.Event()  # the other way round
        self._nursery: trio.Nursery
        self._session = Session(
            name, topics, authenticate=self._authenticate, wake=self._wake, now_s=trio.current_time()
        )

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return self._session.subscriptions

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._read)
                self._nursery.start_soon(self._watch_shutdown)
                await self._write()
                self._nursery.cancel_scope.cancel()
        finally:
            self._session.leave()
        if self._session.farewell is not None:
            await self._wire.close(*self._session.farewell)

    # What ends it

    def _authenticate(self, authorization: str) -> None:
        """Take the Authorization header of CONNECT. Raises Rejected for one that is not good."""
        token = bearer_token([(b"authorization", authorization.encode())])
        caller = self._gateway.sessions.authenticate_socket(token, self._address)
        self._nursery.start_soon(self._watch_session, caller)

    async def _watch_session(self, caller: Caller) -> None:
        self._session.fail(Unauthorized(await self._gateway.sessions.ended(caller)))

    async def _watch_shutdown(self) -> None:
        await self._gateway.shutdown.wait()
        self._session.fail(Rejected(Problem.SHUTTING_DOWN, "the server is shutting down"))

    # Reading

    async def _read(self) -> None:
        """Read until the client goes."""
        while (raw := await self._wire.receive()) is not None:
            self._session.feed(raw, trio.current_time())
            handled = 0
            while self._session.handle_next():
                handled += 1
                if handled % FRAMES_MAX == 0:
                    await trio.lowlevel.checkpoint()
                while self._session.replies > REPLIES_MAX:
                    await self._taken.wait()
        self._nursery.cancel_scope.cancel()

    # Writing

    async def _write(self) -> None:
        """Write until there is nothing more to say."""
        while True:
            texts = self._session.take(trio.current_time())
            if texts:
                self._taken.set()
                self._taken = trio.Event()
                await self._wire.send(texts)
            elif self._session.farewell is not None:
                return
            else:
                with trio.move_on_at(self._session.due_s):
                    await self._woken.wait()
                self._woken = trio.Event()

    def _wake(self) -> None:
        self._woken.set()
