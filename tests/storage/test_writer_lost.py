"""The connection is lost before, during or after a commit, and each entry is there exactly once."""

import os
import random
import signal
from pathlib import Path

import pytest
import trio

from engine.ledger.records import AdminAction
from storage import line
from storage.bridge import open_bridge
from storage.writer import open_writer
from tests.storage.entries import (
    NOW_MS,
    Entries,
    accumulator,
    bet,
    claimed,
    closed,
    maker_audit,
    option,
    order,
    placed,
    position,
    transaction,
)
from tests.storage.servers import query, running_server
from tests.storage.writer_scene import open_scene, postmaster, until

pytestmark = pytest.mark.slow

AUDIT = maker_audit(1, 4)
NOTED = AdminAction(0, 1, "set_odds", "betting/7", "{}", NOW_MS)


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
        await scene.commit_and_lose_answer(scene.entries.next(transactions=[transaction(7, "t1")]))
        await scene.writer.commit(scene.entries.next())
        assert await scene.journal() == [1, 2]


@pytest.mark.trio
async def test_positions_and_audit_of_a_lost_answer_are_there_once(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        entry = scene.entries.next(positions=[position(1, 7)], maker_audit=[AUDIT])
        await scene.commit_and_lose_answer(entry)
        await scene.writer.commit(scene.entries.next(positions=[position(1, 7, yes=6)]))
        [row] = await scene.query("select yes, (select count(*) from maker_audit) as audited from positions")
        assert (row["yes"], row["audited"]) == (6, 1)


@pytest.mark.trio
async def test_a_bet_and_an_admins_action_of_a_lost_answer_are_there_once(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        entry = scene.entries.next(bets=[bet(1, client_bet_id="mine")], options=[option(1, 1)], admin_actions=[NOTED])
        await scene.commit_and_lose_answer(entry)
        await scene.writer.commit(scene.entries.next(bets=[claimed(bet(1), 9)]))
        [row] = await scene.query("select payout, (select count(*) from admin_actions) as noted from bets")
        assert (row["payout"], row["noted"]) == (9, 1)


@pytest.mark.trio
async def test_an_accumulator_of_a_lost_answer_is_there_once(postgres_dsn: str) -> None:
    async with open_scene(postgres_dsn) as scene:
        entry = scene.entries.next(**placed(accumulator(1, client_bet_id="mine")))
        await scene.commit_and_lose_answer(entry)
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
