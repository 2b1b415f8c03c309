"""Rialto's composition root: makes the real clock, chance, database and sockets, and puts the house together.

python run.py            serve
python run.py verify     fold the journal and compare it with the tables
python run.py mm-bot, batch-orders      tools: ordinary clients of a Rialto that runs
"""

import os
import signal
import sys

if __name__ == "__main__":
    # What is imported below takes most of a second, in which nothing is under way: until a `Stop` listens, a signal
    # ends the process right here. An exception, such as Python's own for Ctrl-C, could get lost in the imports.

    def stop_before_the_start(*_: object) -> None:
        """Say the same as a start that is broken off later."""
        command = sys.argv[1] if len(sys.argv) > 1 else "serve"
        ends = {"serve": "Rialto was stopped before it served.", "verify": "Rialto was stopped before it verified."}
        try:
            os.write(1, f"{ends.get(command, f'{command} was stopped before it began.')}\n".encode())
        finally:
            os._exit(command != "serve")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_before_the_start)

import argparse
import gc
import getpass
import importlib
import resource
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

import msgspec
import structlog
import trio

from actors.core.failures import ActorFailed
from actors.exchange import open_exchange
from actors.seed import seed
from gateway.app import make_app, open_gateway
from gateway.guard import leaves
from gateway.identity.first_admin import ensure_admin
from gateway.identity.passwords import ArgonHasher
from gateway.logs import configure_logs
from gateway.serving import CannotListen, serve
from gateway.settings import Settings, SettingsError, from_environment
from gateway.tools.outside import Outside
from storage.data_folder import CannotStart, DataFolder
from storage.embedded import EmbeddedPostgres
from storage.interface import CommitImpossible, DatabaseAway, Storage, StorageError
from storage.postgres import PostgresStorage, open_postgres
from storage.verify import verify

log = structlog.get_logger()

SWITCH_INTERVAL_S = 0.0005  # between the exchange's thread and the database's: with 5 ms, 1 ms timers were 5 ms late
# Cyclic garbage is rare here, and looking for it among all open orders is dear: the state of the start is left out,
# and the youngest generation may grow. 12 % more orders a second than with Python's own 700 (tests.benchmarks.inside).
GARBAGE_THRESHOLDS = (50_000, 20, 100)
STOP_S = 8.0  # what draining may take; with PostgreSQL's own stop it stays below the 10 that init systems wait
AWAY_S = 1.0  # so long a stop waits for a database that is away, after the silence that made it count as that
LOOK_S = 0.1  # between two looks whether it is
UNWIND_S = 1.0  # for a commit that waits, to end the process with a sentence of its own

JWT_SECRET = "jwt_secret"  # noqa: S105  # the names of secrets in the data folder, not the secrets
ADMIN_PASSWORD = "admin_password"  # noqa: S105  # the same


class StopForced(Exception):
    """A stop that could not wait for all that was under way."""


TOOLS = {  # programs that are clients of a running Rialto, by command
    "mm-bot": "drive the market maker of prediction markets from outside, by what trades and books show",
    "batch-orders": "place the orders of a CSV file in prediction markets, once, however often it is run",
}

FOR_THE_OPERATOR = (CannotStart, CannotListen, SettingsError, StorageError, StopForced)  # each is a sentence


