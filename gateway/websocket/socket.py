"""What every socket of JSON messages has: one task reads, one writes; whatever ends one of them ends the socket.

its client goes      the session ends: 4401      the server stops: 1001      too many unreadable messages: 1008
"""

from abc import ABC, abstractmethod

import trio

from gateway.context import Gateway
from gateway.identity.caller import Caller
from gateway.websocket.wire import Wire

BAD_MESSAGES_MAX = 100  # that can't be read, in a socket's life: a client with a defect is told so by closing

# Close codes; 4xxx are ours, the others RFC 6455's.
GOING_AWAY = 1001
POLICY_VIOLATION = 1008
SESSION_ENDED = 4401


class Socket(ABC):
    """A socket that has been accepted. `run` returns when it is closed."""

    def __init__(self, gateway: Gateway, caller: Caller, wire: Wire) -> None:
        self._gateway = gateway
        self._caller = caller
        self._wire = wire
        self._nursery: trio.Nursery
        self._bad_messages = 0
        self._farewell: tuple[int, str] | None = None

    async def run(self) -> None:
        try:
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self.write)
                self._nursery.start_soon(self._watch_shutdown)
                if self._caller.has_session:
                    self._nursery.start_soon(self._watch_session)
                await self.read()
                self._nursery.cancel_scope.cancel()
        finally:
            self.leave()
        if self._farewell is not None:
            await self._wire.close(*self._farewell)

    @abstractmethod
    async def read(self) -> None:
        """Do what comes, until the client goes."""

    @abstractmethod
    async def write(self) -> None:
        """Send what there is, for ever."""

    @abstractmethod
    def leave(self) -> None:
        """Follow nothing any more."""

    async def say_farewell(self) -> None:
        """Finish what is under way when the server stops; it must not take long."""
        await trio.lowlevel.checkpoint()

    def close(self, code: int, reason: str) -> None:
        """End the socket with these words."""
        self._farewell = (code, reason)
        self._nursery.cancel_scope.cancel()

    def count_bad_message(self) -> None:
        """Count a message that can't be read; the last one closes."""
        self._bad_messages += 1
        if self._bad_messages == BAD_MESSAGES_MAX:
            self.close(POLICY_VIOLATION, f"{BAD_MESSAGES_MAX} messages that can't be read are enough")

    async def _watch_session(self) -> None:
        self.close(SESSION_ENDED, await self._gateway.sessions.ended(self._caller))

    async def _watch_shutdown(self) -> None:
        await self._gateway.shutdown.wait()
        await self.say_farewell()
        self.close(GOING_AWAY, "the server is shutting down")
