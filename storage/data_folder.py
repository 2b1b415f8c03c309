"""The data folder: where one Rialto keeps its secrets and its lock, and the embedded PostgreSQL its home.

data/                 0700; 0711 when root makes it, so that root's database account can pass through, not look
  lock                held (flock) by the Rialto that runs on this folder; its text is that process's number
  <name of a secret>  0600, made at random once
  postgres/           see storage/embedded
"""

import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotStart(Exception):
    """Why Rialto can't start, as one sentence for the operator: print `str()` of it and exit non-zero."""


class DataFolderUnusable(CannotStart):
    """The data folder, or a file in it, can't be made, read or written."""


class DataFolderBusy(CannotStart):
    """Another Rialto holds the data folder's lock."""


class DataFolder:
    """A folder that is made if need be; make secrets only inside `with folder.locked()`.

    Reading a secret that is there needs no lock: an operator's tool may do it while Rialto runs.
    A folder that was there before keeps its mode; each secret guards itself.
    """

    def __init__(self, path: Path) -> None:
        with _told_as_unusable(path):
            self.path = path.resolve()
            make_folders(self.path, 0o711 if os.geteuid() == 0 else 0o700)

    def holds(self, name: str) -> bool:
        """Whether the secret was made before."""
        return (self.path / name).exists()

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """Return what the file `name` holds; if there is none yet, write what `make` returns and return that.

        An operator may write the file himself: white space round the secret doesn't count, and a mode that lets
        others read it is narrowed.
        """
        file = self.path / name
        with _told_as_unusable(file):
            if not file.exists():
                _write_once(file, make())
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
            kept = file.read_text(encoding="utf-8").strip()
        if len(kept.splitlines()) != 1:
            raise DataFolderUnusable(f"{file} must hold one line: write it, or remove the file to have a new one made.")
        return kept

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process alone; raises DataFolderBusy at once if another has it."""
        with locked(self.path / "lock", f"the data folder {self.path}"):
            yield


@contextmanager
def locked(file: Path, what: str) -> Iterator[None]:
    """Hold a lock that dies with this process, kill -9 included; `what` names the thing in the refusal."""
    with _told_as_unusable(file):
        # Python opens files close-on-exec: no child of ours can keep the lock after us.
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        with _told_as_unusable(file):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
                raise DataFolderBusy(f"Another Rialto (process {holder}) is running on {what}.") from None
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        # The file stays: removing it would let two newcomers lock two different files of one name.
        os.close(handle)


def make_folders(path: Path, mode: int) -> None:
    """Make a folder and those above it, as far as they are missing, in this mode whatever the umask."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(mode)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a folder")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut; a file's own fsync doesn't."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_once(file: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).rename(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


@contextmanager
def _told_as_unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataFolderUnusable(f"{path} in the data folder can't be used: {reason}.") from error
