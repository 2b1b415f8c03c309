"""Matches over the specification's paths: lists and their pages, one with its options, those that take bets."""

from typing import Any

import pytest

from actors.core import Address, Busy, Unknown
from engine.betting.commands import GetPool
from engine.refusals import Refusal, Refused
from storage.cache import MemoryCache
from tests.gateway.houses import error, open_house
from tests.gateway.rest.betting.scenes import (
    MATCH,
    ODDS,
    START_MS,
    admin,
    bet,
    done,
    furnish,
    look,
    make_match,
    move,
    open_betting,
    open_match,
    set_odds,
    settle,
)

pytestmark = pytest.mark.trio

MARKETS = "/api/v1/markets"


async def test_a_match_in_the_list_has_the_fields_of_the_specification() -> None:
    async with open_betting() as (house, market):
        page = await look(house, MARKETS)
        assert page == {
            "page": 1,
            "pageSize": 20,
            "total": 1,
            "items": [
                {
                    "id": market,
                    "league": "EPL",
                    "title": "Leeds vs Hull",
                    "home_team": "Leeds",
                    "away_team": "Hull",
                    "status": "active",
                    "start_time": START_MS,
                    "odds": ODDS,
                }
            ],
        }


async def test_odds_are_null_while_nothing_is_offered() -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        (item,) = (await look(house, MARKETS))["items"]
        assert (item["status"], item["odds"]) == ("scheduled", None)
        await set_odds(house, market, total=ODDS["total"])
        (item,) = (await look(house, MARKETS))["items"]
        assert item["odds"] == {"moneyline": None, "spread": None, "total": ODDS["total"]}
        await set_odds(house, market, total=None)
        (item,) = (await look(house, MARKETS))["items"]
        assert item["odds"] is None


async def test_pages_count_from_one_and_end_empty() -> None:
    async with open_house() as house:
        await furnish(house)
        made = [await make_match(house) for _ in range(5)]
        newest = made[::-1]
        for page, expected in ((1, newest[:2]), (2, newest[2:4]), (3, newest[4:]), (4, []), (2**31, [])):
            shown = await look(house, f"{MARKETS}?page={page}&pageSize=2")
            assert ([item["id"] for item in shown["items"]], shown["total"]) == (expected, 5)
            assert (shown["page"], shown["pageSize"]) == (page, 2)


async def test_lists_by_status_and_by_league() -> None:
    async with open_house() as house:
        await furnish(house)
        leeds = await open_match(house)
        lakers = await open_match(house, league="NBA", home_team="Lakers", away_team="Warriors")
        jazz = await make_match(house, league="NBA", home_team="Jazz", away_team="Heat")

        async def ids(query: str) -> tuple[list[int], int]:
            shown = await look(house, f"{MARKETS}?{query}")
            return [item["id"] for item in shown["items"]], shown["total"]

        assert await ids("status=active") == ([lakers, leeds], 2)
        assert await ids("status=scheduled") == ([jazz], 1)
        assert await ids("league=NBA") == ([jazz, lakers], 2)
        assert await ids("league=NBA&status=active") == ([lakers], 1)
        assert await ids("league=NBA&page=2&pageSize=1") == ([lakers], 2)
        assert await ids("league=nba") == ([], 0)
        assert await ids("status=void&league=EPL") == ([], 0)


NO_LISTS = [
    ("page=0", "page must be at least 1"),
    ("page=-1", "page must be at least 1"),
    ("page=1e2", "page must be a whole number"),
    (f"page={2**31 + 1}", f"page must be at most {2**31}"),
    ("pageSize=0", "pageSize must be at least 1"),
    ("pageSize=501", "pageSize must be at most 500"),
    ("status=open", "status must be one of scheduled, active, suspended, in_play, closed, settled, void"),
    ("league=", "league must be 1 to 64 printable characters"),
]


async def test_what_no_list_can_be_of() -> None:
    async with open_house() as house:
        for query, words in NO_LISTS:
            reply = await house.call("GET", f"{MARKETS}?{query}")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)


