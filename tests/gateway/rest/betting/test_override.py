"""Setting odds: numbers to the last digit, what stays and what goes, and what is refused."""

import pytest

from tests.gateway.houses import error, open_house
from tests.gateway.rest.betting.scenes import (
    ODDS,
    OVERRIDE,
    admin,
    done,
    furnish,
    look,
    make_match,
    open_betting,
    set_odds,
)

pytestmark = pytest.mark.trio


async def test_the_specification_s_example_of_an_override() -> None:
    async with open_house() as house:
        await furnish(house)
        market = await make_match(house)
        body = f"""{{
          "market_id": {market},
          "payload": {{
            "moneyline": {{ "home": 1.82, "away": 2.15 }},
            "spread": {{ "line": -3.0, "home": 1.92, "away": 1.88 }},
            "total": {{ "line": 219.5, "over": 1.90, "under": 1.90 }}
          }},
          "reason": "Manual adjustment"
        }}"""
        reply = await house.call("POST", OVERRIDE, body.encode(), by="root")
        assert reply.status == 200
        assert b'"moneyline":{"home":1.82,"away":2.15},"spread":{"line":-3.0,"home":1.92,"away":1.88}' in reply.body
        assert b'"total":{"line":219.5,"over":1.90,"under":1.90}' in reply.body


LINES = [("-2.25", "-2.25"), ("0", "0.0"), ("-0", "0.0"), ("2.50", "2.5"), ("1e0", "1.0"), ("-1000", "-1000.0")]


async def test_lines_are_exact() -> None:
    async with open_betting() as (house, market):
        for line, shown in LINES:
            sent = f'{{"line": {line}, "home": 1.9e0, "away": 190e-2}}'
            body = f'{{"market_id": {market}, "payload": {{"spread": {sent}}}, "reason": "a"}}'
            reply = await house.call("POST", OVERRIDE, body.encode(), by="root")
            assert reply.status == 200, reply.body
            assert f'"spread":{{"line":{shown},"home":1.90,"away":1.90}}'.encode() in reply.body


async def test_a_group_that_is_left_out_stays_and_null_takes_it_away() -> None:
    async with open_betting() as (house, market):
        shown = await set_odds(house, market, moneyline={"home": 2, "away": 2}, total=None)
        assert shown["odds"]["moneyline"] == {"home": 2.0, "away": 2.0}
        assert shown["odds"]["spread"] == ODDS["spread"]
        assert shown["odds"]["total"] is None


EVEN = {"home": 2, "away": 2}


NO_ODDS = [
    ({}, "payload needs moneyline, spread or total"),
    ({"handicap": EVEN}, "payload needs moneyline, spread or total"),
    ({"moneyline": {"home": 2}}, "payload.moneyline.away is needed"),
    ({"moneyline": []}, "payload.moneyline must be an object or null, not a list"),
    ({"moneyline": {**EVEN, "home": "2"}}, "payload.moneyline.home must be a number"),
    ({"moneyline": {**EVEN, "home": None}}, "payload.moneyline.home must be a number"),
    ({"moneyline": {**EVEN, "home": True}}, "payload.moneyline.home must be a number"),
    ({"moneyline": {**EVEN, "home": -2}}, "payload.moneyline.home must not be below zero"),
    ({"moneyline": {**EVEN, "home": 1.855}}, "payload.moneyline.home has more than 2 decimal places"),
    ({"moneyline": {**EVEN, "home": 10**90}}, "payload.moneyline.home has too many digits"),
    ({"moneyline": {**EVEN, "home": 1}}, "moneyline.home must be from 1.01 to 1000"),
    ({"moneyline": {**EVEN, "draw": 1000.01}}, "moneyline.draw must be from 1.01 to 1000"),
    ({"spread": EVEN}, "payload.spread.line is needed"),
    (
        {"spread": {**EVEN, "line": 0.3}},
        "payload.spread.line must be a whole, half or quarter line, such as 2, 2.5 or 2.25",
    ),
    ({"spread": {**EVEN, "line": -1000.25}}, "spread.line must be from -1000 to 1000"),
    ({"spread": {**EVEN, "line": 0.125}}, "payload.spread.line has more than 2 decimal places"),
    ({"total": {"line": 0, "over": 2, "under": 2}}, "total.line must be above 0"),
    ({"total": {"line": 2.5, "over": 2}}, "payload.total.under is needed"),
]


async def test_what_no_odds_can_be() -> None:
    async with open_betting() as (house, market):
        for payload, words in NO_ODDS:
            before = await look(house, f"/api/v1/markets/{market}")
            body = {"market_id": market, "payload": payload, "reason": "why"}
            reply = await house.call("POST", OVERRIDE, body, by="root")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)
            assert (await look(house, f"/api/v1/markets/{market}"))["odds"]["seq"] == before["odds"]["seq"]


async def test_odds_are_set_for_a_reason() -> None:
    async with open_betting() as (house, market):
        for reason in ({}, {"reason": ""}, {"reason": None}, {"reason": 7}):
            body = {"market_id": market, "payload": {"total": None}, **reason}
            assert error(await house.call("POST", OVERRIDE, body, by="root")) == (400, "MALFORMED")


async def test_what_is_settled_is_not_offered_again() -> None:
    async with open_betting() as (house, market):
        await done(house, "POST", admin(market, "settle"), {"winning_option": 6})
        total = {**ODDS["total"], "over": 1.95}
        body = {"market_id": market, "payload": {"total": total}, "reason": "why"}
        assert error(await house.call("POST", OVERRIDE, body, by="root")) == (409, "ALREADY_SETTLED")
        shown = await set_odds(house, market, total={"line": 3, "over": 1.95, "under": 1.95})
        assert [option["offered"] for option in shown["market"]["options"][5:]] == [False, False, True, True]
