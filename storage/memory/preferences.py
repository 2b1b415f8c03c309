"""The market maker's settings in memory."""

import trio

from engine.ledger.records import AdminAction
from storage.memory.tables import Tables


class MemoryPreferences:
    """Preferences on dicts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save_maker(
        self,
        market_id: int,
        settings: str,
        now_ms: int,  # noqa: ARG002 - it is there for an operator who reads the table
        action: AdminAction,
    ) -> None:
        await trio.lowlevel.checkpoint()
        self._tables.makers[market_id] = settings
        self._tables.note(action)

    async def makers(self) -> dict[int, str]:
        await trio.lowlevel.checkpoint()
        return dict(sorted(self._tables.makers.items()))
