"""Who is logged in: a token that has expired is replaced by a new one, once for all who wait for it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from gateway.client import PredictionClient, Refused

Answer = TypeVar("Answer")

UNAUTHORIZED = 401


class Session:
    """Asks on behalf of one user. Once `refused` is set, nothing else will be answered: the program should end."""

    def __init__(self, client: PredictionClient, username: str, password: str) -> None:
        self.client = client
        self.username = username
        self.refused: Refused | None = None  # why the exchange does not take these credentials, or not any more
        self._password = password
        self._one_at_a_time = trio.Lock()

    async def ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call; on 401 log in again and make it once more. Raises what the call or the log-in raises."""
        if self.client.rest.token is None:
            await self.replace(None)
        used = self.client.rest.token
        try:
            return await call()
        except Refused as refused:
            if refused.status != UNAUTHORIZED:
                raise
            first = refused
        try:
            await self.replace(used)
        except Refused:
            raise first from None  # what is true of the call; `refused` has the rest
        return await call()

    async def replace(self, used: str | None) -> None:
        """Log in, unless somebody else has done so since this token was used."""
        async with self._one_at_a_time:
            if self.refused is not None:
                raise self.refused
            if self.client.rest.token != used:
                return
            try:
                await self.client.log_in(self.username, self._password)
            except Refused as refused:
                self.refused = refused
                raise

    def why_refused(self) -> str:
        """Say it as a sentence."""
        assert self.refused is not None
        told = self.refused
        return (
            f"The exchange does not log {self.username} in: {told.status} {told.code} {told.message}".rstrip(" .") + "."
        )
