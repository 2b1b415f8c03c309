"""What administrators do with a match before its results, what is written down of it, and what is refused."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from engine.ledger.chart import HOUSE, pool_of
from tests.gateway.houses import SETTINGS, House, error, open_house
from tests.gateway.rest.betting.scenes import (
    MATCH,
    ODDS,
    OVERRIDE,
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
    send_bet,
    set_odds,
    settle,
)

pytestmark = pytest.mark.trio

MARKETS = "/api/v1/admin/markets"


async def units(house: House, account: int, asset: str = "USD") -> int:
    """What one of the exchange's own accounts has."""
    found = await house.exchange.storage.reader.balances(account)
    return sum(balance.total for balance in found if balance.asset == asset)


async def audit_rows(house: House) -> list[tuple[str, str, Any]]:
    """What was written down since the house was funded, oldest first."""
    rows = await look(house, "/api/v1/admin/audit?limit=500", "root")
    return [(row["action"], row["target"], row["details"]) for row in rows[::-1] if row["action"] != "fund_house"]


# A new match


async def test_a_new_match_is_scheduled() -> None:
    async with open_house() as house:
        await furnish(house)
        made = await done(house, "POST", MARKETS, {**MATCH, "description": "First round"})
        shown = (await look(house, f"/api/v1/markets/{made['id']}"))["market"]
        assert (shown["status"], shown["description"], shown["options"]) == ("scheduled", "First round", [])
        assert (shown["start_time"], shown["asset"]) == (START_MS, "USD")


async def test_the_specification_s_example_but_for_its_time() -> None:
    async with open_house() as house:
        await furnish(house)
        body = f'{{ "league":"NBA", "home_team":"Lakers", "away_team":"Warriors", "start_time": {START_MS} }}'
        reply = await house.call("POST", MARKETS, body.encode(), by="root")
        assert (reply.status, set(reply.json)) == (200, {"id"})


NO_MATCHES = [
    ("league", "", "league must be 1 to 64 printable characters"),
    ("league", " ", "league must not be empty"),
    ("home_team", "x" * 65, "home_team must be 1 to 64 printable characters"),
    ("away_team", "Leeds", "home_team and away_team must be two"),
    ("away_team", None, "away_team must be a string, not null"),
    ("start_time", 1_600_000_000_000, "start_time must be in the future"),
    ("start_time", "2030", "start_time must be a whole number, not a string"),
    ("start_time", 2**53, f"start_time must be at most {2**53 - 1}"),
    ("description", "a\nb", "description must be 1 to 500 printable characters"),
]


async def test_what_no_match_can_be() -> None:
    async with open_house() as house:
        await furnish(house)
        for field, value, words in NO_MATCHES:
            reply = await house.call("POST", MARKETS, {**MATCH, field: value}, by="root")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)
            assert (await look(house, "/api/v1/markets"))["total"] == 0


async def test_another_asset_can_be_bet_with() -> None:
    """Amounts are units of it: a bitcoin has 10 decimals."""
    async with open_house(replace(SETTINGS, betting_asset="BTC", betting_pool=5 * 10**10)) as house:
        await furnish(house)
        fund = {"transId": "a", "symbol": "BTC", "amount": "9"}
        await done(house, "POST", "/api/v1/admin/house/fund", fund)
        market = await open_match(house)
        assert (await look(house, f"/api/v1/markets/{market}"))["market"]["asset"] == "BTC"
        assert await units(house, pool_of(market), "BTC") == 5 * 10**10
        assert error(await send_bet(house, market, "alice", "1 on 1 at 185")) == (422, "INSUFFICIENT_FUNDS")


# The way to the results


async def test_the_whole_way() -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        await set_odds(house, market, **ODDS)
        for status in ("active", "suspended", "active", "in_play", "suspended", "in_play", "closed", "in_play"):
            moved = await move(house, market, status)
            assert moved["market"]["status"] == status
            again = await move(house, market, status)  # twice is once
            assert (again["market"], again["odds"]["seq"]) == (moved["market"], moved["odds"]["seq"])
        assert moved["odds"]["seq"] == 9


async def test_active_after_a_break_in_play_leads_back_there() -> None:
    async with open_betting() as (house, market):
        await move(house, market, "in_play")
        await move(house, market, "suspended")
        assert (await move(house, market, "active"))["market"]["status"] == "in_play"


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ([], "suspended"),
        ([], "in_play"),
        (["active", "closed"], "suspended"),
        (["closed"], "suspended"),
    ],
)
async def test_steps_that_the_table_does_not_have(before: list[str], status: str) -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        await set_odds(house, market, **ODDS)
        for step in before:
            await move(house, market, step)
        reply = await house.call("PUT", f"{MARKETS}/{market}", {"status": status}, by="root")
        assert error(reply) == (409, "CONFLICT")


