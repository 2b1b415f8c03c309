"""Somebody who watches all trades and one account's stream, connects again when cut, and writes everything down."""

from typing import Any

import msgspec
import trio
from trio_websocket import ConnectionClosed

from gateway.client import Unavailable, UnknownOutcome, open_stream
from gateway.shapes import trade_view
from storage.interface import Reader, TradeFilter
from tests.actors.markets import entry_of
from tests.end_to_end.servers import Rialto
from tests.faults.load import PAUSE_S, SYMBOLS, Told

Json = Any

PRIVATE = ("orders", "fills", "balances")
CHANNELS = (*(f"trades:{symbol}" for symbol in SYMBOLS), *PRIVATE)


class Listener:
    """Watches with the token of one customer; `connections` holds what each connection brought."""

    def __init__(self, rialto: Rialto, told: Told) -> None:
        self.told = told
        self.connections: list[list[Json]] = []
        self._rialto = rialto

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with open_stream(self._rialto.websocket_url, self.told.token) as stream:
                    heard: list[Json] = []
                    self.connections.append(heard)
                    await stream.subscribe(*CHANNELS)
                    while True:
                        heard.append(await stream.next_message())
            except (Unavailable, UnknownOutcome, ConnectionClosed, trio.EndOfChannel):
                pass
            await trio.sleep(PAUSE_S)

    async def check(self, reader: Reader) -> None:
        """Assert that no number was skipped in silence, and that all that was pushed is durable."""
        trades = await all_trades(reader)
        last = (await reader.stream_numbers()).get(f"account:{self.told.account_id}", 0)
        for heard in self.connections:
            for symbol in SYMBOLS:
                _check_trades(symbol, heard, trades)
            _check_private(heard, last)


def _check_trades(symbol: str, heard: list[Json], trades: dict[tuple[str, int], Json]) -> None:
    """Each number once, in order, or told as a gap; each trade as it stands in the tables."""
    channel = f"trades:{symbol}"
    last = None
    for message in heard:
        if message.get("channel") != channel:
            continue
        if message["type"] == "gap":
            assert last is None or message["from"] == last + 1
            last = message["to"]
            continue
        assert message["type"] == "trade"
        assert last is None or message["seq"] == last + 1
        last = message["seq"]
        shown = {name: message[name] for name in trades[symbol, last]}
        assert shown == trades[symbol, last]


def _check_private(heard: list[Json], durable: int) -> None:
    """The three channels together are the whole stream, each beginning with a snapshot."""
    last: int | None = None
    for message in heard:
        if message.get("channel") not in PRIVATE:
            continue
        if message["type"] == "snapshot":
            last = message["seq"]
        elif message["type"] == "gap":
            assert last is not None
            assert message["from"] <= last + 1
        else:
            assert last is not None
            assert message["seq"] == last + 1
            last = message["seq"]
    assert last is None or last <= durable


async def all_trades(reader: Reader) -> dict[tuple[str, int], Json]:
    """Read all trades as everybody sees them, by symbol and number."""
    terms = {market.market_id: entry_of(market) for market in await reader.markets()}
    found = {}
    before = None
    while page := await reader.trades(TradeFilter(before=before, limit=500)):
        for record in page:
            market = terms[record.market_id]
            found[market.name, record.number] = msgspec.to_builtins(trade_view(record, market))
        before = page[-1].trade_id
    return found
