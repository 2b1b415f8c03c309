"""Rialto's composition root: makes the real clock, chance, database and sockets, and puts the house together.

python run.py            serve
python run.py verify     fold the journal and compare it with the tables
"""

import argparse
import gc
import os
import resource
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

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
from storage.data_folder import CannotStart, DataFolder
from storage.embedded import EmbeddedPostgres
from storage.interface import CommitImpossible, Storage, StorageError
from storage.postgres import PostgresStorage, open_postgres
from storage.verify import verify

log = structlog.get_logger()

SWITCH_INTERVAL_S = 0.0005  # between the exchange's thread and the database's: with 5 ms, 1 ms timers were 5 ms late
# Cyclic garbage is rare here, and looking for it among all open orders is dear: the state of the start is left out,
# and the youngest generation may grow. 12 % more orders a second than with Python's own 700 (tests.benchmarks.inside).
GARBAGE_THRESHOLDS = (50_000, 20, 100)
STOP_S = 8.0  # what draining may take; with PostgreSQL's own stop it stays below the 10 that init systems wait

JWT_SECRET = "jwt_secret"  # noqa: S105  # the names of secrets in the data folder, not the secrets
ADMIN_PASSWORD = "admin_password"  # noqa: S105  # the same

CANNOT_SERVE = (CannotStart, CannotListen, SettingsError, StorageError)  # each is a sentence for the operator


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
    command = parser.parse_args(arguments).command
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _allow_connections()
    try:
        settings = from_environment(os.environ)
        configure_logs(settings.log_format)
        return trio.run(_verify if command == "verify" else _serve, settings)
    except BaseException as error:
        sentences = _sentences(error)
        if not sentences:
            raise
        for sentence in sentences:
            say(sentence)
        return 1


def _allow_connections() -> None:
    """Take as many file descriptors as the system lets us: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def say(text: str) -> None:
    """Speak to the operator, on stdout; the log has its own place."""
    print(text, flush=True)  # noqa: T201  # this is what stdout is for


async def _serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; then drain in the way of a command."""
    data = DataFolder(settings.data_folder)
    with data.locked():
        insist_on_admin = settings.admin_password is not None
        settings = _with_secrets(settings, data)
        shutdown = trio.Event()
        async with _database(settings, data) as dsn, open_postgres(dsn) as storage, trio.open_nursery() as nursery:
            await nursery.start(_stop_on_signal, shutdown, storage)
            await _serve_on(storage, settings, shutdown, insist_on_admin=insist_on_admin)
            nursery.cancel_scope.cancel()
    say("Rialto has stopped.")
    return 0


async def _serve_on(storage: Storage, settings: Settings, shutdown: trio.Event, *, insist_on_admin: bool) -> None:
    """Start the exchange and its gateway; returns when they have been drained."""
    randomness = SystemRandomness()
    async with open_exchange(storage, SystemClock()) as exchange:
        await seed(exchange, settings.house_seed)
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
            open_gateway(exchange, settings, hasher=hasher, randomness=randomness, shutdown=shutdown) as gateway,
            trio.open_nursery() as nursery,
        ):
            address = settings.bind_addr
            port = await nursery.start(
                partial(serve, make_app(gateway), host=address, port=settings.bind_port, shutdown=shutdown)
            )
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GARBAGE_THRESHOLDS)
            say(f"Rialto serves http://{address}:{port} (stop it with Ctrl-C)")


def _with_secrets(settings: Settings, data: DataFolder) -> Settings:
    """Fill in the secrets that the operator did not set: made at random once, kept in the data folder."""
    jwt_secret = settings.jwt_secret or data.secret(JWT_SECRET, lambda: secrets.token_hex(32))
    admin_password = settings.admin_password
    if admin_password is None:
        admin_password = data.secret(ADMIN_PASSWORD, lambda: secrets.token_urlsafe(18))
        say(f"The password of {settings.admin_username} lies in {data.path / ADMIN_PASSWORD}")
    return msgspec.structs.replace(settings, jwt_secret=jwt_secret, admin_password=admin_password)


@asynccontextmanager
async def _database(settings: Settings, data: DataFolder) -> AsyncIterator[str]:
    """The address of the operator's own database, or of one that lives as long as the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    postgres = EmbeddedPostgres(data, lambda: secrets.token_hex(32))
    async with trio.open_nursery() as nursery:
        dsn: str = await nursery.start(postgres.run)
        if postgres.where_it_went:
            say(postgres.where_it_went)
        try:
            yield dsn
        finally:
            with trio.CancelScope(shield=True):
                await postgres.stop()


async def _stop_on_signal(
    shutdown: trio.Event, storage: PostgresStorage, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Turn the first signal into an orderly stop, and end that when it takes too long."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            break
        shutdown.set()
        await trio.sleep(STOP_S)
        log.error("stop_takes_too_long", database_away=storage.writer.away)
        await storage.writer.close()  # what waits for the database fails now, and ends the process


async def _verify(settings: Settings) -> int:
    """Compare the journal with the tables; 0 if they agree."""
    data = DataFolder(settings.data_folder)
    with data.locked():
        async with _database(settings, data) as dsn, open_postgres(dsn) as storage:
            verified = await verify(storage.reader)
    for difference in verified.differences:
        say(difference)
    verdict = "agree" if not verified.differences else "DO NOT agree"
    counted = f"{verified.rows} rows, {verified.balances} balances, {verified.open_orders} open orders"
    say(f"Journal and tables {verdict}: {counted}.")
    return 1 if verified.differences else 0


def _sentences(error: BaseException) -> list[str]:
    """What to tell the operator; nothing if the error is one that should not happen."""
    errors = [leaf for leaf in leaves(error) if not isinstance(leaf, trio.Cancelled)]
    if all(isinstance(leaf, CANNOT_SERVE) for leaf in errors):
        return [str(leaf) for leaf in errors]
    if all(isinstance(leaf, ActorFailed) and isinstance(leaf.__cause__, CommitImpossible) for leaf in errors):
        return [f"Rialto had to stop: {leaf.__cause__}. Nothing acknowledged is lost." for leaf in errors]
    return []


if __name__ == "__main__":
    sys.exit(main())