class SystemClock:
    """Milliseconds since 1970 UTC."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class SystemRandomness:
    """What nobody may guess."""

    def token_hex(self, nbytes: int) -> str:
        return secrets.token_hex(nbytes)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="run.py", description="Rialto: a whole exchange in one process.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("serve", help="serve the exchange (the default)")
    commands.add_parser("verify", help="fold the journal and compare it with the tables; Rialto must not be running")
    arguments = sys.argv[1:] if arguments is None else arguments
    programs = {
        name: _program(commands.add_parser(name, help=words), name in arguments) for name, words in TOOLS.items()
    }
    options = vars(parser.parse_args(arguments))
    command = options.pop("command")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _allow_connections()
    try:
        settings = from_environment(os.environ)
        configure_logs(settings.log_format)
        if (program := programs.get(command)) is not None:
            code: int = trio.run(partial(program.run, **options, outside=_outside()))
            return code
        return trio.run(_verify if command == "verify" else _serve, settings)
    except BaseException as error:
        sentences = _sentences(error)
        if not sentences:
            raise
        for sentence in sentences:
            say(sentence)
        return 1


def _program(parser: argparse.ArgumentParser, wanted: bool) -> Any:
    """The module of a tool; it is imported only where it is asked for, as the exchange needs nothing of it."""
    if not wanted:
        return None
    program = importlib.import_module(f"gateway.tools.{parser.prog.split()[-1].replace('-', '_')}.program")
    program.add_arguments(parser)
    return program


def _outside() -> Outside:
    """The world as the tools see it."""
    return Outside(say, secrets.SystemRandom().random, os.environ, getpass.getpass if sys.stdin.isatty() else None)


def _allow_connections() -> None:
    """Take as many file descriptors as the system lets us: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def say(text: str) -> None:
    """Speak to the operator, on stdout; the log has its own place."""
    with suppress(BrokenPipeError):  # Who listened may be gone already: Ctrl-C ends `tee`, too.
        os.write(1, os.fsencode(f"{text}\n"))  # Python's own stdout would try again at the exit.


class Stop:
    """How SIGINT and SIGTERM end the process: a start is broken off, service drained. More signals change nothing."""

    def __init__(self) -> None:
        self.asked = trio.Event()
        self.start = trio.CancelScope()
        self.serving = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear signals for the length of the block, and none after it: the process is about to end.

        trio's receiver would give back at its end what it was given, and so be followed by `stop_before_the_start`.
        """
        token = trio.lowlevel.current_trio_token()
        _on_signals(lambda *_: token.run_sync_soon(self._ask))
        try:
            yield
        finally:
            _on_signals(signal.SIG_IGN)

    def _ask(self) -> None:
        self.asked.set()
        if not self.serving:
            self.start.cancel()


def _on_signals(handler: Callable[..., object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


async def _serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; then drain in the way of a command."""
    data = DataFolder(settings.data_folder)
    stop = Stop()
    away = False
    with stop.listening(), data.locked():
        async with trio.open_nursery() as outlasting:  # what a signal breaks off: see `_database`
            with stop.start:
                away = await _serve_until(stop, settings, data, outlasting)
    if stop.start.cancelled_caught:
        say("Rialto was stopped before it served.")
    elif away:
        say("Rialto has stopped while its database was away. Nothing acknowledged is lost.")
    else:
        say("Rialto has stopped.")
    return 1 if away else 0


async def _serve_until(stop: Stop, settings: Settings, data: DataFolder, outlasting: trio.Nursery) -> bool:
    """Open the database and serve; whether that was away in the end."""
    insist_on_admin = settings.admin_password is not None
    settings = _with_secrets(settings, data)
    async with (
        _database(settings, data, outlasting) as dsn,
        open_postgres(dsn) as storage,
        _force_in_time(stop, storage),
    ):
        await _serve_on(storage, settings, stop, insist_on_admin=insist_on_admin)
        return await _is_away(storage)


async def _is_away(storage: Storage) -> bool:
    """Ask the database: whoever asked it for nothing yet has not noticed that it is gone."""
    with trio.move_on_after(AWAY_S), suppress(DatabaseAway):
        await storage.reader.journal_head()
        return False
    return True


@asynccontextmanager
async def _force_in_time(stop: Stop, storage: PostgresStorage) -> AsyncIterator[None]:
    """Watch over the stop of what is in the block."""
    watching = trio.CancelScope(shield=True)  # a start that is broken off may wait for the database, too
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_force, stop, storage, watching)
        try:
            yield
        finally:
            watching.cancel()


async def _force(stop: Stop, storage: PostgresStorage, watching: trio.CancelScope) -> None:
    """End a stop that takes too long, or waits for a database that is away."""
    with watching:
        await stop.asked.wait()
        give_up = trio.current_time() + STOP_S
        patience_s = AWAY_S
        while patience_s > 0 and trio.current_time() < give_up:
            await trio.sleep(LOOK_S)
            patience_s = patience_s - LOOK_S if storage.writer.away else AWAY_S
        why = "its database is away" if storage.writer.away else f"draining took more than {STOP_S:.0f} s"
        log.error("stop_forced", why=why)
        await storage.writer.close()  # what waits for the database fails now, and ends the process
        await trio.sleep(UNWIND_S)
        raise StopForced(f"Rialto had to stop at once, as {why}. Nothing acknowledged is lost.")


