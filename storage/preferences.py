"""The market maker's settings on PostgreSQL: each call is one statement, and so one transaction."""

import msgspec

from engine.ledger.records import AdminAction
from storage.pool import Pool

SAVE_MAKER = """
    with saved as (
        insert into market_makers (market_id, settings, updated_ms) values ($1, $2, $3)
        on conflict (market_id) do update set settings = excluded.settings, updated_ms = excluded.updated_ms
    )
    insert into admin_actions (admin_id, action, target, details, created_ms) values ($4, $5, $6, $7, $8)
"""


class _Maker(msgspec.Struct):
    market_id: int
    settings: str


class PostgresPreferences:
    """Preferences on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save_maker(self, market_id: int, settings: str, now_ms: int, action: AdminAction) -> None:
        audit = (action.admin_id, action.action, action.target, action.details, action.created_ms)
        await self._pool.execute(SAVE_MAKER, market_id, settings, now_ms, *audit)

    async def makers(self) -> dict[int, str]:
        makers = await self._pool.fetch(_Maker, "select * from market_makers order by market_id")
        return {maker.market_id: maker.settings for maker in makers}
