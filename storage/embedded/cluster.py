"""A cluster, PostgreSQL's word for its data directory: made once, with the database `rialto` in it."""

import shutil
import tempfile
from pathlib import Path

from storage.data_folder import sync_folder
from storage.embedded.account import Account, PostgresUnusable, ProgramFailed, run_as
from storage.embedded.programs import MAJOR_VERSION

DATABASE = "rialto"
USER = "rialto"  # the superuser, as the server is Rialto's alone


def check_version(cluster: Path) -> None:
    """Refuse a cluster that another major version of PostgreSQL wrote: neither reads the other's files."""
    version = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    if version == str(MAJOR_VERSION):
        return
    is_newer = version.isdigit() and int(version) > MAJOR_VERSION
    raise PostgresUnusable(
        f"The database in {cluster} was written by PostgreSQL {version} and this Rialto brings {MAJOR_VERSION}: "
        + ("run the newer Rialto that wrote it." if is_newer else "upgrade it with pg_upgrade.")
    )


async def make_cluster(cluster: Path, programs: Path, account: Account, password: str) -> None:
    """Make the cluster aside and rename it: a kill -9 halfway leaves none, and the next start makes it."""
    home = cluster.parent
    for left_over in home.glob("making-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=home))
    try:
        new, password_file = _prepare(making, account, password)
        await _make(new, password_file, programs, account)
        new.rename(cluster)
        sync_folder(home)
    except (ProgramFailed, OSError) as error:
        raise PostgresUnusable(f"No database could be made in {home}: {error}.") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _prepare(making: Path, account: Account, password: str) -> tuple[Path, Path]:
    """Return an empty folder and a file with the password, both the account's."""
    making.chmod(making.parent.stat().st_mode)
    new, password_file = making / "cluster", making / "password"
    new.mkdir(mode=0o700)
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="utf-8")
    account.take(new)
    account.take(password_file)
    return new, password_file


async def _make(new: Path, password_file: Path, programs: Path, account: Account) -> None:
    settings = ("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C", "--no-instructions")
    who = (f"--username={USER}", f"--pwfile={password_file}")
    await run_as(account, programs / "initdb", *who, *settings, new)
    # A server for one session on stdin, so that the database is there before anybody can connect.
    alone = ("--single", "-c", "exit_on_error=true", "-D", new, "template1")
    await run_as(account, programs / "postgres", *alone, stdin=f"CREATE DATABASE {DATABASE};\n".encode())
