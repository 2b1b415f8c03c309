"""The odds of a match as a stream: live, resumed from memory and from the journal; its bettors' balances beside it."""

import pytest
import trio.testing

from actors.directory import MarketEntry
from actors.exchange import Exchange
from actors.lines import StreamLine
from actors.outbox import Outbox
from actors.private_line import BALANCES
from actors.pushes import Odds
from actors.subscriptions import Watch
from engine.betting.bookkeeping import odds_channel
from engine.betting.commands import CloseBetting, GoInPlay, SetOdds, SettleScore, SuspendBetting
from engine.betting.events import MatchMoved, OddsMessage, OddsSet
from engine.betting.lifecycle import Step
from engine.betting.match import Moneyline
from storage.memory import MemoryStorage
from tests.actors.exchanges import ALICE, BOB, deposit, small_exchange
from tests.actors.matches import ADMIN, AWAY, HOME, MONEYLINE, bet, claim, move, open_match
from tests.actors.test_resume import forget_everything
from tests.actors.watchers import Watcher

pytestmark = pytest.mark.trio


async def play(exchange: Exchange) -> MarketEntry:
    """A match from its first odds to its result: seven messages."""
    market = await open_match(exchange)
    name = market.name
    for account in (ALICE, BOB):
        await deposit(exchange, account, USD="100")
    won = await bet(exchange, market, ALICE, HOME, 10_000, MONEYLINE.home)
    await move(exchange, SetOdds(name, ADMIN, reason="money came", moneyline=Moneyline(180, 420, 350)))
    await bet(exchange, market, BOB, AWAY, 10_000, 420)
    await move(exchange, SuspendBetting(name, ADMIN))
    await move(exchange, GoInPlay(name, ADMIN))
    await move(exchange, CloseBetting(name, ADMIN))
    await move(exchange, SettleScore(name, ADMIN, home=2, away=1))
    await claim(exchange, market, ALICE, won.bet_id)
    return market


class Listener:
    """Listens to the odds of one match as the gateway does: an outbox, a line, a letter."""

    def __init__(self, exchange: Exchange, market: MarketEntry, after: int | None) -> None:
        self._outbox = Outbox()
        topic = odds_channel(market.channel)
        line = StreamLine(topic)
        if after is not None:
            line.resume(after)
        self._outbox.open(topic, line)
        exchange.broadcaster.tell(Watch(self._outbox, (topic,)))

    async def read(self) -> list[Odds]:
        """All that has come when all is quiet."""
        heard: list[Odds] = []
        while True:
            await trio.testing.wait_all_tasks_blocked()
            posts, _ = self._outbox.take()
            for post in posts:
                assert isinstance(post.content, Odds)
                heard.append(post.content)
            reading = self._outbox.next_reading()
            if reading is None:
                return heard
            assert await self._outbox.read(reading) == {}


def shown(heard: list[Odds]) -> list[tuple[int, type[OddsMessage] | Step]]:
    return [(odds.seq, odds.event.step if isinstance(odds.event, MatchMoved) else OddsSet) for odds in heard]


MESSAGES = [
    (1, OddsSet),
    (2, Step.OPEN),
    (3, OddsSet),
    (4, Step.SUSPEND),
    (5, Step.GO_IN_PLAY),
    (6, Step.CLOSE),
    (7, Step.SETTLE),
]


async def test_each_message_comes_once_live_and_again_from_memory_and_from_the_journal() -> None:
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        other = await open_match(exchange)
        listener = Listener(exchange, other, 0)
        market = await play(exchange)
        live = await Listener(exchange, market, 0).read()
        assert shown(live) == MESSAGES
        assert live[2].event.standing.board.moneyline == Moneyline(180, 420, 350)
        for after in range(8):
            assert shown(await Listener(exchange, market, after).read()) == MESSAGES[after:]
        forget_everything(exchange)
        for after in range(8):
            heard = await Listener(exchange, market, after).read()
            assert heard == live[after:]
        assert shown(await listener.read()) == MESSAGES[:2], "another match's"
    async with small_exchange(storage) as exchange:
        again = await Listener(exchange, exchange.directory.by_id[market.market_id], 3).read()
        assert [odds.event for odds in again] == [odds.event for odds in live[3:]]
        assert [odds.now_ms for odds in again] == [odds.now_ms for odds in live[3:]]


async def test_who_listens_while_the_odds_move_hears_each_of_them() -> None:
    async with small_exchange() as exchange:
        market = await open_match(exchange)
        behind, present = Listener(exchange, market, 0), Listener(exchange, market, None)
        for home in range(201, 231):
            odds = Moneyline(home, 350, 400)
            await move(exchange, SetOdds(market.name, ADMIN, reason="it moves", moneyline=odds))
        assert [odds.seq for odds in await behind.read()] == list(range(1, 33))
        assert [odds.seq for odds in await present.read()] == list(range(3, 33))


async def test_bets_and_claims_move_balances_which_are_told_again() -> None:
    storage = MemoryStorage()
    async with small_exchange(storage) as exchange:
        live = Watcher(exchange, account_id=ALICE).resume(0, balances=0)
        await play(exchange)
        told = [post.content for post in await live.read()]
        assert len(told) >= 3
        forget_everything(exchange)
        again = Watcher(exchange, account_id=ALICE).resume(0, balances=0)
        assert [post.content for post in await again.read() if getattr(post.content, "channel", "") == BALANCES] == [
            content for content in told if getattr(content, "channel", "") == BALANCES
        ]
        assert again.private_seqs == live.private_seqs == list(range(1, live.private_seqs[-1] + 1))
