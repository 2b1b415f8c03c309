"""SIGTERM and Ctrl-C under load, and while the database is away."""

import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import httpx
import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed, open_websocket_url

from tests.end_to_end.servers import Rialto, running_rialto
from tests.faults.freezing import frozen
from tests.faults.load import Load, Told, repeat_unknown
from tests.faults.proxy import open_proxy, rialto_behind
from tests.faults.truth import judge
from tests.storage.servers import is_alive, postmaster_of, running_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_connections"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

STOP_S_MAX = 10.0  # the contract's
GOING_AWAY = 1001
STOPPED = "Rialto has stopped."


def said_last(rialto: Rialto) -> list[str]:
    """What was said to the operator after the start; the rest of the output is the log."""
    lines = [line for line in rialto.said if not line.startswith("{")]
    last_start = max(index for index, line in enumerate(lines) if "serves http" in line)
    return lines[last_start + 1 :]


async def stopped(rialto: Rialto, send: Callable[[], None]) -> int:
    """Send the signal, wait for the end; returns the exit code."""
    send()
    with trio.fail_after(STOP_S_MAX):
        while rialto.process.poll() is None:  # noqa: ASYNC110  # another process
            await trio.sleep(0.02)
    await trio.sleep(0.2)  # for its last words to be read
    code = rialto.process.returncode
    assert isinstance(code, int)
    return code


async def nothing() -> None:
    """Happens before most stops."""


async def load_until_stopped(
    rialto: Rialto, send: Callable[[], None], before: Callable[[], Awaitable[None]] = nothing
) -> tuple[int, list[Told]]:
    """Stop a Rialto under load, at a random moment; the exit code, and what customers were told, in part unknown."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    load = Load(rialto, seed)
    async with trio.open_nursery() as nursery:
        await nursery.start(load.run)
        await load.until_done(random.Random(seed).randint(100, 200))
        await before()
        code = await stopped(rialto, send)
        load.stop()
    return code, load.customers


def restart_and_judge(rialto: Rialto, customers: list[Told]) -> None:
    """Start the next one, ask it for what is unknown, and look into its tables."""
    rialto.start()
    trio.run(repeat_unknown, rialto, customers)
    assert rialto.stop() == 0
    with running_server(rialto.data_path) as server:
        trio.run(judge, server.dsn, customers)


@pytest.mark.parametrize(("number", "times"), [(signal.SIGTERM, 1), (signal.SIGINT, 2)])
def test_stopped_under_load(number: signal.Signals, times: int) -> None:
    """SIGINT goes to the whole process group, as Ctrl-C does: PostgreSQL doesn't hear it. Twice is once."""

    def send(rialto: Rialto) -> None:
        assert os.getpgid(postmaster_of(rialto.data_path)) != os.getpgid(rialto.process.pid)
        for _ in range(times):
            os.killpg(rialto.process.pid, number)

    with running_rialto() as rialto:
        postmaster = postmaster_of(rialto.data_path)
        code, customers = trio.run(load_until_stopped, rialto, partial(send, rialto))
        assert (code, said_last(rialto)) == (0, [STOPPED]), rialto.said[-20:]
        assert not is_alive(postmaster)
        assert "database system is shut down" in (rialto.data_path / "postgres.log").read_text()
        restart_and_judge(rialto, customers)


def test_open_connections_are_told(postgres_dsn: str) -> None:
    """A socket that is idle closes with 1001, a request that comes too late hears 503 or finds nobody."""
    with running_rialto(DATABASE_URL=postgres_dsn) as rialto:
        trio.run(watch_a_stop, rialto)


async def watch_a_stop(rialto: Rialto) -> None:
    reasons: list[int] = []
    statuses: set[int] = set()

    async def listen(task_status: trio.TaskStatus[None]) -> None:
        async with open_websocket_url(rialto.websocket_url) as socket:
            await socket.send_message(msgspec.json.encode({"subscribe": ["book:BTC_USDT"]}).decode())
            await socket.get_message()
            task_status.started()
            with suppress(ConnectionClosed):
                while True:
                    await socket.get_message()
            assert socket.closed is not None
            reasons.append(socket.closed.code)

    async def ask(task_status: trio.TaskStatus[None]) -> None:
        async with httpx.AsyncClient(base_url=rialto.url, trust_env=False) as http:
            task_status.started()
            try:
                while True:
                    statuses.add((await http.get("/api/v1/account/balances")).status_code)
            except httpx.TransportError:
                pass

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            await nursery.start(listen)
        await nursery.start(ask)
        await trio.sleep(0.2)
        assert await stopped(rialto, rialto.process.terminate) == 0
    assert reasons == [GOING_AWAY] * 3
    assert statuses <= {401, 503}


# While the database is away


async def until_not_ready(rialto: Rialto) -> None:
    """Wait until Rialto has noticed; the limit is for a hang."""
    async with httpx.AsyncClient(base_url=rialto.url, trust_env=False) as http:
        with trio.fail_after(30):
            while (await http.get("/readyz")).status_code != 503:  # noqa: ASYNC110  # another process
                await trio.sleep(0.02)


def check_farewell(said: list[str]) -> None:
    """Whether a commit, a drain or nothing at all waited for the database: one sentence says that all is not well."""
    [sentence] = said
    assert sentence.startswith(
        (
            "Rialto had to stop: stopped while entry ",
            "Rialto had to stop at once, as its database is away.",
            "Rialto has stopped while its database was away.",
        )
    )
    assert sentence.endswith("Nothing acknowledged is lost.")


@pytest.mark.parametrize("noticed", [True, False])
def test_stopped_under_load_while_postgresql_is_frozen(noticed: bool) -> None:
    with running_rialto() as rialto:
        with frozen_later(rialto) as freeze:

            async def before() -> None:
                freeze()
                if noticed:
                    await until_not_ready(rialto)

            code, customers = trio.run(load_until_stopped, rialto, rialto.process.terminate, before)
            assert code == 1
            check_farewell(said_last(rialto))
        restart_and_judge(rialto, customers)


@contextmanager
def frozen_later(rialto: Rialto) -> Iterator[Callable[[], None]]:
    """Lend a function that freezes; the end of the block thaws."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(frozen(rialto.data_path))


def test_stopped_under_load_while_the_network_is_silent(postgres_dsn: str) -> None:
    async def run() -> list[Told]:
        async with open_proxy(postgres_dsn) as proxy, rialto_behind(proxy) as rialto:

            async def before() -> None:
                proxy.stall()
                await until_not_ready(rialto)

            code, customers = await load_until_stopped(rialto, rialto.process.terminate, before)
            assert code == 1
            check_farewell(said_last(rialto))
            proxy.resume()
            await trio.to_thread.run_sync(rialto.start)
            await repeat_unknown(rialto, customers)
            return customers

    customers = trio.run(run)
    trio.run(judge, postgres_dsn, customers)


def test_stopped_when_nothing_is_under_way_and_the_network_is_silent(postgres_dsn: str) -> None:
    """There is nothing to lose, but the operator should know."""

    async def run() -> None:
        async with open_proxy(postgres_dsn) as proxy, rialto_behind(proxy) as rialto:
            proxy.stall()
            await until_not_ready(rialto)
            assert await stopped(rialto, rialto.process.terminate) == 1
            check_farewell(said_last(rialto))

    trio.run(run)
