"""What is asked for over `/ws/odds`, what comes of it, and what does not."""

from typing import Any

import msgspec
import pytest

from engine.betting.commands import CloseBetting, OpenBetting, SettleScore
from engine.ledger.records import MarketRecord
from gateway.client.betting import open_betting
from gateway.odds_socket.frames import MARKETS_MAX
from gateway.odds_socket.markets import WATCHED_AT_ONCE
from gateway.websocket.socket import BAD_MESSAGES_MAX
from storage.interface import DatabaseAway
from storage.memory import MemoryStorage
from tests.actors.matches import ADMIN, fund_house, list_match, move
from tests.actors.test_resume import forget_everything
from tests.gateway.odds_socket.houses import PONG, all_told, following, match_with_odds, set_odds
from tests.gateway.websocket.houses import open_house

pytestmark = pytest.mark.trio

NOWHERE = {"type": "error", "status": 404, "code": "NOT_FOUND"}


def no_market(market: int) -> dict[str, Any]:
    return {**NOWHERE, "message": f"there is no market {market}", "marketId": market}


# Subscribing


async def test_the_messages_as_the_specification_shows_them() -> None:
    async with open_house() as house:
        market = await match_with_odds(house.exchange)
        number = market.market_id
        async with following(house) as client:
            ack = await client.ask({"type": "subscribe", "markets": [str(number)]})
            assert ack == {"type": "ack", "ok": True, "subscribed": [number]}
            snapshot = await client.receive()
            assert list(snapshot) == ["type", "payload", "seq", "ts", "marketId", "channel", "prevSeq"]
            assert isinstance(snapshot.pop("ts"), int)
            odds = {"home": 2.0, "draw": 3.5, "away": 4.0}
            payload = {
                "marketId": number,
                "status": "scheduled",
                "moneyline": odds,
                "spread": None,
                "total": None,
                "score": None,
            }
            shown = {"type": "odds_update", "payload": payload, "marketId": number, "channel": f"odds:betting/{number}"}
            assert snapshot == {**shown, "seq": 1, "prevSeq": 0}
            await set_odds(house.exchange, market, home=185)
            update = await client.receive()
            assert update.pop("ts") > 0
            payload["moneyline"] = {**odds, "home": 1.85}
            assert update == {**shown, "seq": 2, "prevSeq": 1}


async def test_every_step_of_a_match_comes_and_rest_tells_the_same() -> None:
    async with open_house() as house, open_betting(f"http://127.0.0.1:{house.port}") as rest:
        market = await match_with_odds(house.exchange)
        number, name = market.market_id, market.name
        await fund_house(house.exchange, 10_000)
        async with following(house) as client:
            heard = await client.follow(number)
            await move(house.exchange, OpenBetting(name, ADMIN, funding=10_000))
            await set_odds(house.exchange, market, home=300)
            await move(house.exchange, CloseBetting(name, ADMIN))
            await move(house.exchange, SettleScore(name, ADMIN, home=2, away=1))
            heard += await client.receive_many(4)
            statuses = ["scheduled", "active", "active", "closed", "settled"]
            assert [message["payload"]["status"] for message in heard] == statuses
            assert heard[-1]["payload"]["score"] == {"home": 2, "away": 1}
            assert heard == (await rest.odds_updates(number))["updates"]
            assert heard[2:] == (await rest.odds_updates(number, since_seq=2))["updates"]
            await house.exchange.cache.remove(f"oddsq:{number}")
            snapshot = await rest.odds_snapshot(number)
            assert snapshot == {**heard[-1], "source": "db"}
            assert await client.follow(number) == heard[-1:]


async def test_a_match_without_odds_begins_with_nothing_and_then_with_the_first() -> None:
    async with open_house() as house:
        market = await list_match(house.exchange)
        async with following(house) as client:
            await client.ack({"type": "subscribe", "markets": [market.market_id]})
            await all_told(house)
            await client.quiet()
            await set_odds(house.exchange, market)
            assert await client.numbers(1) == [1]


async def test_ids_are_numbers_or_text_and_each_counts_once() -> None:
    async with open_house() as house:
        one, two = [(await match_with_odds(house.exchange)).market_id for _ in range(2)]
        async with following(house) as client:
            ack = await client.ack({"type": "subscribe", "markets": [one, str(two), str(one), two]})
            assert ack["subscribed"] == [one, two]
            assert {message["marketId"] for message in await client.receive_many(2)} == {one, two}
            await client.quiet()


async def test_markets_that_there_are_not_are_named_and_the_others_go_on() -> None:
    async with open_house() as house:
        market = await match_with_odds(house.exchange)
        number = market.market_id
        async with following(house) as client:
            await client.send({"type": "subscribe", "markets": [99, number, "1"]})
            assert await client.receive() == no_market(99)
            assert await client.receive() == no_market(1), "a spot market has no odds"
            assert await client.receive() == {"type": "ack", "ok": False, "subscribed": [number]}
            assert await client.numbers(1) == [1]
            await client.send({"type": "resume", "offsets": {"99": 0}})
            assert await client.receive() == no_market(99)
            assert await client.receive() == {"type": "ack", "ok": False, "subscribed": [number]}
            await client.send({"type": "unsubscribe", "markets": [99]})
            assert await client.receive() == no_market(99)
            assert await client.receive() == {"type": "ack", "ok": False, "subscribed": [number]}
            await set_odds(house.exchange, market)
            assert await client.numbers(1) == [2]


