"""The commit on a bad day: the connection is lost before, during or after it, and each entry is there exactly once."""

import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import trio

from engine.ledger.records import AdminAction
from storage import line
from storage.bridge import Bridge, open_bridge
from storage.interface import CommitImpossible, DatabaseAway
from storage.line import SecondInstance
from storage.migrate import SchemaTooNew
from storage.writer import PostgresWriter, open_writer
from tests.storage.entries import (
    NOW_MS,
    Entries,
    accumulator,
    bet,
    claimed,
    closed,
    leg,
    maker_audit,
    option,
    order,
    placed,
    position,
    transaction,
)
from tests.storage.servers import query, running_server
from tests.storage.wire import Wire, open_wire

pytestmark = pytest.mark.slow

AUDIT = maker_audit(1, 4)
NOTED = AdminAction(0, 1, "set_odds", "betting/7", "{}", NOW_MS)


class Scene:
    """A writer behind a wire, and an operator who looks straight into the database."""

    def __init__(self, bridge: Bridge, dsn: str, wire: Wire, writer: PostgresWriter) -> None:
        self.bridge = bridge
        self.dsn = dsn
        self.wire = wire
        self.writer = writer
        self.entries = Entries()

    async def query(self, statement: str, *arguments: object) -> list[Any]:
        return await trio.to_thread.run_sync(query, self.dsn, statement, *arguments)

    async def journal(self) -> list[int]:
        return [row["sequence"] for row in await self.query("select sequence from journal order by sequence")]

    async def terminate_writer(self) -> None:
        writer = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rialto writer'"
        await self.query(f"{writer} and datname = current_database()")

    async def is_away(self) -> bool:
        return self.writer.away

    async def is_back(self) -> bool:
        return not self.writer.away

    async def writer_waits_for_a_table(self) -> bool:
        waiting = "select 1 from pg_stat_activity where application_name = 'rialto writer' and wait_event = 'relation'"
        return bool(await self.query(f"{waiting} and datname = current_database()"))

    @asynccontextmanager
    async def tables_locked(self) -> AsyncIterator[None]:
        """Let a commit get to the server and no further."""
        operator = await self.bridge.run(asyncpg.connect, self.dsn)
        try:
            await self.bridge.run(operator.execute, "begin; lock table orders in exclusive mode")
            yield
        finally:
            with trio.CancelScope(shield=True):
                await self.bridge.run(operator.close)


@asynccontextmanager
async def open_scene(dsn: str) -> AsyncIterator[Scene]:
    async with open_bridge() as bridge, open_wire(dsn) as wire, open_writer(bridge, wire.dsn) as writer:
        with trio.fail_after(60):
            yield Scene(bridge, dsn, wire, writer)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - the database has no event to wait for
        await trio.sleep(0.01)


def postmaster(data_path: Path) -> int:
    """Return the process of the server on this folder, 0 if there is none now."""
    try:
        [pid_file] = data_path.rglob("postmaster.pid")
        return int(pid_file.read_text().split()[0])
    except (ValueError, FileNotFoundError, IndexError):
        return 0


@pytest.fixture
def quick_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "ANSWER_S_MAX", 0.5)


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LOCK_S_MAX", 0.2)


# The connection is lost


