"""Results over REST: by option, by score, taken back, none at all; and what can't be settled."""

from typing import Any

import pytest

from engine.ledger.chart import HOUSE, pool_of
from tests.gateway.houses import error
from tests.gateway.rest.betting.scenes import (
    AWAY,
    HOME,
    ODDS,
    OVER,
    SPREAD_HOME,
    admin,
    bet,
    claim,
    done,
    look,
    make_match,
    move,
    open_betting,
    open_house_with_match,
    refused,
    set_odds,
    settle,
)
from tests.gateway.rest.betting.test_admin import units

pytestmark = pytest.mark.trio


async def test_the_specification_s_example_settles_one_group() -> None:
    async with open_betting() as (house, market):
        reply = await house.call("POST", admin(market, "settle"), b'{ "winning_option": 1 }', by="root")
        assert reply.status == 200
        shown = reply.json["market"]
        assert (shown["status"], shown["score"]) == ("active", None)
        assert [option["result"] for option in shown["options"]] == ["win", "loss", "loss", None, None, None, None]


async def test_the_last_group_settles_the_match() -> None:
    async with open_betting() as (house, market):
        for option, status in ((HOME, "active"), (OVER, "active"), (SPREAD_HOME, "settled")):
            shown = await done(house, "POST", admin(market, "settle"), {"winning_option": option})
            assert shown["market"]["status"] == status


async def test_a_score_settles_all_that_is_left() -> None:
    async with open_betting() as (house, market):
        await done(house, "POST", admin(market, "settle"), {"winning_option": AWAY})
        shown = await settle(house, market, 2, 1)
        assert (shown["market"]["status"], shown["market"]["score"]) == ("settled", {"home": 2, "away": 1})
        results = [option["result"] for option in shown["market"]["options"]]
        assert results == ["loss", "loss", "win", "half_win", "half_loss", "win", "loss"]


@pytest.mark.parametrize("again", [{"winning_option": 1}, {"score": {"home": 2, "away": 1}}])
async def test_settling_twice_is_refused(again: dict[str, Any]) -> None:
    async with open_betting() as (house, market):
        await settle(house, market, 2, 1)
        money = await units(house, HOUSE)
        assert error(await house.call("POST", admin(market, "settle"), again, by="root")) == (409, "ALREADY_SETTLED")
        assert await units(house, HOUSE) == money


async def test_settling_a_group_twice_is_refused() -> None:
    async with open_betting() as (house, market):
        for option, expected in ((HOME, 200), (HOME, 409), (AWAY, 409)):
            reply = await house.call("POST", admin(market, "settle"), {"winning_option": option}, by="root")
            assert reply.status == expected
            if expected == 409:
                assert error(reply) == (409, "ALREADY_SETTLED")


async def test_what_is_scheduled_can_not_be_settled() -> None:
    async with open_betting() as (house, _):
        market = await make_match(house)
        await set_odds(house, market, **ODDS)
        for body in ({"winning_option": 1}, {"score": {"home": 0, "away": 0}}):
            assert error(await house.call("POST", admin(market, "settle"), body, by="root")) == (409, "CONFLICT")


ONE = "winning_option or score is needed, and not both"


NO_RESULTS = [
    ({}, ONE),
    ({"winning_option": 1, "score": {"home": 0, "away": 0}}, ONE),
    ({"winning_option": None}, ONE),
    ({"winning_option": 0}, "winning_option must be at least 1"),
    ({"winning_option": "1"}, "winning_option must be a whole number or null, not a string"),
    ({"score": {"home": 1}}, "score.away is needed"),
    ({"score": {"home": 1, "away": -1}}, "score.away must be at least 0"),
    ({"score": {"home": 1.5, "away": 0}}, "score.home must be a whole number such as 10"),
    ({"score": {"home": 10_001, "away": 0}}, "score.home must be at most 10000"),
    ({"score": "2:1"}, "score must be an object or null, not a string"),
]


async def test_what_is_no_result() -> None:
    async with open_betting() as (house, market):
        for body, words in NO_RESULTS:
            reply = await house.call("POST", admin(market, "settle"), body, by="root")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)


async def test_no_such_option() -> None:
    async with open_betting() as (house, market):
        for step, body in (("settle", {"winning_option": 99}), ("rollback", {"option": 99})):
            assert error(await house.call("POST", admin(market, step), body, by="root")) == (404, "NOT_FOUND")


# Taken back


async def test_taking_a_settlement_back_is_exact() -> None:
    async with open_betting() as (house, market):
        await bet(house, market, "alice", "10000 on 1 at 185")
        await bet(house, market, "bob", "10000 on 6 at 190")
        await move(house, market, "closed")
        before = await look(house, f"/api/v1/markets/{market}", "root")
        money = await units(house, HOUSE), await units(house, pool_of(market))
        await settle(house, market, 0, 3)
        assert await units(house, pool_of(market)) == 19_000
        after = await done(house, "POST", admin(market, "rollback"))
        assert (await units(house, HOUSE), await units(house, pool_of(market))) == money
        for shown in (before, after):
            for name in ("seq", "timestamp", "source"):
                del shown["odds"][name]
            for option in shown["market"]["options"]:
                del option["offered"]
        assert after == before
        await settle(house, market, 3, 0)


async def test_one_group_can_be_taken_back() -> None:
    async with open_betting() as (house, market):
        for option in (HOME, OVER):
            await done(house, "POST", admin(market, "settle"), {"winning_option": option})
        shown = await done(house, "POST", admin(market, "rollback"), {"option": AWAY})
        assert [o["result"] for o in shown["market"]["options"]] == [None, None, None, None, None, "win", "loss"]


async def test_there_is_nothing_to_take_back() -> None:
    async with open_betting() as (house, market):
        for body in (None, {}, {"option": 1}):
            assert error(await house.call("POST", admin(market, "rollback"), body, by="root")) == (409, "CONFLICT")


async def test_what_is_claimed_is_not_taken_back_and_groups_beside_it_are() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", f"10000 on {HOME} at 185")
        await done(house, "POST", admin(market, "settle"), {"winning_option": HOME})
        assert (await claim(house, placed, "alice")).status == 200
        for body in ({}, {"option": HOME}):
            reply = await house.call("POST", admin(market, "rollback"), body, by="root")
            assert refused(reply) == (409, "ALREADY_CLAIMED", {"claims": [placed["orderId"]]})
        await done(house, "POST", admin(market, "settle"), {"winning_option": OVER})
        shown = await done(house, "POST", admin(market, "rollback"), {"option": OVER})  # a group without claims
        assert shown["market"]["status"] == "active"  # another group is open
        shown = await done(house, "POST", admin(market, "void"), {"reason": "snow"})
        assert shown["market"]["status"] == "void"


# None at all


async def test_a_void_match_is_void_for_good() -> None:
    async with open_house_with_match() as (house, market):
        shown = await done(house, "POST", admin(market, "void"))
        assert (shown["market"]["status"], shown["odds"]["seq"]) == ("void", 1)
        for step, body, expected in (
            ("void", {}, (409, "CONFLICT")),
            ("rollback", {}, (409, "CONFLICT")),
            ("settle", {"winning_option": 1}, (409, "ALREADY_SETTLED")),
        ):
            assert error(await house.call("POST", admin(market, step), body, by="root")) == expected
