"""Storage in memory: dicts that are obviously right. What PostgreSQL refuses is refused here too, with nothing done.

Everything is gone with the object: to simulate a restart, build the next exchange on the same `MemoryStorage`.
"""

from storage.memory.identity import MemoryIdentity
from storage.memory.preferences import MemoryPreferences
from storage.memory.reader import MemoryReader
from storage.memory.tables import Tables
from storage.memory.writer import MemoryWriter


class MemoryStorage:
    """All parts over the same tables."""

    def __init__(self) -> None:
        tables = Tables()
        self.writer = MemoryWriter(tables)
        self.reader = MemoryReader(tables)
        self.identity = MemoryIdentity(tables)
        self.preferences = MemoryPreferences(tables)
