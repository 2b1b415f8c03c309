"""Coming back with a number over a real socket: every message after it once, in order, and nothing in silence."""

import random
from typing import Any

import pytest
import trio

from actors.recent_posts import RecentPosts
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.actors.exchanges import ALICE, BOB, limit, place
from tests.gateway.websocket.houses import Client, House, open_house

pytestmark = pytest.mark.trio

TRADES, BOOK, TICKER = "trades:BTC_USDT", "book:BTC_USDT", "ticker:BTC_USDT"
PRIVATE = ("orders", "fills", "balances")


async def trade(house: House, count: int) -> None:
    """Two orders that meet, so many times: each is a trade, and eight messages for either account."""
    for _ in range(count):
        await place(house.exchange, limit(ALICE, "buy", "100", "1"))
        await place(house.exchange, limit(BOB, "sell", "100", "1"))


def forget_everything(house: House) -> None:
    """Have nothing in memory, as after a restart."""
    broadcaster: Any = house.exchange.supervisor._children["broadcaster"].actor
    broadcaster._subscriptions.recent = RecentPosts()


async def resume(client: Client, *subscribe: str, **resume: int) -> None:
    """Subscribe and resume in one frame; `trades` stands for the trades of BTC_USDT."""
    numbers = {TRADES if name == "trades" else name: after for name, after in resume.items()}
    answer = await client.ask({"subscribe": subscribe, "resume": numbers})
    assert answer == {"type": "subscribed", "channels": list(dict.fromkeys((*subscribe, *numbers)))}


async def numbers_of(client: Client, count: int) -> list[int]:
    messages = await client.receive_many(count)
    assert all(message["prevSeq"] == message["seq"] - 1 for message in messages)
    return [message["seq"] for message in messages]


async def last_of(house: House, account_id: int = ALICE) -> int:
    return await house.exchange.storage.reader.stream_number(f"account:{account_id}")


@pytest.mark.parametrize("forgets", [False, True])
async def test_trades_after_a_number_and_then_those_of_now(forgets: bool) -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await trade(house, 5)
        if forgets:
            forget_everything(house)
        async with house.connect() as client:
            await resume(client, trades=2)
            assert await numbers_of(client, 3) == [3, 4, 5]
            await trade(house, 2)
            assert await numbers_of(client, 2) == [6, 7]
            await client.quiet()


async def test_resume_alone_subscribes_and_may_stand_beside_subscribe() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await trade(house, 2)
        async with house.connect() as client:
            assert await client.ask({"resume": {TRADES: 1}}) == {"type": "subscribed", "channels": [TRADES]}
            assert await numbers_of(client, 1) == [2]
            await resume(client, TRADES, trades=0)
            assert await numbers_of(client, 2) == [1, 2]
            assert await client.ask({"unsubscribe": [TRADES]}) == {"type": "unsubscribed", "channels": [TRADES]}


@pytest.mark.parametrize("forgets", [False, True])
async def test_private_channels_go_on_without_a_snapshot(forgets: bool) -> None:
    """What a first socket was told, and then a second from each number on, is the same."""
    async with open_house() as house:
        await house.rich("alice", "bob")
        token = await house.log_in("alice")
        async with house.connect(token) as client:
            began = next(message["seq"] for message in await client.subscribe(*PRIVATE))
            await trade(house, 4)
            live = [await client.receive() for _ in range(await last_of(house) - began)]
        assert [message["seq"] for message in live] == list(range(began + 1, began + 1 + len(live)))
        if forgets:
            forget_everything(house)
        for done in (0, 1, 7, len(live)):
            after = began + done
            async with house.connect(token) as client:
                await resume(client, **dict.fromkeys(PRIVATE, after))
                again = await client.receive_many(len(live) - done)
                followed = dict.fromkeys(PRIVATE, after)
                for message, first in zip(again, live[done:], strict=True):
                    assert message["prevSeq"] == followed[message["channel"]]
                    followed[message["channel"]] = message["seq"]
                    assert {**message, "prevSeq": 0} == {**first, "prevSeq": 0}
                await client.quiet()


