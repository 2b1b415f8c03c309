"""Fixtures for the scenarios: one Rialto on a database of its own, and what is looked at after each test."""

from collections.abc import Iterator

import pytest
import trio

from tests.end_to_end.servers import Rialto, open_reader, running_rialto
from tests.invariants import audit
from tests.storage.servers import Server


@pytest.fixture(scope="session")
def shared_dsn(postgres_server: Server) -> Iterator[str]:
    """Return the address of the shared Rialto's database."""
    with postgres_server.new_database() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def rialto(shared_dsn: str) -> Iterator[Rialto]:
    """Return the one Rialto that these tests share: take users and symbols of your own, and leave it running."""
    with running_rialto(DATABASE_URL=shared_dsn) as rialto:
        yield rialto


@pytest.fixture
def audited(rialto: Rialto, shared_dsn: str) -> Iterator[None]:
    """Have a test on the shared Rialto end with an audit of all tables."""
    yield
    trio.run(_audit, shared_dsn)


async def _audit(dsn: str) -> None:
    async with open_reader(dsn) as reader:
        await audit(reader)
