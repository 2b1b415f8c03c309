"""The beginning of the recorded day: what `make replay` does with all of it."""

import gzip
from itertools import islice
from pathlib import Path

import pytest
import trio

from engine.matching.order import Side
from tests.end_to_end.servers import CHECKOUT, open_reader, running_rialto
from tests.invariants import audit
from tests.replay.feed import Cancel, Create, read_commands
from tests.replay.player import replay

FEED = CHECKOUT.parent / "shared" / "data" / "bitstamp_btcusd_2015-05-01_feed.log.gz"
COMMANDS = 1_500


def test_the_feed_is_read_as_orders_and_cancels(tmp_path: Path) -> None:
    """What was filled, changed or traded is the exchange's own doing: it is not a command."""
    lines = (
        '1 order_created {"price": "236.47", "amount": "2.00000000", "datetime": "1", "id": 7, "order_type": 0}',
        '2 order_changed {"price": "236.47", "amount": "1.50000000", "datetime": "1", "id": 7, "order_type": 0}',
        '3 trade {"price": 236.47, "amount": 0.5, "id": 1}',
        '4 order_created {"price": "236.50", "amount": "0.00000001", "datetime": "4", "id": 8, "order_type": 1}',
        '5 order_book {"bids": [["236.47", "1.5"]], "asks": [["236.50", "1"]]}',
        '6 order_deleted {"price": "236.47", "amount": "1.50000000", "datetime": "1", "id": 7, "order_type": 0}',
        '7 order_deleted {"price": "236.50", "amount": "0.00000000", "datetime": "4", "id": 8, "order_type": 1}',
    )
    path = tmp_path / "feed.log.gz"
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    assert list(read_commands(path)) == [
        Create("7", Side.BUY, "236.47", "2.00000000"),
        Create("8", Side.SELL, "236.50", "0.00000001"),
        Cancel("7", Side.BUY),
    ]


@pytest.fixture
def recorded() -> list[Create | Cancel]:
    if not FEED.exists():
        pytest.skip(f"the recording is not at {FEED}")
    return list(islice(read_commands(FEED), COMMANDS))


@pytest.mark.slow
def test_the_recorded_day_begins_as_with_the_naive_exchange(recorded: list[Create | Cancel], postgres_dsn: str) -> None:
    with running_rialto(DATABASE_URL=postgres_dsn) as rialto:
        replayed = trio.run(replay, rialto, recorded)
        trio.run(_audit, postgres_dsn)
    assert replayed.differences == []
    assert replayed.answers.total() == COMMANDS
    assert replayed.trades > 0


async def _audit(dsn: str) -> None:
    async with open_reader(dsn) as reader:
        await audit(reader)