async def test_what_is_over_stays_over() -> None:
    async with open_betting() as (house, market):
        await settle(house, market, 0, 0)
        for status in ("active", "suspended", "in_play", "closed"):
            reply = await house.call("PUT", f"{MARKETS}/{market}", {"status": status}, by="root")
            assert error(reply) == (409, "CONFLICT")
        body = {"market_id": market, "payload": {"moneyline": ODDS["moneyline"]}, "reason": "late"}
        assert error(await house.call("POST", OVERRIDE, body, by="root")) == (409, "CONFLICT")
        assert error(await house.call("POST", admin(market, "fund"), {"amount": "1"}, by="root")) == (409, "CONFLICT")


async def test_betting_is_not_opened_without_odds() -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        reply = await house.call("PUT", f"{MARKETS}/{market}", {"status": "active"}, by="root")
        assert error(reply) == (409, "CONFLICT")
        assert await units(house, pool_of(market)) == 0


async def test_a_match_that_has_begun_is_not_reopened_but_in_play() -> None:
    async with open_betting() as (house, _):
        clock = house.exchange.clock
        start = clock.now_ms() + 1_000
        market = await open_match(house, start_time=start)
        await move(house, market, "suspended")
        while clock.now_ms() <= start:  # every look is a millisecond
            pass
        reply = await house.call("PUT", f"{MARKETS}/{market}", {"status": "active"}, by="root")
        assert error(reply) == (409, "CONFLICT")
        assert (await move(house, market, "in_play"))["market"]["status"] == "in_play"


async def test_a_description_alone_and_with_a_status() -> None:
    async with open_betting() as (house, market):
        path = f"{MARKETS}/{market}"
        shown = await done(house, "PUT", path, {"description": "Called off?"})
        assert (shown["market"]["description"], shown["market"]["status"]) == ("Called off?", "active")
        shown = await done(house, "PUT", path, {"description": "Fog", "status": "suspended"})
        assert (shown["market"]["description"], shown["market"]["status"]) == ("Fog", "suspended")
        await done(house, "PUT", path, {"status": "closed"})
        reply = await house.call("PUT", path, {"description": "Sun", "status": "suspended"}, by="root")
        assert error(reply) == (409, "CONFLICT")
        assert (await look(house, f"/api/v1/markets/{market}"))["market"]["description"] == "Fog"


NO_CHANGES = [
    ({}, "status or description is needed"),
    ({"status": "settled"}, "status must be one of active, suspended, in_play, closed"),
    ({"status": "open"}, "status must be one of active, suspended, in_play, closed"),
    ({"status": "suspended", "funding": "1"}, "funding goes with status active, as betting is opened"),
    ({"description": "a", "funding": "1"}, "funding goes with status active, as betting is opened"),
    ({"status": "active", "funding": 1}, "funding must be a string or null, not a whole number"),
    (
        {"status": "active", "funding": "1.5"},
        'funding must be a whole number in a string, such as "1000", of at most 78 digits',
    ),
    ({"description": ""}, "description must be 1 to 500 printable characters"),
]


async def test_what_no_change_can_say() -> None:
    async with open_betting() as (house, market):
        for body, words in NO_CHANGES:
            reply = await house.call("PUT", f"{MARKETS}/{market}", body, by="root")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)


# The pool


async def test_the_house_funds_a_pool_as_betting_opens() -> None:
    async with open_betting() as (house, market):
        assert await units(house, pool_of(market)) == 10_000_0000
        assert await units(house, HOUSE) == 90_000_0000
        other = await open_match(house, funding="25")
        assert await units(house, pool_of(other)) == 25
        none = await open_match(house, funding="0")
        assert await units(house, pool_of(none)) == 0
        await done(house, "POST", admin(other, "fund"), {"amount": "5"})
        assert await units(house, pool_of(other)) == 30


async def test_the_default_of_a_pool_can_be_set() -> None:
    async with open_betting(replace(SETTINGS, betting_pool=77)) as (house, market):
        assert await units(house, pool_of(market)) == 77


async def test_what_is_left_of_a_pool_returns_to_the_house() -> None:
    async with open_betting() as (house, market):
        await bet(house, market, "alice", "10000 on 1 at 185")
        await bet(house, market, "bob", "10000 on 3 at 420")
        await settle(house, market, 1, 0)
        assert await units(house, pool_of(market)) == 18_500
        assert await units(house, HOUSE) == 100_000_0000 + 20_000 - 18_500


async def test_the_house_can_not_fund_more_than_it_has() -> None:
    async with open_betting() as (house, market):
        other = await make_match(house)
        await set_odds(house, other, **ODDS)
        body = {"status": "active", "funding": str(90_000_0001)}
        assert error(await house.call("PUT", f"{MARKETS}/{other}", body, by="root")) == (422, "INSUFFICIENT_FUNDS")
        reply = await house.call("POST", admin(market, "fund"), {"amount": "9" * 78}, by="root")
        assert error(reply) == (422, "INSUFFICIENT_FUNDS")
        assert await units(house, HOUSE) == 90_000_0000


async def test_a_first_funding_comes_only_once() -> None:
    async with open_betting() as (house, market):
        for status in ("suspended", "active"):
            await move(house, market, status)
            reply = await house.call("PUT", f"{MARKETS}/{market}", {"status": "active", "funding": "5"}, by="root")
            assert error(reply) == (409, "CONFLICT")
        assert await units(house, pool_of(market)) == 10_000_0000


