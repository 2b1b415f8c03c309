"""The odds of a match: of now, as a snapshot, and as its stream has told them; where they come from."""

from typing import Any

import pytest
import trio

from actors.odds_quotes import LIFETIME_MS, OddsQuote, recall, remember
from actors.replay import READERS_MAX, ROWS_MAX
from engine.betting.lifecycle import MatchStanding
from engine.betting.match import Board, Moneyline
from engine.ledger.records import MarketState
from storage.interface import ChannelRow
from tests.gateway.houses import House, error, open_house
from tests.gateway.rest.betting.scenes import (
    ODDS,
    admin,
    done,
    furnish,
    look,
    make_match,
    move,
    open_betting,
    set_odds,
    settle,
)

pytestmark = pytest.mark.trio

EVEN = {"home": 2.0, "away": 2.1}
NOTHING: dict[str, None] = {"moneyline": None, "spread": None, "total": None}


async def updates(house: House, market: int, query: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = await look(house, f"/api/v1/markets/{market}/odds/updates{query}")
    return shown


async def test_the_odds_in_both_shapes() -> None:
    async with open_betting() as (house, market):
        await set_odds(house, market, moneyline=EVEN, spread=None, total=None)
        shown = await look(house, f"/api/v1/odds/{market}")
        assert shown.pop("timestamp") > 0
        assert shown.pop("source") == "cache"
        new = {"moneyline": EVEN, "spread": None, "total": None}
        assert shown == {"marketId": market, "odds_a": 200, "odds_b": 210, **new, "seq": 3}


async def test_a_draw_has_its_place_in_both_shapes() -> None:
    async with open_betting() as (house, market):
        shown = await look(house, f"/api/v1/odds/{market}")
        assert (shown["odds_a"], shown["odds_draw"], shown["odds_b"]) == (185, 340, 420)
        assert {name: shown[name] for name in ODDS} == ODDS


async def test_before_any_odds_there_are_none() -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        shown = await look(house, f"/api/v1/odds/{market}")
        assert shown.pop("timestamp") > 0
        empty = {"marketId": market, "odds_a": None, "odds_b": None, **NOTHING, "seq": 0, "source": "db"}
        assert shown == empty
        snapshot = await look(house, f"/api/v1/markets/{market}/odds/snapshot")
        assert snapshot.pop("ts") > 0
        payload = {"marketId": market, "status": "scheduled", **NOTHING, "score": None}
        stream = {"channel": f"odds:betting/{market}", "seq": 0, "prevSeq": 0}
        update = {"type": "odds_update", "marketId": market, "payload": payload, "source": "cache"} | stream
        assert snapshot == update
        assert await updates(house, market) == {"marketId": market, "fromSeq": 0, "toSeq": 0, "updates": []}


async def test_the_stream_is_told_from_any_number_on() -> None:
    async with open_betting() as (house, market):  # 1: odds, 2: opened
        await move(house, market, "suspended")
        await set_odds(house, market, moneyline=EVEN)
        await move(house, market, "active")
        await done(house, "PUT", f"/api/v1/admin/markets/{market}", {"description": "it says nothing here"})
        await settle(house, market, 1, 1)
        told = await updates(house, market)
        assert (told["fromSeq"], told["toSeq"]) == (0, 6)
        messages = told["updates"]
        assert [message["type"] for message in messages] == ["odds_update"] * 6
        assert [message["seq"] for message in messages] == [1, 2, 3, 4, 5, 6]
        times = [message["ts"] for message in messages]
        assert times == sorted(times)
        payloads = [message["payload"] for message in messages]
        statuses = ["scheduled", "active", "suspended", "suspended", "active", "settled"]
        assert [payload["status"] for payload in payloads] == statuses
        assert [payload["moneyline"] for payload in payloads] == [ODDS["moneyline"]] * 3 + [EVEN] * 2 + [None]
        assert [payload["score"] for payload in payloads] == [None] * 5 + [{"home": 1, "away": 1}]
        assert {payload["marketId"] for payload in payloads} == {market}

        for query, first, last in (
            ("?since_seq=2", 3, 6),
            ("?since_seq=2&limit=3", 3, 5),
            ("?limit=1", 1, 1),
            ("?since_seq=5", 6, 6),
        ):
            part = await updates(house, market, query)
            assert (part["toSeq"], part["updates"]) == (last, messages[first - 1 : last])
        beyond = await updates(house, market, "?since_seq=60")
        assert beyond == {"marketId": market, "fromSeq": 60, "toSeq": 60, "updates": []}


async def test_the_stream_is_read_page_by_page_and_only_so_many_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What anybody may ask for, however long, keeps neither the loop nor the pool's connections to itself."""
    async with open_betting() as (house, market):
        last = 2 * ROWS_MAX + 5
        for number in range(3, last + 1):
            await set_odds(house, market, moneyline={"home": (200 + number) / 100, "away": 2.1})
        reader = house.exchange.storage.reader
        read = reader.channel_rows
        asked: list[int] = []
        at_once = most = 0

        async def channel_rows(channel: str, after: int, limit: int) -> list[ChannelRow]:
            nonlocal at_once, most
            asked.append(limit)
            at_once += 1
            most = max(most, at_once)
            await trio.sleep(0.001)
            rows = await read(channel, after, limit)
            at_once -= 1
            return rows

        monkeypatch.setattr(reader, "channel_rows", channel_rows)
        told: list[list[int]] = []

        async def ask() -> None:
            told.append([message["seq"] for message in (await updates(house, market, "?limit=500"))["updates"]])

        async with trio.open_nursery() as nursery:
            for _ in range(3 * READERS_MAX):
                nursery.start_soon(ask)
        assert told == [list(range(1, last + 1))] * (3 * READERS_MAX)
        assert (max(asked), most) == (ROWS_MAX, READERS_MAX)


async def test_the_snapshot_is_the_last_message_of_the_stream() -> None:
    async with open_betting() as (house, market):
        for act in (set_odds(house, market, total=None), move(house, market, "in_play"), settle(house, market, 3, 0)):
            await act
            (last,) = (await updates(house, market))["updates"][-1:]
            snapshot = await look(house, f"/api/v1/markets/{market}/odds/snapshot")
            assert snapshot == {**last, "source": "cache"}


async def test_each_match_has_numbers_of_its_own() -> None:
    async with open_betting() as (house, first):
        second = await make_match(house)
        await set_odds(house, second, moneyline=EVEN)
        await set_odds(house, first, moneyline=EVEN)
        assert [u["seq"] for u in (await updates(house, first))["updates"]] == [1, 2, 3]
        told = (await updates(house, second))["updates"]
        assert [(u["seq"], u["payload"]["marketId"]) for u in told] == [(1, second)]


async def test_bets_and_claims_are_no_messages_of_it() -> None:
    async with open_betting() as (house, market):
        body = {"marketId": market, "option": 1, "amount": "1000", "odds": 185}
        await done(house, "POST", "/api/v1/bets", body, by="alice")
        await done(house, "POST", admin(market, "fund"), {"amount": "1000"})
        assert (await updates(house, market))["toSeq"] == 2


NO_QUESTIONS = [
    ("since_seq=-1", "since_seq must be at least 0"),
    ("since_seq=1.5", "since_seq must be a whole number"),
    ("limit=0", "limit must be at least 1"),
    ("limit=501", "limit must be at most 500"),
]


async def test_what_can_not_be_asked_of_the_stream() -> None:
    async with open_betting() as (house, market):
        for query, words in NO_QUESTIONS:
            reply = await house.call("GET", f"/api/v1/markets/{market}/odds/updates?{query}")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)


