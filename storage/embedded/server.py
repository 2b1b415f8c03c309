"""The embedded PostgreSQL as Rialto sees it: `run` keeps one in service until `stop`, `dsn` says how to reach it.

settle in -> lock -> make the cluster, once -> stop an orphan -> start -> started(dsn) -> the server ends
                                                                   ^                            |
                                                                   +--------- a pause ----------+
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlencode

import structlog
import trio

from storage.data_folder import DataFolder, locked
from storage.embedded.account import Account, PostgresUnusable
from storage.embedded.cluster import DATABASE, USER, check_version, make_cluster
from storage.embedded.home import settle, socket_folder
from storage.embedded.postmaster import Postmaster
from storage.embedded.programs import find_programs

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ELSEWHERE = Path("/var/lib/rialto")  # for root, where PostgreSQL's account can't enter the data folder
PASSWORD = "postgres_password"  # noqa: S105 - the name of the secret, not the secret

# The server is started again at once; if it keeps ending soon after its start, the pauses grow so that it does not
# keep a core busy, and stay short enough that service is back a second after the cause has gone.
RESTART_PAUSES_S = (0.0, 0.2, 1.0)
LIVED_S_MIN = 10.0


class EmbeddedPostgres:
    """A PostgreSQL server on a data folder that the caller holds locked.

    `make_password` is called once in the life of the data folder.
    """

    def __init__(self, data: DataFolder, make_password: Callable[[], str], elsewhere: Path = ELSEWHERE) -> None:
        self._data = data
        self._make_password = make_password
        self._elsewhere = elsewhere
        self._until_stopped = trio.CancelScope()
        self._ended: trio.Event | None = None
        self._where_it_went: list[str] = []
        self._dsn: str | None = None

    @property
    def dsn(self) -> str:
        """The address for asyncpg; it holds the password. It stays the same while `run` runs, restarts included."""
        assert self._dsn is not None, "the server is not in service"
        return self._dsn

    @property
    def where_it_went(self) -> str | None:
        """Sentences for the operator, if not all is in its usual place; known once `run` has started."""
        return " ".join(self._where_it_went) or None

    async def run(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Make, start and keep the server in service until `stop` or cancellation; `started` gets the dsn.

        Use it once. Raises CannotStart if there is no service to begin with; once there was, it is restored for ever.
        """
        assert self._ended is None, "run is for one use"
        self._ended = trio.Event()
        try:
            with self._until_stopped:
                await self._run(task_status)
        except OSError as error:
            raise PostgresUnusable(f"The embedded PostgreSQL can't run: {error}.") from error
        finally:
            self._dsn = None
            self._ended.set()

    async def stop(self) -> None:
        """Stop the server and return when it is gone: for the end of Rialto, after the last commit."""
        self._until_stopped.cancel()
        if self._ended is not None:
            await self._ended.wait()

    async def _run(self, task_status: trio.TaskStatus[str]) -> None:
        home, account = await settle(self._data.path, self._elsewhere)
        programs = await find_programs(account, self._elsewhere)
        self._say_where_it_went(home, account, programs)
        cluster = home / "cluster"
        with ExitStack() as stack:
            stack.enter_context(locked(home / "lock", f"the database in {home}"))
            password = self._password_of(cluster)
            if not cluster.exists():
                await make_cluster(cluster, programs, account, password)
            check_version(cluster)
            socket = stack.enter_context(socket_folder(home, account))
            postmaster = Postmaster(account, programs, cluster, socket, self._data.path / "postgres.log")
            try:
                await postmaster.start()
                self._dsn = _dsn(password, socket)
                task_status.started(self._dsn)
                await _keep_in_service(postmaster)
            finally:
                await postmaster.stop()

    def _password_of(self, cluster: Path) -> str:
        if cluster.exists() and not self._data.holds(PASSWORD):
            raise PostgresUnusable(
                f"The password of the database in {cluster} is gone: bring back {self._data.path / PASSWORD}, "
                f"or remove {self._data.path / 'postgres'} to begin with an empty database."
            )
        return self._data.secret(PASSWORD, self._make_password)

    def _say_where_it_went(self, home: Path, account: Account, programs: Path) -> None:
        if home != self._data.path / "postgres":
            self._where_it_went.append(
                f"The database is in {home}: under root PostgreSQL runs as user {account.name}, "
                f"who can't enter {self._data.path}."
            )
        if programs.is_relative_to(self._elsewhere):
            self._where_it_went.append(
                f"PostgreSQL's programs are copied to {programs.parent}: user {account.name} can't run those installed."
            )


async def _keep_in_service(postmaster: Postmaster) -> None:
    failures = 0
    while True:
        began = trio.current_time()
        code = await postmaster.wait()
        if trio.current_time() - began >= LIVED_S_MIN:
            failures = 0
        log.error("PostgreSQL ended by itself and is started again", code=code)
        while True:
            await trio.sleep(RESTART_PAUSES_S[min(failures, len(RESTART_PAUSES_S) - 1)])
            failures += 1
            try:
                await postmaster.start()
                break
            except (PostgresUnusable, OSError) as failure:
                log.error("PostgreSQL could not be started again", why=str(failure))
        log.info("PostgreSQL is back in service")


def _dsn(password: str, socket: Path) -> str:
    # The port is said because asyncpg would look for it in PGPORT.
    where = urlencode({"host": str(socket), "port": "5432"})
    return f"postgresql://{USER}:{quote(password, safe='')}@/{DATABASE}?{where}"
