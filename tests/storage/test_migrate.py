"""Migrations: applied in order and once, each whole or not at all, and never over a newer schema."""

import asyncio
import re

import asyncpg
import msgspec
import pytest
import trio

from engine.ledger.records import MarketRecord, MarketState
from engine.matching.terms import Outcome, TradeKind
from storage.interface import DatabaseAway, OrderFilter, TradeFilter
from storage.migrate import Migration, NotAllowed, SchemaTooNew, WrongEncoding, migrate, migrations
from storage.postgres import open_postgres
from tests.storage.entries import Entries, accumulator, bet, change, order, placed, trade
from tests.storage.servers import Server, query

FIRST = Migration(1, "first", "create table one (n int); create table two (n int)")
SECOND = Migration(2, "second", "alter table one add column m int")


def in_asyncio(dsn: str, wanted: list[Migration]) -> int:
    return asyncio.run(migrate(dsn, wanted))


def versions(dsn: str) -> list[tuple[int, str]]:
    return [tuple(row) for row in query(dsn, "select version, name from schema_version order by version")]


def tables(dsn: str) -> list[str]:
    rows = query(dsn, "select tablename from pg_tables where schemaname = 'public' order by 1")
    return [row["tablename"] for row in rows]


def test_our_own_migrations_are_numbered_without_a_hole() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))
    assert migrations()[0].name == "ledger"
    assert "create table journal" in migrations()[0].statements


@pytest.mark.slow
def test_an_empty_database_gets_all_tables(postgres_dsn: str) -> None:
    assert in_asyncio(postgres_dsn, migrations()) == len(migrations())
    assert tables(postgres_dsn) == [
        "accumulator_legs",
        "accumulators",
        "admin_actions",
        "assets",
        "assets_logs",
        "bets",
        "channel_index",
        "freezes",
        "journal",
        "maker_audit",
        "market_makers",
        "markets",
        "options",
        "orders",
        "positions",
        "revoked_tokens",
        "schema_version",
        "trades",
        "transactions",
        "users",
    ]


ROWS_OF_THE_FIRST_SCHEMA = (
    "insert into journal values (1, 5, 'body', sha256('body'))",
    """insert into orders values (1, 7, 1, 'mine', 'buy', 'limit', 'GTC', false, 'cancel_newest', 100, 5, null, 1, 5,
                                  'new', 0, 0, 0, 0, 0, 5)""",
    "insert into freezes values (1, 7, 'USDT', 500, '1', 5, 5)",
    "insert into trades values (1, 1, 1, 100, 5, 500, 'sell', 3, 2, 7, 8, 1, 2, 5)",
    "insert into markets values (1, 'spot', 'BTC_USDT', '{}', 5, 'open', 3, 1, 100)",
)


@pytest.mark.slow
@pytest.mark.trio
async def test_rows_of_the_first_schema_are_read_and_moved_on(postgres_dsn: str) -> None:
    """The database of a spot exchange that was stopped, started by a Rialto that has prediction markets."""

    def before() -> None:
        in_asyncio(postgres_dsn, migrations()[:1])
        for statement in ROWS_OF_THE_FIRST_SCHEMA:
            query(postgres_dsn, statement)

    await trio.to_thread.run_sync(before)
    placed = order(1, client_order_id="mine", held=500, created_ms=5, updated_ms=5)
    traded = trade(1, buy_order_id=3, created_ms=5)
    listed = MarketRecord(1, "spot", "BTC_USDT", b"{}", 5, MarketState.OPEN, 3, 1, 100)
    async with open_postgres(postgres_dsn) as storage:
        assert await storage.reader.open_orders() == [placed]
        assert await storage.reader.trades(TradeFilter()) == [traded]
        assert await storage.reader.markets() == [listed]
        assert await storage.reader.positions() == []
        assert (placed.outcome, traded.kind, listed.standing) == (None, None, b"")
        entries = Entries()
        entries.sequence = 1
        moved = msgspec.structs.replace(listed, sequence=4)
        new = order(2, outcome=Outcome.NO)
        await storage.writer.commit(
            entries.next(
                changed_orders=[change(1)], markets=[moved], new_orders=[new], trades=[trade(2, kind=TradeKind.MINT)]
            )
        )
        assert await storage.reader.markets() == [moved]
        assert await storage.reader.orders(OrderFilter(open=True)) == [new]
        assert [row.kind for row in await storage.reader.trades(TradeFilter())] == [TradeKind.MINT, None]


