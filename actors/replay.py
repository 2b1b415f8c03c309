"""Streams read again from the journal: the same messages, with the same numbers, as were told when they were new.

channel index      from a number to the journal's row
trades:, odds:     the row's events have their numbers
account:           retelling.py; the last number of what a row told is the index's
"""

from collections.abc import Iterator, Sequence

import trio

from actors.backlog import Stretch
from actors.directory import Directory
from actors.pushes import Gap, Odds, Post, Trade
from actors.retelling import OrderStood, Retold, retell
from actors.seen import CODEC, odds_in, trades_in
from engine.ledger.journal import Row
from engine.ledger.page import PrivateMessage
from engine.ledger.records import JournalRecord
from storage.interface import ChannelRow, Reader

ROWS_MAX = 32  # read at a time: some hold a thousand events, 200 KB

# Pages read at once, for all who ask together; the others wait for their turn. It leaves four of the pool's six
# connections to everybody else, and bounds the rows in hand.
READERS_MAX = 2

# Unpacked rows that are kept: after a restart everybody comes back from about the same place, and a row of a thousand
# events takes 5 ms to unpack.
KEPT_ROWS_MAX = 16

Message = Trade | Odds | PrivateMessage


class Replay:
    """Reads streams for those who are behind, subscribers and those who ask over REST. One object serves them all."""

    def __init__(self, reader: Reader, directory: Directory) -> None:
        self._reader = reader
        self._directory = directory
        self._turns = trio.CapacityLimiter(READERS_MAX)
        self._rows: dict[int, Row] = {}

    async def read(self, channel: str, after: int, limit: int) -> Stretch:
        """The messages of a stream after a number, at most `limit` of them. Raises DatabaseAway."""
        async with self._turns:
            rows = await self._reader.channel_rows(channel, after, ROWS_MAX)
            if not rows:
                last = await self._reader.stream_number(channel)
                return Stretch([], min(last, after), end=last <= after)
            messages = await self._messages(channel, rows, after, limit)
        is_cut = len(messages) > limit
        messages = messages[:limit]
        last = messages[-1].seq if is_cut else rows[-1].last_seq
        posts = list(_without_holes(channel, after, messages, last))
        return Stretch(posts, last, end=not is_cut and len(rows) < ROWS_MAX)

    async def _messages(self, channel: str, rows: list[ChannelRow], after: int, limit: int) -> Sequence[Message]:
        """What rows tell after a number; once that is more than `limit`, the rest may be left out."""
        kind, _, name = channel.partition(":")
        if kind == "account":
            return await self._private(int(name), rows, after, limit)
        messages: list[Message] = []
        for row in rows:
            messages += [message for message in await self._public(kind, name, row) if message.seq > after]
            if len(messages) > limit:
                break
        return messages

    async def _public(self, kind: str, name: str, row: ChannelRow) -> list[Trade] | list[Odds]:
        market = self._directory.by_channel[name]
        told = await self._unpacked(row.record)
        if kind == "odds":
            return [odds for odds in odds_in(told.parts, self._directory) if odds.market is market]
        assert kind == "trades"
        return [Trade(market, trade) for trade in trades_in(told) if trade.market_id == market.market_id]

    async def _private(self, account_id: int, rows: list[ChannelRow], after: int, limit: int) -> list[PrivateMessage]:
        drafts: list[tuple[int, int, Retold]] = []
        before = after
        for place, row in enumerate(rows):
            told = list(retell(await self._unpacked(row.record), account_id))
            first = row.last_seq - len(told) + 1
            if first == before + 1 or (place == 0 and first <= before):  # else this does not know all that it told
                drafts += [(seq, *message) for seq, message in enumerate(told, first) if seq > after]
            before = row.last_seq
            if len(drafts) > limit:
                break
        drafts = drafts[: limit + 1]
        ids = {content.order_id for _, _, content in drafts if isinstance(content, OrderStood)}
        orders = await self._reader.orders_by_id(ids) if ids else {}
        return [
            PrivateMessage(
                account_id,
                seq,
                now_ms,
                content.record(orders[content.order_id], now_ms) if isinstance(content, OrderStood) else content,
            )
            for seq, now_ms, content in drafts
        ]

    async def _unpacked(self, record: JournalRecord) -> Row:
        """Read a row's body, unless that was done a moment ago; then let others run."""
        row = self._rows.get(record.sequence)
        if row is None:
            row = self._rows[record.sequence] = CODEC.unpack(record.body)
            if len(self._rows) > KEPT_ROWS_MAX:
                del self._rows[next(iter(self._rows))]
        await trio.lowlevel.checkpoint()
        return row


def _without_holes(channel: str, after: int, messages: Sequence[Message], last: int) -> Iterator[Post]:
    """Say of each number after `after` up to `last` that it is not there, if it isn't."""
    for message in messages:
        if message.seq > after + 1:
            yield Post(Gap(channel, after + 1, message.seq - 1))
        yield Post(message)
        after = message.seq
    if last > after:
        yield Post(Gap(channel, after + 1, last))
