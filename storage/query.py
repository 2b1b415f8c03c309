"""What the reads share: a `where` made of what is asked for, the first row, a page with the count of all."""

from typing import TypeVar

import asyncpg
import msgspec

from storage.connection import records
from storage.pool import Pool

R = TypeVar("R", bound=msgspec.Struct)

COUNT = "select count(*) from ({}) as found"


class Queries:
    """Reads through a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def first(self, kind: type[R], statement: str, *values: object) -> R | None:
        found = await self._pool.fetch(kind, statement, *values)
        return found[0] if found else None


def conditions(*pairs: tuple[str, object], also: str | None = None) -> tuple[str, list[object]]:
    """Make a `where` of the pairs whose value isn't None, and the list of those values.

    conditions(("account_id = {}", 7), ("order_id < {}", None)) is ("where account_id = $1", [7]).
    """
    given = [(text, value) for text, value in pairs if value is not None]
    texts = [text.format(f"${number}") for number, (text, _) in enumerate(given, start=1)]
    if also is not None:
        texts.append(also)
    return f"where {' and '.join(texts)}" if texts else "", [value for _, value in given]


async def read_page(
    connection: asyncpg.Connection,
    kind: type[R],
    found: str,
    order: str,
    values: list[object],
    offset: int,
    limit: int,
    shown: str = "{}",
    count: str = COUNT,
) -> tuple[list[R], int]:
    """Read some of the rows that a statement finds, and count them all.

    `shown` is what is read of those rows, and `count` how all are counted: {} is the statement that finds them.
    """
    page = f"{found} {order} offset ${len(values) + 1} limit ${len(values) + 2}"
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(shown.format(page), *values, offset, limit)
        total = await connection.fetchval(count.format(found), *values)
    return records(rows, kind), total