async def test_who_subscribes_again_begins_anew() -> None:
    async with open_house() as house:
        market = await match_with_odds(house.exchange, 3)
        async with following(house) as client:
            first = await client.follow(market.market_id)
            assert await client.follow(market.market_id) == first
            await set_odds(house.exchange, market)
            assert await client.numbers(1) == [4]
            await client.quiet()


async def test_no_market_is_a_question_for_what_is_subscribed() -> None:
    async with open_house() as house, following(house) as client:
        for message in ({"type": "subscribe", "markets": []}, {"type": "resume", "offsets": {}}):
            assert await client.ask(message) == {"type": "ack", "ok": True, "subscribed": []}


async def test_a_connection_follows_so_many_markets_and_no_more() -> None:
    async with open_house() as house:
        entries = house.exchange.directory.by_id
        market = await match_with_odds(house.exchange)
        others = range(10_000, 10_000 + MARKETS_MAX - 1)  # as many that are entered without being made: that is slow
        entries |= {other: msgspec.structs.replace(market, market_id=other) for other in others}
        try:
            async with following(house) as client:
                await client.ack({"type": "resume", "offsets": {str(other): 1 for other in others}})
                await client.ack({"type": "resume", "offsets": {str(market.market_id): 1}})
                more = await match_with_odds(house.exchange)
                refused = await client.ask({"type": "subscribe", "markets": [more.market_id, market.market_id]})
                assert (refused["status"], refused["code"]) == (429, "TOO_MANY_REQUESTS")
                assert refused["message"] == f"a connection follows at most {MARKETS_MAX} markets"
                assert refused["marketId"] == more.market_id
                ack, _ = await client.receive_many(2)
                assert (ack["ok"], len(ack["subscribed"])) == (False, MARKETS_MAX)
                ack = await client.ack({"type": "unsubscribe", "markets": [market.market_id]})
                assert len(ack["subscribed"]) == MARKETS_MAX - 1
                ack = await client.ack({"type": "subscribe", "markets": [more.market_id]})
                assert len(ack["subscribed"]) == MARKETS_MAX
                too_many = [*others, market.market_id, more.market_id]
                await client.send({"type": "unsubscribe", "markets": too_many})
                _, refused = await client.receive_many(2)  # before it, the odds of the last one
                assert refused["message"] == f"markets must have at most {MARKETS_MAX} entries"
        finally:
            for other in others:
                del entries[other]


async def test_many_can_be_subscribed_to_at_once() -> None:
    async with open_house() as house:
        markets = [await match_with_odds(house.exchange, number % 3) for number in range(WATCHED_AT_ONCE + 20)]
        begun = {market.market_id: number % 3 for number, market in enumerate(markets)}
        async with following(house) as client:
            ack = await client.ack({"type": "subscribe", "markets": list(begun)})
            assert ack["subscribed"] == list(begun)
            snapshots = await client.receive_many(sum(number > 0 for number in begun.values()))
            assert {m["marketId"]: m["seq"] for m in snapshots} == {m: seq for m, seq in begun.items() if seq}
            for market in markets:
                await set_odds(house.exchange, market)
            updates = await client.receive_many(len(markets))
            assert {m["marketId"]: m["seq"] for m in updates} == {m: seq + 1 for m, seq in begun.items()}
            await client.quiet()


async def test_while_the_database_is_away_subscribers_wait_and_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house() as house:
        one, two = [(await match_with_odds(house.exchange)).market_id for _ in range(2)]
        await all_told(house)
        reader = house.exchange.storage.reader
        read = reader.market
        is_away = True

        async def market(market_id: int) -> MarketRecord | None:
            if is_away:
                raise DatabaseAway
            return await read(market_id)

        monkeypatch.setattr(reader, "market", market)
        for number in (one, two):
            await house.exchange.cache.remove(f"oddsq:{number}")
        async with following(house) as client:
            await client.ack({"type": "subscribe", "markets": [one, two]})
            await client.quiet()
            ack = await client.ack({"type": "unsubscribe", "markets": [one]})
            assert ack["subscribed"] == [two]
            is_away = False
            assert (await client.receive())["marketId"] == two
            await client.quiet()


# Unsubscribing


async def test_nothing_comes_of_what_was_unsubscribed() -> None:
    async with open_house() as house:
        one, two = [await match_with_odds(house.exchange) for _ in range(2)]
        async with following(house) as client:
            await client.follow(one.market_id, two.market_id)
            ack = await client.ack({"type": "unsubscribe", "markets": [str(one.market_id)]})
            assert ack["subscribed"] == [two.market_id]
            await set_odds(house.exchange, one)
            await set_odds(house.exchange, two)
            assert (await client.receive())["marketId"] == two.market_id
            await client.quiet()
            (snapshot,) = await client.follow(one.market_id)
            assert snapshot["seq"] == 2


