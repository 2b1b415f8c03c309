"""As whom PostgreSQL runs: as ourselves, but it refuses root, so under root as an account that is there already.

Rialto adds no account to a machine: /etc/passwd is the operator's. `postgres` is meant for the purpose and owns
nothing else of worth; `nobody` exists everywhere, but whatever else runs as `nobody` could read the database's files.
"""

import os
import pwd
from pathlib import Path
from typing import NamedTuple

import trio

from storage.data_folder import CannotStart

CANDIDATES = ("postgres", "nobody")

# All that PostgreSQL hears of our environment: PGPORT, PGDATA and the like would change what it does,
# LC_ALL keeps its messages in English, and secrets given to Rialto in variables are not its business.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class PostgresUnusable(CannotStart):
    """The embedded PostgreSQL can't be made or started."""


class ProgramFailed(Exception):
    """A program ended with another code than 0; the text is what it wrote to stderr."""


class Account(NamedTuple):
    """An account of the machine; `user` and `group` are None where nothing needs to be switched."""

    name: str
    user: int | None = None
    group: int | None = None

    def take(self, path: Path) -> None:
        """Make the account the owner of a path that we made; its folder must be ours, or a link may be slipped in."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def account_for(cluster: Path) -> Account:
    """Return the owner of the cluster, if it is there, else whom a new one shall belong to."""
    us = os.geteuid()
    owner = cluster.stat().st_uid if cluster.exists() else None
    if us != 0:
        if owner not in (None, us):
            raise PostgresUnusable(f"The database in {cluster} belongs to another user: start Rialto as that user.")
        return Account("this user")
    if owner == 0:
        raise PostgresUnusable(
            f"The database in {cluster} belongs to root, as whom PostgreSQL refuses to run: give it to a user."
        )
    candidates = CANDIDATES if owner is None else (_name(owner, cluster),)
    for name in candidates:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresUnusable(
        f"PostgreSQL refuses to run as root and there is no user {' or '.join(CANDIDATES)}: start Rialto as another."
    )


def _name(user: int, cluster: Path) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        message = f"The database in {cluster} belongs to user {user}, whom this machine doesn't know."
        raise PostgresUnusable(message) from None


async def run_as(account: Account, *command: str | Path, stdin: bytes = b"") -> None:
    """Run a program to its end; raises ProgramFailed, or OSError if it can't be started."""
    result = await trio.run_process(
        [str(word) for word in command],
        stdin=stdin,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        cwd="/",  # ours may be closed to the account
        env=ENVIRONMENT,
        user=account.user,
        group=account.group,
        extra_groups=None if account.user is None else [],
        start_new_session=True,
    )
    if result.returncode != 0:
        raise ProgramFailed(result.stderr.decode(errors="replace").strip())


async def reaches(account: Account, folder: Path) -> bool:
    """Whether the account can enter a folder; the kernel is asked, as the modes alone don't tell (ACLs, namespaces)."""
    try:
        await run_as(account, "/bin/sh", "-c", 'cd "$1"', "sh", folder)
    except (ProgramFailed, OSError):
        return False
    return True
