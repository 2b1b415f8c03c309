"""Watches: who wants to know when a session ends, as each open socket does."""

import msgspec
import trio

from gateway.identity.caller import Caller

EXPIRED = "the token has expired"

Owner = int | str | None  # a user's id, a guest's token


class Watch(msgspec.Struct, eq=False):
    """One who waits."""

    token_id: str
    over: trio.Event
    reason: str = ""


class Watches:
    """Those of a user stand together, as they end together; guests, of whom there may be many, each alone."""

    def __init__(self) -> None:
        self._by_owner: dict[Owner, dict[Watch, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_owner.values()))

    async def wait(self, caller: Caller, now_ms: int) -> str:
        """Return when somebody ends the session or it expires, with a few words why."""
        watch = Watch(caller.token_id, trio.Event())
        owner = _owner(caller.user_id, caller.token_id)
        watches = self._by_owner.setdefault(owner, {})
        watches[watch] = None
        try:
            left_s = (caller.expires_ms - now_ms) / 1_000
            with trio.move_on_after(max(left_s, 0)):
                await watch.over.wait()
            return watch.reason or EXPIRED
        finally:
            del watches[watch]
            if not watches:
                self._by_owner.pop(owner, None)

    def end(self, user_id: int, reason: str, token_id: str | None = None) -> None:
        """Wake who watches the sessions of a user, or only one of them."""
        for watch in self._by_owner.get(_owner(user_id, token_id), ()):
            if token_id in (None, watch.token_id):
                watch.reason = reason
                watch.over.set()


def _owner(user_id: int, token_id: str | None) -> Owner:
    return user_id or token_id
