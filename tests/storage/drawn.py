"""Hypothesis draws rows for storage's tests: of every record, with whatever its fields may hold."""

import enum
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import NoneType
from typing import Any, TypeVar, get_args

import msgspec
import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from storage.interface import Storage
from storage.postgres import open_postgres
from tests.storage.servers import query

R = TypeVar("R", bound=msgspec.Struct)

# The limits at the door, rather wider: storage has to take control characters too.
NUMBERS = st.integers(0, 2**53 - 1)
UNITS = st.integers(-(10**77), 10**77)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=128)
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: NUMBERS,
    str: TEXTS,
    bool: st.booleans(),
    bytes: st.binary(max_size=300),
}

MANY_EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

TABLES = """
    journal, orders, trades, assets_logs, freezes, assets, markets, transactions, channel_index, positions, maker_audit,
    bets, options, accumulators, accumulator_legs
"""


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Draw what a field of this type may hold."""
    if arms := get_args(kind):
        return st.one_of(*(st.none() if arm is NoneType else values(arm) for arm in arms))
    return st.sampled_from(kind) if issubclass(kind, enum.Enum) else BY_TYPE[kind]


def rows(kind: type[R], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[R]:
    """Draw records of a kind, with other strategies for some fields."""
    others = (field for field in msgspec.structs.fields(kind) if field.name not in fields)
    return st.builds(kind, **{field.name: values(field.type) for field in others}, **fields)


def lists(drawn: st.SearchStrategy[R], *keys: Callable[[R], Any]) -> st.SearchStrategy[list[R]]:
    """Draw up to four records, no two of them with one key."""
    return st.lists(drawn, max_size=4, unique_by=keys)


@asynccontextmanager
async def open_emptied(dsn: str) -> AsyncIterator[Storage]:
    async with open_postgres(dsn) as storage:
        await trio.to_thread.run_sync(query, dsn, f"TRUNCATE {TABLES}")
        yield storage