@pytest.mark.trio
async def test_lost_before_the_entry_is_sent(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        await scene.terminate_writer()
        await scene.writer.commit(scene.entries.next())
        await scene.writer.commit(scene.entries.next())
        assert await scene.journal() == [1, 2]


@pytest.mark.trio
async def test_lost_with_the_entry_on_its_way_to_the_server(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        await scene.writer.commit(scene.entries.next())
        scene.wire.shut_questions()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.writer.commit, scene.entries.next())
            await trio.sleep(0.05)
            assert await scene.journal() == [1]
            await scene.wire.cut()
        assert await scene.journal() == [1, 2]


@pytest.mark.trio
async def test_lost_while_the_server_is_at_work_which_then_gives_up(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        async with trio.open_nursery() as nursery, scene.tables_locked():
            nursery.start_soon(scene.writer.commit, scene.entries.next(new_orders=[order(1)]))
            await until(scene.writer_waits_for_a_table)
            await scene.terminate_writer()
        await scene.writer.commit(scene.entries.next(new_orders=[order(2)]))
        assert await scene.journal() == [1, 2]


@pytest.mark.trio
async def test_lost_while_the_server_is_at_work_which_then_commits(postgres_dsn: str) -> None:
    """The old process in the server goes on for a while: until it has ended, nobody may ask whether row N is there."""
    async with open_scene(postgres_dsn) as scene:
        committed = trio.Event()

        async def commit() -> None:
            await scene.writer.commit(scene.entries.next(new_orders=[order(1)]))
            committed.set()

        async with trio.open_nursery() as nursery, scene.tables_locked():
            nursery.start_soon(commit)
            await until(scene.writer_waits_for_a_table)
            await scene.wire.cut()
            with trio.move_on_after(0.5):
                await committed.wait()
            assert not committed.is_set()
            assert scene.writer.away
            assert await scene.journal() == []
        assert await scene.journal() == [1]


@pytest.mark.trio
async def test_lost_with_the_answer_on_its_way_back(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        scene.wire.shut_answers()

        async def is_there() -> bool:
            return await scene.journal() == [1]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.writer.commit, scene.entries.next(transactions=[transaction(7, "t1")]))
            await until(is_there)
            await scene.wire.cut()
        await scene.writer.commit(scene.entries.next())
        assert await scene.journal() == [1, 2]


@pytest.mark.trio
async def test_positions_and_audit_of_a_lost_answer_are_there_once(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        entry = scene.entries.next(positions=[position(1, 7)], maker_audit=[AUDIT])
        scene.wire.shut_answers()

        async def is_there() -> bool:
            return await scene.journal() == [1]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.writer.commit, entry)
            await until(is_there)
            await scene.wire.cut()
        await scene.writer.commit(scene.entries.next(positions=[position(1, 7, yes=6)]))
        [row] = await scene.query("select yes, (select count(*) from maker_audit) as audited from positions")
        assert (row["yes"], row["audited"]) == (6, 1)


@pytest.mark.trio
async def test_a_bet_and_an_admins_action_of_a_lost_answer_are_there_once(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        entry = scene.entries.next(bets=[bet(1, client_bet_id="mine")], options=[option(1, 1)], admin_actions=[NOTED])
        scene.wire.shut_answers()

        async def is_there() -> bool:
            return await scene.journal() == [1]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.writer.commit, entry)
            await until(is_there)
            await scene.wire.cut()
        await scene.writer.commit(scene.entries.next(bets=[claimed(bet(1), 9)]))
        [row] = await scene.query("select payout, (select count(*) from admin_actions) as noted from bets")
        assert (row["payout"], row["noted"]) == (9, 1)


@pytest.mark.trio
async def test_an_accumulator_of_a_lost_answer_is_there_once(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        entry = scene.entries.next(**placed(accumulator(1, client_bet_id="mine")))
        scene.wire.shut_answers()

        async def is_there() -> bool:
            return await scene.journal() == [1]

        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.writer.commit, entry)
            await until(is_there)
            await scene.wire.cut()
        await scene.writer.commit(scene.entries.next(accumulators=[closed(accumulator(1), 9)]))
        [row] = await scene.query("select payout, (select count(*) from accumulator_legs) as legs from accumulators")
        assert (row["payout"], row["legs"]) == (9, 2)


@pytest.mark.trio
async def test_an_answer_that_does_not_come_is_given_up_at_the_deadline(
    postgres_dsn: str, quick_deadline: None
) -> None:
    async with open_scene(postgres_dsn) as scene:
        scene.wire.shut_answers()
        await scene.writer.commit(scene.entries.next(transactions=[transaction(7, "t1")]))
        assert await scene.journal() == [1]


@pytest.mark.trio
async def test_lost_at_any_moment(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "RECONNECT_S_MAX", 0.01)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    async with open_scene(postgres_dsn) as scene, trio.open_nursery() as nursery:

        async def cut_soon() -> None:
            await trio.sleep(chance.uniform(0, 0.004))  # a commit takes one or two milliseconds
            await scene.wire.cut()

        for number in range(1, 61):
            nursery.start_soon(cut_soon)
            await scene.writer.commit(scene.entries.next(new_orders=[order(number)]))
        assert await scene.journal() == list(range(1, 61)), f"seed {seed}"
        [orders] = await scene.query("select count(*) from orders")
        assert orders["count"] == 60, f"seed {seed}"


@pytest.mark.trio
async def test_the_server_is_killed_and_comes_back(data_path: Path) -> None:
    """Rialto's own PostgreSQL is started again by the process that runs it."""
    with running_server(data_path) as server:
        async with open_bridge() as bridge, open_writer(bridge, server.dsn) as writer:
            entries = Entries()
            killed = 0

            async def another_runs() -> bool:
                return postmaster(data_path) not in (0, killed)

            for number in range(1, 4):
                with trio.fail_after(60):
                    await until(another_runs)
                    await writer.commit(entries.next(new_orders=[order(number)]))
                    killed = postmaster(data_path)
                    os.kill(killed, signal.SIGKILL)
                    await writer.commit(entries.next())  # the old server's process may still take it
            with trio.fail_after(60):
                await until(another_runs)
                await writer.commit(entries.next())
        rows = query(server.dsn, "select sequence from journal order by sequence")
        assert [row["sequence"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]


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
