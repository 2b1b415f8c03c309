"""The commit on a bad day: while the database is away, where it can't be done, and before the first one."""

import msgspec
import pytest
import trio

from engine.ledger.records import AdminAction
from storage.bridge import Bridge, open_bridge
from storage.interface import CommitImpossible, DatabaseAway
from storage.line import SecondInstance
from storage.migrate import SchemaTooNew
from storage.writer import open_writer
from tests.storage.entries import (
    NOW_MS,
    Entries,
    accumulator,
    bet,
    leg,
    maker_audit,
    option,
    order,
    position,
    transaction,
)
from tests.storage.servers import query
from tests.storage.writer_scene import Scene, open_scene, until

pytestmark = pytest.mark.slow

AUDIT = maker_audit(1, 4)
NOTED = AdminAction(0, 1, "set_odds", "betting/7", "{}", NOW_MS)


# Away


@pytest.mark.trio
async def test_away_is_known_without_a_commit_and_ends_by_itself(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        assert await scene.is_back()
        scene.wire.refusing = True
        await scene.wire.cut()
        with trio.fail_after(2):
            await until(scene.is_away)
        scene.wire.refusing = False
        await until(scene.is_back)
        await scene.writer.commit(scene.entries.next())


@pytest.mark.trio
async def test_a_database_that_says_nothing_is_away_within_two_seconds(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        scene.wire.shut_answers()
        with trio.fail_after(2):
            await until(scene.is_away)
        await scene.wire.cut()


@pytest.mark.trio
async def test_a_commit_is_not_cancelled_halfway(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery, scene.tables_locked():
                nursery.start_soon(scene.writer.commit, scene.entries.next(new_orders=[order(1)]))
                await until(scene.writer_waits_for_a_table)
                scope.cancel()
        assert await scene.journal() == [1]


@pytest.mark.trio
async def test_a_commit_that_waits_for_the_database_is_ended_by_close(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        refused = []

        async def commit() -> None:
            with pytest.raises(CommitImpossible, match="may be committed or not"):
                await scene.writer.commit(scene.entries.next())
            refused.append(True)

        scene.wire.refusing = True
        await scene.wire.cut()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(commit)
            await trio.sleep(0.1)
            assert scene.writer.away
            await scene.writer.close()
        assert refused == [True]


# What can't be


@pytest.mark.trio
async def test_a_journal_that_went_on_without_us_makes_the_commit_impossible(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        await scene.writer.commit(scene.entries.next())
        scene.wire.shut_questions()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_impossible, scene, "the journal stands at 2, and entry 2 is not what comes next")
            await trio.sleep(0.05)
            await scene.query("insert into journal values (2, 0, 'not ours', 'not ours')")
            await scene.wire.cut()
        assert await scene.journal() == [1, 2]


@pytest.mark.trio
async def test_a_journal_that_lost_its_end_makes_the_commit_impossible(postgres_dsn: str) -> None:
    """Such as after a restore of yesterday's backup under a Rialto that runs."""
    async with open_scene(postgres_dsn) as scene:
        await scene.writer.commit(scene.entries.next())
        await scene.writer.commit(scene.entries.next())
        await scene.query("delete from journal where sequence = 2")
        with pytest.raises(CommitImpossible, match="does not follow the journal"):
            await scene.writer.commit(scene.entries.next())
        assert await scene.journal() == [1]


@pytest.mark.trio
@pytest.mark.parametrize("text", ["nul \0", "lone surrogate \ud800"])
async def test_text_that_postgresql_cannot_hold_makes_the_commit_impossible(postgres_dsn: str, text: str) -> None:
    """The door lets neither in; if one came through all the same, there is no point in trying again."""
    async with open_scene(postgres_dsn) as scene:
        with pytest.raises(CommitImpossible, match="entry 1 can't be written"):
            await scene.writer.commit(scene.entries.next(transactions=[transaction(7, text)]))
        assert await scene.journal() == []
        assert not scene.writer.away


@pytest.mark.trio
@pytest.mark.parametrize(
    ("table", "part", "row"),
    [
        ("positions", "positions", position(1, 7)),
        ("maker_audit", "maker_audit", AUDIT),
        ("bets", "bets", bet(1)),
        ("options", "options", option(1, 1)),
        ("admin_actions", "admin_actions", NOTED),
        ("accumulators", "accumulators", accumulator(1)),
        ("accumulator_legs", "legs", leg(1, 1)),
    ],
)
async def test_a_row_that_does_not_get_in_takes_its_entry_with_it(
    postgres_dsn: str, table: str, part: str, row: msgspec.Struct
) -> None:
    """Such as by an operator's trigger: the rows are counted."""
    async with open_scene(postgres_dsn) as scene:
        await scene.query("create function nothing() returns trigger language plpgsql as 'begin return null; end'")
        await scene.query(f"create trigger t before insert on {table} for each row execute function nothing()")
        await scene.writer.commit(scene.entries.next())
        with pytest.raises(CommitImpossible, match="meets other rows than it should"):
            await scene.writer.commit(scene.entries.next(**{part: [row]}))
        assert await scene.journal() == [1]


# Opening


@pytest.mark.trio
async def test_a_second_instance_is_refused_in_one_sentence(postgres_dsn: str, little_patience: None) -> None:
    async with open_bridge() as bridge:
        async with open_writer(bridge, postgres_dsn):
            with pytest.raises(SecondInstance) as refusal:
                await expect_no_writer(bridge, postgres_dsn)
            assert str(refusal.value) == (
                "Another Rialto is at work on this database: stop it, or use another database."
            )
        async with open_writer(bridge, postgres_dsn) as writer:
            await writer.commit(Entries().next())


@pytest.mark.trio
async def test_a_start_waits_a_moment_for_the_one_before_it_to_end(postgres_dsn: str) -> None:
    async with open_bridge() as bridge, open_writer(bridge, postgres_dsn) as first, trio.open_nursery() as nursery:

        async def second() -> None:
            async with open_writer(bridge, postgres_dsn) as writer:
                await writer.commit(Entries().next())

        nursery.start_soon(second)
        await trio.sleep(0.3)
        await first.close()


@pytest.mark.trio
async def test_a_newer_schema_is_refused_and_the_lock_is_free_again(postgres_dsn: str) -> None:
    async with open_bridge() as bridge:
        async with open_writer(bridge, postgres_dsn):
            pass
        await trio.to_thread.run_sync(query, postgres_dsn, "insert into schema_version values (999, 'from the future')")
        for _ in range(2):
            with pytest.raises(SchemaTooNew):
                await expect_no_writer(bridge, postgres_dsn)


@pytest.mark.trio
async def test_no_database_is_told_in_a_sentence() -> None:
    async with open_bridge() as bridge:
        with pytest.raises(DatabaseAway, match="PostgreSQL can't be reached"):
            await expect_no_writer(bridge, "postgresql://rialto@127.0.0.1:1/rialto")


async def expect_impossible(scene: Scene, reason: str) -> None:
    with pytest.raises(CommitImpossible, match=reason):
        await scene.writer.commit(scene.entries.next())


async def expect_no_writer(bridge: Bridge, dsn: str) -> None:
    async with open_writer(bridge, dsn):
        raise AssertionError("the writer was opened")
