"""What the PostgreSQL server says, in a file of bounded size in the data folder."""

import os
from pathlib import Path

LOG_BYTES_MAX = 4 * 1024 * 1024  # a start and a stop write 1 kB: thousands of them
LAST_WORDS_BYTES_MAX = 4096


class ServerLog:
    """The file that the server appends to; it never holds more than the limit plus what one check period brings."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def open(self) -> int:
        """Return a descriptor for the server to append to, after bounding the file; close it after the start."""
        self.bound()
        return os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def bound(self) -> None:
        """Beyond its limit the log becomes `<name>.1` by a copy and begins anew, as the server holds the file open."""
        if self.size() <= LOG_BYTES_MAX:
            return
        earlier = self.file.with_name(f"{self.file.name}.1")
        earlier.touch(mode=0o600)
        earlier.write_bytes(self.file.read_bytes())
        os.truncate(self.file, 0)  # The server appends, so it goes on at the new end.

    def size(self) -> int:
        return self.file.stat().st_size if self.file.exists() else 0

    def said_since(self, begin: int) -> str:
        """Return the last lines that were written after the file had the size `begin`."""
        with self.file.open("rb") as stream:
            stream.seek(max(begin, self.size() - LAST_WORDS_BYTES_MAX))
            return stream.read().decode(errors="replace").strip()