@pytest.mark.slow
@pytest.mark.trio
async def test_bets_of_the_third_schema_are_read_beside_accumulators(postgres_dsn: str) -> None:
    """The database of an exchange that was stopped before there were accumulators."""
    row = "(1, 7, 1, 'mine', 1, 1000, 185, 185, 'exact', 5, '0x1', null, null, null)"

    def before() -> None:
        in_asyncio(postgres_dsn, migrations()[:3])
        query(postgres_dsn, f"insert into bets values {row}")
        query(postgres_dsn, "insert into options values (1, 1, 1, 'moneyline', 'home', true, null, 185, true, null)")

    await trio.to_thread.run_sync(before)
    single = bet(1, client_bet_id="mine", created_ms=5)
    async with open_postgres(postgres_dsn) as storage:
        assert await storage.reader.unclaimed_bets() == [single]
        assert await storage.reader.open_accumulators() == []
        await storage.writer.commit(Entries().next(**placed(accumulator(2))))
        assert await storage.reader.open_accumulators() == [accumulator(2)]
        assert (await storage.reader.counters()).order_id == 2


@pytest.mark.slow
def test_what_is_there_is_not_applied_again(postgres_dsn: str) -> None:
    assert in_asyncio(postgres_dsn, [FIRST]) == 1
    assert in_asyncio(postgres_dsn, [FIRST]) == 0
    assert in_asyncio(postgres_dsn, [FIRST, SECOND]) == 1
    assert versions(postgres_dsn) == [(1, "first"), (2, "second")]


@pytest.mark.slow
def test_a_newer_schema_is_refused_in_one_sentence(postgres_dsn: str) -> None:
    in_asyncio(postgres_dsn, [FIRST, SECOND])
    with pytest.raises(SchemaTooNew) as refusal:
        in_asyncio(postgres_dsn, [FIRST])
    assert str(refusal.value) == (
        "The database's tables are of version 2, this Rialto knows 1: "
        "start the newer Rialto that changed them, or use another database."
    )


@pytest.mark.slow
def test_a_migration_that_fails_leaves_nothing_and_those_before_it_stay(postgres_dsn: str) -> None:
    broken = Migration(2, "broken", "create table three (n int); select 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        in_asyncio(postgres_dsn, [FIRST, broken])
    assert versions(postgres_dsn) == [(1, "first")]
    assert tables(postgres_dsn) == ["one", "schema_version", "two"]
    assert in_asyncio(postgres_dsn, [FIRST, SECOND]) == 1


@pytest.mark.slow
def test_several_at_once_apply_each_migration_once(postgres_dsn: str) -> None:
    async def together() -> list[int]:
        return list(await asyncio.gather(*(migrate(postgres_dsn, [FIRST, SECOND]) for _ in range(4))))

    assert sum(asyncio.run(together())) == 2
    assert versions(postgres_dsn) == [(1, "first"), (2, "second")]


@pytest.mark.slow
def test_a_database_that_cannot_hold_every_character_is_refused(postgres_server: Server) -> None:
    options = "template template0 encoding 'LATIN1' locale 'C'"
    query(postgres_server.dsn, f"create database latin {options}")
    try:
        with pytest.raises(WrongEncoding, match="LATIN1"):
            in_asyncio(postgres_server.dsn.replace("/rialto?", "/latin?"), [FIRST])
    finally:
        query(postgres_server.dsn, "drop database latin with (force)")


@pytest.mark.slow
def test_a_user_who_may_not_make_tables_is_told_so(postgres_dsn: str) -> None:
    query(postgres_dsn, "create role guest login password 'guest'")
    try:
        with pytest.raises(NotAllowed, match="permission denied for schema public"):
            in_asyncio(re.sub("//.*@", "//guest:guest@", postgres_dsn), [FIRST])
    finally:
        query(postgres_dsn, "drop role guest")


def test_no_database_is_told_in_a_sentence() -> None:
    with pytest.raises(DatabaseAway, match="PostgreSQL can't be reached"):
        in_asyncio("postgresql://rialto@127.0.0.1:1/rialto", [FIRST])