def option(number: int, group: int, kind: str, pick: str, line: float | None, odds: int) -> dict[str, Any]:
    shown = {"number": number, "group": group, "kind": kind, "pick": pick, "line": line, "odds": odds}
    return {**shown, "offered": True, "result": None}


async def test_a_match_shows_its_numbered_options_its_odds_and_the_house_s_margin() -> None:
    async with open_betting() as (house, market):
        shown = await look(house, f"{MARKETS}/{market}")
        created = shown["market"].pop("created_at")
        assert shown["market"] == {
            "id": market,
            "league": "EPL",
            "title": "Leeds vs Hull",
            "home_team": "Leeds",
            "away_team": "Hull",
            "description": "",
            "status": "active",
            "start_time": START_MS,
            "score": None,
            "final": False,
            "asset": "USD",
            "options": [
                option(1, 1, "moneyline", "home", None, 185),
                option(2, 1, "moneyline", "draw", None, 340),
                option(3, 1, "moneyline", "away", None, 420),
                option(4, 2, "spread", "home", -0.75, 192),
                option(5, 2, "spread", "away", -0.75, 196),
                option(6, 3, "total", "over", 2.5, 190),
                option(7, 3, "total", "under", 2.5, 200),
            ],
        }
        odds = shown["odds"]
        assert odds.pop("timestamp") > created
        assert odds.pop("source") in ("cache", "db")
        # 1/1.85 + 1/3.4 + 1/4.2, 1/1.92 + 1/1.96, 1/1.9 + 1/2
        assert odds.pop("overround") == {"moneyline": 1.0728, "spread": 1.031, "total": 1.0263}
        assert odds == {**ODDS, "seq": 2}


async def test_administrators_see_the_pool_and_what_it_may_have_to_pay() -> None:
    async with open_betting() as (house, market):
        path = f"{MARKETS}/{market}"
        before = int((await look(house, path, "root"))["market"]["pool"])
        await bet(house, market, "alice", "1000 on 1 at 185")
        await bet(house, market, "bob", "1000 on 2 at 340")
        expected = (str(before + 2_000), "3400")
        suspended = await move(house, market, "suspended")
        for shown in (await look(house, path, "root"), suspended):
            assert (shown["market"]["pool"], shown["market"]["liability"]) == expected
        for by in ("alice", None):
            assert not {"pool", "liability"} & (await look(house, path, by))["market"].keys()
        settled = await settle(house, market, 0, 0)
        assert (settled["market"]["pool"], settled["market"]["liability"]) == ("3400", "3400")