async def test_a_private_channel_is_resumed_beside_one_that_begins_anew() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await trade(house, 1)
        last = await last_of(house)
        async with house.connect(await house.log_in("alice")) as client:
            await resume(client, "balances", orders=0)
            messages = await client.receive_many(3)
            orders = [message for message in messages if message["channel"] == "orders"]
            (snapshot,) = [message for message in messages if message["channel"] == "balances"]
            assert [(message["type"], message["order"]["state"]) for message in orders] == [
                ("order", "new"),
                ("order", "filled"),
            ]
            assert (snapshot["type"], snapshot["seq"]) == ("snapshot", last)
            await client.quiet()


async def test_a_number_above_the_last_is_an_error_of_its_channel_alone() -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await trade(house, 3)
        last = await last_of(house)
        async with house.connect(await house.log_in("alice")) as client:
            await resume(client, TICKER, trades=4, orders=last + 1, fills=last)
            messages = await client.receive_many(3)
            errors = {message["channel"]: message for message in messages if message["type"] == "error"}
            assert (
                errors[TRADES]["message"] == f"the last number of {TRADES} is 3: it can't be resumed from a later one"
            )
            assert errors["orders"]["message"].startswith(f"the last number of orders is {last}:")
            assert {(error["status"], error["code"]) for error in errors.values()} == {(400, "MALFORMED")}
            await trade(house, 1)
            kinds = set[str]()
            while not {"trade", "fill"} <= kinds:  # the ticker brings trades too
                kinds.add((await client.receive())["type"])
            assert kinds <= {"trade", "ticker", "fill"}
            await client.send({"unsubscribe": [TICKER]})
            while (await client.receive())["type"] != "unsubscribed":
                pass
            error = await client.ask({"unsubscribe": ["orders"]})
            assert (error["code"], error["channel"]) == ("NOT_FOUND", "orders")


@pytest.mark.parametrize("channel", [BOOK, TICKER])
async def test_what_is_no_stream_can_not_be_resumed(channel: str) -> None:
    async with open_house() as house, house.connect() as client:
        error = await client.ask({"resume": {channel: 7, TRADES: 0}})
        assert (error["status"], error["code"], error["channel"]) == (400, "MALFORMED", channel)
        assert await client.receive() == {"type": "subscribed", "channels": [TRADES]}


async def test_a_visitor_has_nothing_private_to_resume() -> None:
    async with open_house() as house, house.connect() as client:
        error = await client.ask({"resume": {"orders": 0}})
        assert (error["status"], error["channel"]) == (401, "orders")


@pytest.mark.parametrize(
    "numbers", [[TRADES], {TRADES: -1}, {TRADES: "1"}, {TRADES: 1.5}, {TRADES: 2**53}, {TRADES: None}, 7, {"x": True}]
)
async def test_numbers_that_are_none_are_malformed(numbers: object) -> None:
    async with open_house() as house, house.connect() as client:
        error = await client.ask({"resume": numbers})
        assert (error["type"], error["status"], error["code"]) == ("error", 400, "MALFORMED")
        assert "resume" in error["message"]
        await client.quiet()


async def test_across_a_restart_of_the_server() -> None:
    storage = MemoryStorage()
    async with open_house(storage) as house:
        await house.rich("alice", "bob")
        await trade(house, 30)
        token = await house.log_in("alice")
    async with open_house(storage) as house, house.connect(token) as client:
        await resume(client, trades=10, orders=0)
        await trade(house, 10)
        messages = await client.receive_many(30 + 80)
        assert [message["seq"] for message in messages if message["channel"] == TRADES] == list(range(11, 41))
        followed = 0
        for message in messages:
            if message["channel"] == "orders":
                assert message["prevSeq"] == followed
                followed = message["seq"]