async def _serve_on(storage: Storage, settings: Settings, stop: Stop, *, insist_on_admin: bool) -> None:
    """Start the exchange and its gateway; returns when they have been drained."""
    randomness = SystemRandomness()
    odds_max = settings.accumulator_odds_max
    async with open_exchange(storage, SystemClock(), settings.rules, accumulator_odds_max=odds_max) as exchange:
        await seed(exchange, settings.house_seed, settings.betting_asset)
        hasher = ArgonHasher(randomness)
        assert settings.admin_password is not None
        await ensure_admin(
            storage.identity,
            hasher,
            exchange.clock,
            username=settings.admin_username,
            password=settings.admin_password,
            insist=insist_on_admin,
        )
        async with (
            open_gateway(exchange, settings, hasher=hasher, randomness=randomness, shutdown=stop.asked) as gateway,
            trio.open_nursery() as nursery,
        ):
            address = settings.bind_addr
            port = await nursery.start(
                partial(serve, make_app(gateway), host=address, port=settings.bind_port, shutdown=stop.asked)
            )
            await trio.lowlevel.checkpoint_if_cancelled()  # by a signal a moment ago
            stop.serving = True
            tune_collector()
            say(f"Rialto serves http://{address}:{port} (stop it with Ctrl-C)")


def tune_collector() -> None:
    """Set aside what the start has built, and look for garbage less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _with_secrets(settings: Settings, data: DataFolder) -> Settings:
    """Fill in the secrets that the operator did not set: made at random once, kept in the data folder."""
    jwt_secret = settings.jwt_secret or data.secret(JWT_SECRET, lambda: secrets.token_hex(32))
    admin_password = settings.admin_password
    if admin_password is None:
        admin_password = data.secret(ADMIN_PASSWORD, lambda: secrets.token_urlsafe(18))
        say(f"The password of {settings.admin_username} lies in {data.path / ADMIN_PASSWORD}")
    return msgspec.structs.replace(settings, jwt_secret=jwt_secret, admin_password=admin_password)


@asynccontextmanager
async def _database(settings: Settings, data: DataFolder, outlasting: trio.Nursery) -> AsyncIterator[str]:
    """The address of the operator's own database, or of one that lives as long as the block.

    It runs in the other nursery, which a cancellation of the block must not reach: who is cancelled while he works on
    the database would see it go, and tell that instead.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    postgres = EmbeddedPostgres(data, lambda: secrets.token_hex(32))
    try:
        dsn: str = await outlasting.start(postgres.run)
        if postgres.where_it_went:
            say(postgres.where_it_went)
        yield dsn
    finally:
        with trio.CancelScope(shield=True):
            await postgres.stop()


async def _verify(settings: Settings) -> int:
    """Compare the journal with the tables; 0 if they agree."""
    data = DataFolder(settings.data_folder)
    stop = Stop()
    with stop.listening(), data.locked():
        async with trio.open_nursery() as outlasting:
            with stop.start:
                async with _database(settings, data, outlasting) as dsn, open_postgres(dsn) as storage:
                    verified = await verify(storage.reader)
    if stop.start.cancelled_caught:
        say("Rialto was stopped before it verified.")
        return 1
    for difference in verified.differences:
        say(difference)
    verdict = "agree" if not verified.differences else "DO NOT agree"
    counted = f"{verified.rows} rows, {verified.balances} balances, {verified.open_orders} open orders"
    say(f"Journal and tables {verdict}: {counted}.")
    return 1 if verified.differences else 0


def _sentences(error: BaseException) -> list[str]:
    """What to tell the operator; nothing if there is an error that should not happen."""
    sentences = [_sentence(leaf) for leaf in leaves(error) if not isinstance(leaf, trio.Cancelled)]
    return [] if None in sentences else list(dict.fromkeys(filter(None, sentences)))


def _sentence(error: BaseException) -> str | None:
    if isinstance(error, FOR_THE_OPERATOR):
        return str(error)
    if isinstance(error, ActorFailed) and isinstance(error.__cause__, CommitImpossible):
        return f"Rialto had to stop: {error.__cause__}. Nothing acknowledged is lost."
    return None


if __name__ == "__main__":
    sys.exit(main())
