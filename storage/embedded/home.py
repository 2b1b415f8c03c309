"""Where the database lives: `postgres` in the data folder, a folder or a link to where it had to go.

    data/postgres/            ours: 0700, under root 0711
      lock                    held by the Rialto that runs it: two data folders may link to one home (a copied folder)
      cluster/                PostgreSQL's data directory, its account's, 0700; appears by a rename, complete
      making-*/               a cluster under construction
      socket-*/               its account's, 0700: the unix socket; a new one each start
    data/postgres.log         in the data folder wherever the home is

Under root the account may be unable to pass through the folders above (root's own home is 0700). They are not opened
for it: the home is made elsewhere, and the link is the record of where.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.data_folder import make_folders
from storage.embedded.account import Account, PostgresUnusable, account_for, reaches

SOCKET_PATH_BYTES_MAX = 103  # sun_path holds 108 bytes with the final NUL on Linux, 104 on macOS
SOCKET_FILE = ".s.PGSQL.5432"  # PostgreSQL's name for it: without TCP the port is only a part of this name


async def settle(data_folder: Path, elsewhere: Path) -> tuple[Path, Account]:
    """Return the home, made if need be, and the account that runs the database in it."""
    wanted = data_folder / "postgres"
    if wanted.is_symlink() and not wanted.exists():
        raise PostgresUnusable(
            f"{wanted} leads to {wanted.readlink()}, which is gone: bring it back, or remove {wanted} "
            "to begin with an empty database."
        )
    account = account_for(wanted / "cluster")
    if not wanted.exists():
        wanted.mkdir()
        _close(wanted)
    home = wanted.resolve()
    if await reaches(account, home):
        return home, account
    if wanted.is_symlink() or (wanted / "cluster").exists():
        raise PostgresUnusable(
            f"User {account.name}, as whom PostgreSQL runs, can't enter {home}: a folder on the way lacks mode o+x."
        )
    shutil.rmtree(wanted)
    home = await _make_elsewhere(data_folder, elsewhere, account)
    wanted.symlink_to(home)
    return home, account


async def _make_elsewhere(data_folder: Path, elsewhere: Path, account: Account) -> Path:
    make_folders(elsewhere, 0o755)
    # The name tells a reader of `ls` whose it is. It is never found again by name, so a data folder that is removed
    # and made anew begins with an empty database, as it should.
    prefix = "-".join(data_folder.parts[1:])[-40:]  # short: the path of the socket has its limit
    home = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=elsewhere))
    _close(home)
    if not await reaches(account, home):
        raise PostgresUnusable(
            f"User {account.name}, as whom PostgreSQL runs under root, can enter neither {data_folder} nor {elsewhere}."
        )
    return home


@contextmanager
def socket_folder(home: Path, account: Account) -> Iterator[Path]:
    """Make a fresh folder for the unix socket, and take it away at the end.

    Fresh, because a postmaster removes its socket by name when it ends: an orphan whose data folder was removed
    and made anew would take the new one's away.
    """
    for left_over in home.glob("socket-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    longest = home / "socket-12345678" / SOCKET_FILE
    # A comma would split the path in two, in PostgreSQL's settings and in its clients' addresses.
    fits = len(os.fsencode(longest)) <= SOCKET_PATH_BYTES_MAX and "," not in str(home)
    folder = Path(tempfile.mkdtemp(prefix="socket-" if fits else "rialto-socket-", dir=home if fits else None))
    try:
        account.take(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _close(folder: Path) -> None:
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