async def test_what_was_closed_before_it_was_opened_is_funded_as_it_is() -> None:
    async with open_betting() as (house, _):
        other = await make_match(house)
        await set_odds(house, other, **ODDS)
        await move(house, other, "closed")
        reply = await house.call("PUT", f"{MARKETS}/{other}", {"status": "in_play"}, by="root")
        assert error(reply) == (409, "CONFLICT")
        reply = await house.call("POST", admin(other, "fund"), {"amount": "5"}, by="root")
        assert error(reply) == (409, "CONFLICT")
        await done(house, "PUT", f"{MARKETS}/{other}", {"status": "active", "funding": "25"})
        assert await units(house, pool_of(other)) == 25


NO_AMOUNTS = ["0", "-1", "1.5", "1e3", "9" * 79, 5, None]


async def test_what_no_pool_is_funded_with() -> None:
    async with open_betting() as (house, market):
        for amount in NO_AMOUNTS:
            reply = await house.call("POST", admin(market, "fund"), {"amount": amount}, by="root")
            assert error(reply) == (400, "MALFORMED")


# What is written down


async def test_all_of_it_is_written_down_once() -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        channel = f"betting/{market}"
        await set_odds(house, market, moneyline={"home": 1.85, "away": 2.1})
        await move(house, market, "active")
        await done(house, "POST", admin(market, "fund"), {"amount": "7"})
        body = {"market_id": market, "payload": {"total": {"line": 2, "over": 1, "under": 2}}, "reason": "?"}
        assert (await house.call("POST", OVERRIDE, body, by="root")).status == 400
        await house.call("PUT", f"{MARKETS}/{market}", {"status": "active", "funding": "1"}, by="root")
        await settle(house, market, 1, 0)
        await house.call("POST", admin(market, "settle"), {"winning_option": 1}, by="root")
        board = {"moneyline": {"home": 185, "away": 210, "draw": None}, "spread": None, "total": None}
        nothing = {"status": None, "description": None, "funding": None}
        rows = await audit_rows(house)
        assert [row[:2] for row in rows] == [
            ("create_match", "Leeds vs Hull"),
            ("set_odds", channel),
            ("update_match", channel),
            ("fund_match", channel),
            ("settle_match", channel),
            ("settle_match", channel),
            ("settle_match_refused", channel),
        ]
        details = [row[2] for row in rows]
        assert details[0] == {**MATCH, "description": None}
        assert details[1] == {"reason": "news from the pitch", "number": 1, "board": board}
        assert details[2] == {**nothing, "id": str(market), "status": "active"}
        assert details[3] == {"id": str(market), "amount": "7"}
        assert details[4] == {"id": str(market), "winning_option": None, "score": {"home": 1, "away": 0}}
        assert details[6]["code"] == "ALREADY_SETTLED"


# Whose it is


PATHS = [
    ("POST", MARKETS),
    ("PUT", f"{MARKETS}/{{}}"),
    ("POST", OVERRIDE),
    *(("POST", f"{MARKETS}/{{}}/{step}") for step in ("settle", "rollback", "void", "fund", "resume")),
]


async def test_a_match_in_service_is_resumed_as_it_is() -> None:
    async with open_betting() as (house, market):
        reply = await house.call("POST", f"{MARKETS}/{market}/resume", {"reason": "just in case"}, by="root")
        assert (reply.status, reply.json["market"]["status"]) == (200, "active")
        newest, *_ = await house.exchange.storage.identity.admin_actions(None, 10)
        assert (newest.action, newest.target) == ("resume_match", f"betting/{market}")


async def test_only_administrators_may() -> None:
    async with open_betting() as (house, market):
        for method, path in PATHS:
            assert error(await house.call(method, path.format(market), {})) == (401, "UNAUTHORIZED")
            assert error(await house.call(method, path.format(market), {}, by="alice")) == (403, "FORBIDDEN")


async def test_there_is_no_such_match() -> None:
    """A symbol is no match either."""
    body = {
        "market_id": 1,
        "payload": {"total": None},
        "reason": "why",
        "status": "closed",
        "amount": "1",
        "winning_option": 1,
    }
    async with open_betting() as (house, _):
        for method, path in PATHS[1:]:
            for market in (1, 99):
                reply = await house.call(method, path.format(market), {**body, "market_id": market}, by="root")
                assert error(reply) == (404, "NOT_FOUND")


async def test_put_reads_a_body_as_post_does() -> None:
    async with open_betting() as (house, market):
        path = f"{MARKETS}/{market}"
        for raw, words in (
            (b"", "status or description is needed"),
            (b"{", "the body is not valid JSON"),
            (b"[]", "the body must be an object, not a list"),
            (b'{"status":"closed","status":"active"}', "status appears twice"),
        ):
            reply = await house.call("PUT", path, raw, by="root")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)
        raw = json.dumps({"description": "x" * 70_000}).encode()
        assert error(await house.call("PUT", path, raw, by="root")) == (413, "TOO_LARGE")
        reply = await house.call("POST", path, {}, by="root")
        assert (error(reply), reply.headers["allow"]) == ((405, "METHOD_NOT_ALLOWED"), "PUT")