@pytest.mark.parametrize("failure", [Busy("full"), Unknown("gone"), Refused(Refusal.MARKET_HALTED, "out of service")])
async def test_a_match_that_can_not_tell_its_pool_is_shown_without(
    failure: Exception | Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_betting() as (house, market):
        ask = Address.ask

        async def refuse(address: Address, message: Any) -> Any:
            if not isinstance(message, GetPool):
                return await ask(address, message)
            if isinstance(failure, Exception):
                raise failure
            return failure

        monkeypatch.setattr(Address, "ask", refuse)
        shown = await look(house, f"{MARKETS}/{market}", "root")
        assert (shown["market"]["pool"], shown["market"]["liability"]) == (None, None)
        assert (await move(house, market, "suspended"))["market"]["status"] == "suspended"


async def test_odds_have_two_places_and_lines_their_own() -> None:
    async with open_betting() as (house, market):
        await set_odds(house, market, moneyline={"home": 2, "away": 2.1}, spread={"line": 0, "home": 1.9, "away": 1.9})
        body = (await house.call("GET", f"{MARKETS}/{market}")).body
        assert b'"moneyline":{"home":2.00,"away":2.10}' in body
        assert b'"spread":{"line":0.0,"home":1.90,"away":1.90}' in body


async def test_another_line_is_another_group_and_the_old_one_is_still_there() -> None:
    async with open_betting() as (house, market):
        moved = await set_odds(house, market, total={"line": 2.25, "over": 1.8, "under": 2.1}, spread=None)
        shown = {option["number"]: option for option in moved["market"]["options"]}
        assert {number for number in shown if not shown[number]["offered"]} == {4, 5, 6, 7}
        assert shown[8] == option(8, 4, "total", "over", 2.25, 180)
        assert shown[9] == option(9, 4, "total", "under", 2.25, 210)
        assert moved["odds"]["overround"]["spread"] is None
        back = await set_odds(house, market, total={"line": 2.5, "over": 1.91, "under": 1.99})
        shown = {option["number"]: option for option in back["market"]["options"]}
        assert {number for number in shown if shown[number]["offered"]} == {1, 2, 3, 6, 7}
        assert shown[6]["odds"] == 191


async def test_a_settled_match_shows_score_and_results() -> None:
    async with open_betting() as (house, market):
        await settle(house, market, 2, 1)
        shown = (await look(house, f"{MARKETS}/{market}"))["market"]
        assert (shown["status"], shown["score"]) == ("settled", {"home": 2, "away": 1})
        results = [option["result"] for option in shown["options"]]
        assert results == ["win", "loss", "loss", "half_win", "half_loss", "win", "loss"]
        assert not any(option["offered"] for option in shown["options"])


@pytest.mark.parametrize("path", [f"{MARKETS}/{{}}", f"{MARKETS}/{{}}/odds/snapshot", f"{MARKETS}/{{}}/odds/updates"])
async def test_only_matches_are_found(path: str) -> None:
    async with open_house() as house:
        for market, expected in (("99", (404, "NOT_FOUND")), ("1", (404, "NOT_FOUND")), ("x", (400, "MALFORMED"))):
            assert error(await house.call("GET", path.format(market))) == expected


# Those that take bets


async def active(house: Any) -> tuple[str, list[int]]:
    shown = await look(house, f"{MARKETS}/active")
    return shown["source"], [item["market_id"] for item in shown["data"]]


async def test_those_that_take_bets_come_from_the_cache_the_second_time() -> None:
    async with open_betting() as (house, market):
        shown = await look(house, f"{MARKETS}/active")
        match = {"market_id": market, "title": "Leeds vs Hull", "category": "EPL"}
        assert shown == {"source": "db", "data": [{**match, "status": "active", "start_time": START_MS}]}
        assert await look(house, f"{MARKETS}/active") == {**shown, "source": "cache"}


async def test_a_match_is_there_while_it_takes_bets() -> None:
    async with open_betting() as (house, first):
        second = await open_match(house)
        assert await active(house) == ("db", [second, first])
        for status, there in (("suspended", False), ("in_play", True), ("closed", False), ("in_play", True)):
            await move(house, first, status)
            assert await active(house) == ("db", [second, first] if there else [second])
        await done(house, "POST", admin(first, "void"))
        assert await active(house) == ("db", [second])
        await settle(house, second, 0, 0)
        assert await active(house) == ("db", [])
        assert await active(house) == ("cache", [])


class AwayCache(MemoryCache):
    """A cache that can't be reached."""

    async def get(self, key: str) -> bytes | None:
        raise ConnectionError

    async def put(self, key: str, value: bytes, lifetime_ms: int, version: int = 0) -> None:
        raise ConnectionError

    async def remove(self, key: str) -> None:
        raise ConnectionError


async def test_a_cache_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_betting() as (house, market):
        for name in ("get", "put", "remove"):
            monkeypatch.setattr(MemoryCache, name, getattr(AwayCache, name))
        await set_odds(house, market, moneyline=ODDS["moneyline"])
        assert (await active(house))[0] == "db"
        assert (await active(house))[0] == "db"
        for path in (f"{MARKETS}/{market}/odds/snapshot", f"/api/v1/odds/{market}"):
            assert (await look(house, path))["source"] == "db"
        assert (await look(house, f"{MARKETS}/{market}"))["odds"]["source"] == "db"
        assert (await look(house, f"{MARKETS}/{market}/odds/updates"))["toSeq"] == 3


async def test_an_unknown_field_is_ignored() -> None:
    async with open_house() as house:
        await furnish(house)
        made = await done(house, "POST", "/api/v1/admin/markets", {**MATCH, "country": "England"})
        assert set(made) == {"id"}