async def test_while_the_database_is_away_the_other_channels_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        await house.rich("alice", "bob")
        await trade(house, 3)
        forget_everything(house)
        healthy = house.exchange.storage.reader.channel_rows
        away = True

        async def channel_rows(*arguments: Any) -> object:
            if away:
                raise DatabaseAway
            return await healthy(*arguments)

        monkeypatch.setattr(house.exchange.storage.reader, "channel_rows", channel_rows)
        async with house.connect(await house.log_in("alice")) as client:
            await resume(client, BOOK, trades=0)
            assert (await client.receive())["type"] == "snapshot"
            await place(house.exchange, limit(ALICE, "buy", "50", "1"))
            assert (await client.receive())["type"] == "book"
            await client.send({"op": "cancel_all", "id": 1})
            answer, book = sorted(await client.receive_many(2), key=lambda message: "type" in message)
            assert (answer["status"], book["type"]) == (200, "book")
            away = False
            assert await numbers_of(client, 3) == [1, 2, 3]


class Valve:
    """Lets a house's only socket send so many times."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        (connection,) = house.gateway.metrics.sockets._open
        wire: Any = connection._wire  # type: ignore[attr-defined]  # it is a Connection
        healthy = wire.send
        self._sends = trio.Semaphore(0)

        async def send(texts: list[str]) -> None:
            await self._sends.acquire()
            await healthy(texts)

        monkeypatch.setattr(wire, "send", send)

    def open(self, sends: int = 1_000) -> None:
        for _ in range(sends):
            self._sends.release()


async def test_a_gap_is_filled_on_the_same_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.lines.STREAM_MAX", 3)
    async with open_house() as house:
        await house.rich("alice", "bob")
        async with house.connect() as client:
            await client.subscribe(TRADES)
            valve = Valve(house, monkeypatch)
            await trade(house, 20)
            valve.open()
            messages: list[Any] = []
            while not messages or messages[-1].get("seq") != 20:
                messages.append(await client.receive())
            (gap,) = [message for message in messages if message["type"] == "gap"]
            assert gap["from"] <= gap["to"] < 20
            await client.send({"resume": {TRADES: gap["from"] - 1}})
            assert (await client.receive())["type"] == "subscribed"
            assert await numbers_of(client, 21 - gap["from"]) == list(range(gap["from"], 21))


async def test_behind_the_answer_comes_nothing_that_was_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow reader goes back: what was about to be sent comes in its place only."""
    async with open_house() as house:
        await house.rich("alice", "bob")
        async with house.connect() as client:
            await client.subscribe(TRADES)
            valve = Valve(house, monkeypatch)
            await trade(house, 60)
            valve.open(1)
            first = (await client.receive())["seq"]
            assert first == 1
            await client.send({"resume": {TRADES: 0}})
            await trio.sleep(0.1)  # until it has been read
            valve.open()
            before = 0
            while (await client.receive())["type"] != "subscribed":
                before += 1
            assert before < 59, "there was something on its way"
            assert await numbers_of(client, 60) == list(range(1, 61))
            await client.quiet()


async def test_who_resumes_without_end_has_one_page_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the last of his numbers counts."""
    dice = random.Random(1)
    async with open_house() as house:
        await house.rich("alice", "bob")
        await trade(house, 20)
        forget_everything(house)
        healthy = house.exchange.storage.reader.channel_rows
        at_once, most = 0, 0

        async def channel_rows(*arguments: Any) -> object:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await trio.sleep(0.002)
            at_once -= 1
            return await healthy(*arguments)

        monkeypatch.setattr(house.exchange.storage.reader, "channel_rows", channel_rows)
        async with house.connect(await house.log_in("alice")) as client:
            for _ in range(100):
                await client.send({"resume": {TRADES: dice.randint(0, 20), "orders": 0}})
                await client.send({"unsubscribe": [TRADES]})
            await client.send({"resume": {TRADES: 5}, "unsubscribe": ["orders"]})
            await client.send({"unsubscribe": ["nothing"]})
            answers = 0
            heard: list[int] = []
            while answers < 200 + 2 + 2 or len(heard) < 15 or heard[-15:] != list(range(6, 21)):
                message = await client.receive()
                if message["type"] == "trade":
                    heard.append(message["seq"])
                elif message["type"] in ("subscribed", "unsubscribed", "error"):
                    answers += 1
            assert most == 1