# The cache


async def test_what_is_not_in_the_cache_is_read_and_put_there() -> None:
    async with open_betting() as (house, market):
        (last,) = (await updates(house, market, "?since_seq=1"))["updates"]
        for path in (f"/api/v1/odds/{market}", f"/api/v1/markets/{market}/odds/snapshot"):
            await house.exchange.cache.remove(f"oddsq:{market}")
            read = await look(house, path)
            assert (read["source"], read["seq"]) == ("db", 2)
            assert read.get("timestamp", read.get("ts")) == last["ts"]
            assert await look(house, path) == {**read, "source": "cache"}


async def test_an_older_quote_never_replaces_a_newer_one() -> None:
    async with open_betting() as (house, market):
        newest = await recall(house.exchange.cache, market)
        assert newest is not None
        older = OddsQuote(market, MarketState.OPEN, MatchStanding(1, Board(Moneyline(150, 250))), 1)
        await remember(house.exchange.cache, older)
        assert await recall(house.exchange.cache, market) == newest


async def test_a_match_is_shown_with_the_odds_of_its_row_whatever_the_cache_says() -> None:
    """A quote that was put before the last change counts no more, nor one of a number that the row does not have."""
    async with open_betting() as (house, market):
        for number in (1, 9):
            await house.exchange.cache.remove(f"oddsq:{market}")
            wrong = OddsQuote(market, MarketState.OPEN, MatchStanding(number, Board(Moneyline(150, 250))), 1)
            await remember(house.exchange.cache, wrong)
            odds = (await look(house, f"/api/v1/markets/{market}"))["odds"]
            assert (odds["source"], odds["seq"], odds["moneyline"]) == ("db", 2, ODDS["moneyline"])


async def test_a_quote_lives_for_a_minute() -> None:
    async with open_betting() as (house, market):
        await look(house, f"/api/v1/odds/{market}")
        clock = house.exchange.clock
        until = clock.now_ms() + LIFETIME_MS
        while clock.now_ms() <= until:  # every look is a millisecond
            pass
        assert await recall(house.exchange.cache, market) is None
        assert (await look(house, f"/api/v1/odds/{market}"))["source"] == "db"


NO_MATCHES = [("99", 404), ("1", 404), ("0", 400), ("-1", 400), ("9" * 16, 400)]


async def test_odds_of_no_match() -> None:
    async with open_house() as house:
        for market, code in NO_MATCHES:
            assert error(await house.call("GET", f"/api/v1/odds/{market}"))[0] == code
