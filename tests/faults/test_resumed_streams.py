"""A subscriber that is cut again and again while the server is killed: every message once, in order, over real sockets.

What it was told live, from memory and from the journal is compared with what the tables say of all of it.
"""

import random
from typing import Any

import msgspec
import pytest
import trio

from actors.core import Address
from actors.directory import Directory
from actors.outbox import Outbox
from actors.private_line import PRIVATE_CHANNELS, PrivateLine
from actors.recent_posts import RecentPosts
from actors.replay import Replay
from engine.ledger.page import account_channel
from engine.products import read_definition
from gateway.client.follower import Follower
from gateway.websocket.texts import message_of
from storage.interface import Reader
from tests.end_to_end.cutting import cut
from tests.end_to_end.servers import open_reader, running_rialto
from tests.faults.listeners import all_trades
from tests.faults.load import SYMBOLS, Json, Load
from tests.storage.servers import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_connections"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CUTS = 20
KILLS = (6, 13)  # with these cuts the server is killed
SERVICE_S = 60.0  # for a restart on busy cores; it takes a second on idle ones
TRADES = {f"trades:{symbol}": symbol for symbol in SYMBOLS}


@pytest.mark.trio
async def test_a_subscriber_that_is_cut_hears_everything_once(postgres_server: Server) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with postgres_server.new_database() as dsn, running_rialto(DATABASE_URL=dsn) as rialto:
        load = Load(rialto, seed)
        heard: list[Json] = []
        async with trio.open_nursery() as nursery:
            await nursery.start(load.run)
            told = load.customers[0]
            numbers = dict.fromkeys((*TRADES, *PRIVATE_CHANNELS), 0)
            follower = Follower(rialto.websocket_url, told.token, numbers, heard.append)
            nursery.start_soon(follower.run)
            await load.until_done(100)
            for number in range(CUTS):
                await trio.sleep(chance.random() * 0.5)
                if number in KILLS:
                    rialto.kill()
                    await trio.to_thread.run_sync(rialto.start)
                elif follower.stream is not None:
                    await cut(follower.stream)
                await load.until_done(20, SERVICE_S)
            load.stop()
            async with open_reader(dsn) as reader:
                await everything_heard(follower, reader, told.account_id)
                await check_trades(heard, reader)
                await check_private(heard, reader, told.account_id)
            nursery.cancel_scope.cancel()
        assert follower.connections > CUTS // 2, "cut while it was away already"
        assert follower.holes == 0
        print(f"{len(heard)} messages, {follower.connections} connections, {follower.gaps} gaps")


async def everything_heard(follower: Follower, reader: Reader, account_id: int) -> None:
    """Wait until the follower has come to the end of all its streams; nothing more is traded."""
    with trio.fail_after(SERVICE_S):
        while True:
            before = await reader.journal_head()
            last = await reader.stream_numbers()
            private = max(follower.numbers[channel] for channel in PRIVATE_CHANNELS)
            if (
                private == last[account_channel(account_id)]
                and all(follower.numbers[channel] == last[channel] for channel in TRADES)
                and await reader.journal_head() == before
            ):
                return
            await trio.sleep(0.1)


async def check_trades(heard: list[Json], reader: Reader) -> None:
    """Each of every symbol, as it stands in the tables."""
    trades = await all_trades(reader)
    for channel, symbol in TRADES.items():
        mine = [message for message in heard if message["channel"] == channel]
        last = max(number for name, number in trades if name == symbol)
        assert [message["seq"] for message in mine] == list(range(1, last + 1))
        for message in mine:
            shown = trades[symbol, message["seq"]]
            assert {name: message[name] for name in shown} == shown


async def check_private(heard: list[Json], reader: Reader, account_id: int) -> None:
    """The three channels together are the whole stream, each message as the journal tells it."""
    mine = sorted((m for m in heard if m["channel"] in PRIVATE_CHANNELS), key=lambda message: message["seq"])
    assert mine == await retold(reader, account_id)
    assert [message["seq"] for message in mine] == list(range(1, len(mine) + 1))
    assert {message["type"] for message in mine} == {"order", "fill", "balance"}


async def retold(reader: Reader, account_id: int) -> list[Any]:
    """An account's whole stream as a client is shown it, read from the journal."""
    directory = Directory()
    for market in await reader.markets():
        directory.open(market, read_definition(market.product, market.definition), Address("nobody"))
    outbox, topic = Outbox(), account_channel(account_id)
    line = PrivateLine(topic)
    for channel in PRIVATE_CHANNELS:
        line.resume(channel, 0)
    outbox.open(topic, line)
    outbox.begin(topic, RecentPosts(), Replay(reader, directory))
    shown: list[Any] = []
    while True:
        posts, _ = outbox.take()
        shown += [msgspec.to_builtins(message_of(post.content, directory)) for post in posts]
        reading = outbox.next_reading()
        if reading is None:
            return shown
        assert await outbox.read(reading) == {}