async def test_what_is_not_subscribed_can_be_unsubscribed() -> None:
    async with open_house() as house, following(house) as client:
        market = await match_with_odds(house.exchange)
        ack = await client.ask({"type": "unsubscribe", "markets": [market.market_id]})
        assert ack == {"type": "ack", "ok": True, "subscribed": []}


# Resuming


@pytest.mark.parametrize("from_memory", [True, False])
async def test_what_came_after_a_number_comes_first_then_what_is_new(from_memory: bool) -> None:
    async with open_house() as house:
        market = await match_with_odds(house.exchange, 12)
        await all_told(house)
        if not from_memory:
            forget_everything(house.exchange)
        async with following(house) as client:
            ack = await client.ack({"type": "resume", "offsets": {str(market.market_id): 10}})
            assert ack["subscribed"] == [market.market_id]
            assert await client.numbers(2) == [11, 12]
            await set_odds(house.exchange, market)
            assert await client.numbers(1) == [13]
            await client.ack({"type": "resume", "offsets": {str(market.market_id): 0}})
            assert await client.numbers(13) == list(range(1, 14)), "who follows already goes back"
            await client.ack({"type": "resume", "offsets": {str(market.market_id): 13}})
            await set_odds(house.exchange, market)
            assert await client.numbers(1) == [14]
            await client.quiet()


async def test_a_stream_goes_on_across_a_restart() -> None:
    storage = MemoryStorage()
    async with open_house(storage) as house:
        market = await match_with_odds(house.exchange, 3)
        async with following(house) as client:
            (before,) = await client.follow(market.market_id)
    async with open_house(storage) as house, following(house) as client:
        entry = house.exchange.directory.by_id[market.market_id]
        assert await client.follow(market.market_id) == [before]
        await client.ack({"type": "resume", "offsets": {str(market.market_id): 1}})
        assert await client.numbers(2) == [2, 3]
        await set_odds(house.exchange, entry)
        assert await client.numbers(1) == [4]


@pytest.mark.parametrize("from_memory", [True, False])
async def test_a_number_above_the_last_one_is_an_error_that_names_it(from_memory: bool) -> None:
    async with open_house() as house:
        market, other = await match_with_odds(house.exchange, 3), await match_with_odds(house.exchange)
        await all_told(house)
        if not from_memory:
            forget_everything(house.exchange)
        number = market.market_id
        async with following(house) as client:
            await client.follow(other.market_id)
            await client.ack({"type": "resume", "offsets": {str(number): 4}})
            assert await client.receive() == {
                "type": "error",
                "status": 400,
                "code": "MALFORMED",
                "message": f"the last number of market {number} is 3: it can't be resumed from a later one",
                "marketId": number,
            }
            assert await client.receive() == {"type": "ack", "ok": False, "subscribed": [other.market_id]}
            await set_odds(house.exchange, market)
            await client.quiet()
            await client.ack({"type": "resume", "offsets": {str(number): 3}})
            assert await client.numbers(1) == [4]


async def test_one_message_resumes_many() -> None:
    async with open_house() as house:
        markets = [await match_with_odds(house.exchange, 4) for _ in range(3)]
        async with following(house) as client:
            ids = [market.market_id for market in markets]
            await client.ack({"type": "resume", "offsets": dict(zip(map(str, ids), (0, 4, 2), strict=True))})
            heard: dict[int, list[int]] = {}
            for message in await client.receive_many(6):
                heard.setdefault(message["marketId"], []).append(message["seq"])
            assert heard == {ids[0]: [1, 2, 3, 4], ids[2]: [3, 4]}
            await client.quiet()


# Everything else


async def test_a_ping_is_answered() -> None:
    async with open_house() as house, following(house) as client:
        assert await client.ask({"type": "ping", "at": 5}) == PONG


async def test_a_binary_message_is_as_good_as_a_text() -> None:
    async with open_house() as house, following(house) as client:
        await client.socket.send_message(b'{"type":"ping"}')
        assert await client.receive() == PONG


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("{", "the body is not valid JSON"),
        ('{"type":"subscribe","markets":"7"}', "markets must be a list, not a string"),
    ],
)
async def test_what_can_not_be_read_is_an_error_and_the_socket_stays(sent: str, words: str) -> None:
    async with open_house() as house, following(house) as client:
        await client.socket.send_message(sent)
        assert await client.receive() == {"type": "error", "status": 400, "code": "MALFORMED", "message": words}
        await client.quiet()


async def test_a_hundred_messages_that_can_not_be_read_are_enough() -> None:
    async with open_house() as house, following(house) as client:
        for _ in range(BAD_MESSAGES_MAX - 1):
            await client.socket.send_message("no")
        await client.receive_many(BAD_MESSAGES_MAX - 1)
        await client.quiet()
        await client.socket.send_message("no")
        assert (await client.closed())[0] == 1008
