"""Placing bets: what is taken, what is refused and with which code."""

from typing import Any

import pytest

from tests.gateway.houses import error
from tests.gateway.rest.betting.scenes import (
    AWAY,
    BETS,
    HOME,
    OVER,
    admin,
    bet,
    bet_of,
    done,
    look,
    make_match,
    move,
    open_betting,
    open_match,
    refused,
    send_bet,
    set_odds,
    settle,
    usd,
)
from tests.gateway.wallets import ANNA

pytestmark = pytest.mark.trio


async def test_a_bet_has_all_the_fields_of_the_specification() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="mine")
        shown = {name: value for name, value in placed.items() if name not in ("orderId", "txHash", "createdAt")}
        assert shown == {
            "userAddress": ANNA.address,
            "marketId": market,
            "amount": "10000",
            "odds": 185,
            "option": 1,
            "potentialPayout": None,
            "settled": False,
            "claimed": False,
            "claimTxHash": None,
            "clientBetId": "mine",
            "oddsAsked": 185,
            "acceptOdds": "exact",
            "result": None,
            "claimedAt": None,
        }
        assert isinstance(placed["orderId"], int)
        assert placed["txHash"].startswith("0x")
        assert len(placed["txHash"]) == 66
        assert await look(house, f"{BETS}/{placed['orderId']}", "alice") == placed
        assert await usd(house, "alice") == "999"


async def test_the_specification_s_example_to_the_letter() -> None:
    async with open_betting() as (house, market):
        body = f'{{ "marketId":{market}, "option":1, "amount":"1000", "odds":185 }}'
        reply = await house.call("POST", BETS, body.encode(), by="alice")
        assert (reply.status, reply.json["amount"], reply.json["settled"]) == (200, "1000", False)


async def test_the_market_s_id_may_be_text() -> None:
    async with open_betting() as (house, market):
        body = {**bet_of(market, "1 on 1 at 185"), "marketId": str(market)}
        assert (await done(house, "POST", BETS, body, by="alice"))["marketId"] == market


# Odds that have moved


@pytest.mark.parametrize(
    ("accept", "asked", "status"),
    [
        (None, 190, 200),
        (None, 185, 409),
        ("exact", 190, 200),
        ("exact", 189, 409),
        ("exact", 191, 409),
        ("better", 189, 200),
        ("better", 190, 200),
        ("better", 191, 409),
        ("any", 101, 200),
        ("any", 100_000, 200),
    ],
)
async def test_which_odds_a_bet_takes(accept: str | None, asked: int, status: int) -> None:
    """The odds of now are 1.90."""
    async with open_betting() as (house, market):
        more = {} if accept is None else {"acceptOdds": accept}
        reply = await send_bet(house, market, "alice", f"10000 on {OVER} at {asked}", **more)
        assert reply.status == status
        if status == 200:
            assert (reply.json["odds"], reply.json["oddsAsked"]) == (190, asked)
            assert await usd(house, "alice") == "999"
        else:
            assert refused(reply) == (409, "ODDS_CHANGED", {"odds": 190})
            assert await usd(house, "alice") == "1000"


async def test_odds_gone_stale_are_told_anew() -> None:
    async with open_betting() as (house, market):
        await set_odds(house, market, moneyline={"home": 1.7, "draw": 3.5, "away": 5})
        reply = await send_bet(house, market, "alice", "10000 on 1 at 185")
        assert refused(reply) == (409, "ODDS_CHANGED", {"odds": 170})
        taken = await bet(house, market, "alice", f"10000 on 1 at {reply.json['odds']}")
        assert taken["odds"] == 170


async def test_a_bet_keeps_its_odds() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185")
        await set_odds(house, market, moneyline={"home": 1.01, "draw": 9, "away": 9})
        await settle(house, market, 1, 0)
        shown = await look(house, f"{BETS}/{placed['orderId']}", "alice")
        assert (shown["odds"], shown["potentialPayout"], shown["settled"]) == (185, "18500", True)


# What is refused


async def test_more_than_the_pool_covers_is_refused_with_the_largest_stake() -> None:
    async with open_betting() as (house, _):
        market = await open_match(house, funding="8500")  # 0.85 USD
        reply = await send_bet(house, market, "alice", "20000 on 1 at 185")
        status, code, details = refused(reply)
        assert (status, code, set(details)) == (422, "LIABILITY_LIMIT", {"maxStake"})
        largest = int(details["maxStake"])
        assert error_of(await send_bet(house, market, "alice", f"{largest + 1} on 1 at 185")) == "LIABILITY_LIMIT"
        await bet(house, market, "alice", f"{largest} on 1 at 185")


def error_of(reply: Any) -> str:
    code: str = reply.json["code"]
    return code


NO_BETS = [
    ("odds", 100, "odds must be at least 101, such as 185 for 1.85"),
    ("odds", 100_001, "odds must be at most 100000, such as 185 for 1.85"),
    ("odds", 1.85, "odds must be a whole number such as 185 for 1.85"),
    ("odds", "185", "odds must be a whole number, not a string"),
    ("odds", None, "odds must be a whole number, not null"),
    ("option", 0, "option must be at least 1"),
    ("option", "1", "option must be a whole number, not a string"),
    ("marketId", 0, "marketId must be at least 1"),
    ("marketId", "x", "marketId must be an id: a whole number from 1 to 9007199254740991"),
    ("acceptOdds", "worse", "acceptOdds must be one of exact, better, any"),
    ("clientBetId", "", "clientBetId must be 1 to 64 printable characters"),
    ("clientBetId", "x" * 65, "clientBetId must be 1 to 64 printable characters"),
]


async def test_what_no_bet_can_say() -> None:
    async with open_betting() as (house, market):
        for field, value, words in NO_BETS:
            reply = await house.call("POST", BETS, {**bet_of(market, "1 on 1 at 185"), field: value}, by="alice")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)


NEEDED = ["marketId", "option", "amount", "odds"]


async def test_what_no_bet_can_be_without() -> None:
    async with open_betting() as (house, market):
        for field in NEEDED:
            body = bet_of(market, "1 on 1 at 185")
            del body[field]
            reply = await house.call("POST", BETS, body, by="alice")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), f"{field} is needed")


async def test_what_takes_no_bets() -> None:
    async with open_betting() as (house, market):
        assert error(await send_bet(house, market + 1, "alice", f"1 on {HOME} at 185")) == (404, "NOT_FOUND")
        assert error(await send_bet(house, 1, "alice", f"1 on {HOME} at 185")) == (404, "NOT_FOUND")  # a symbol
        assert error(await send_bet(house, market, "alice", "1 on 99 at 185")) == (404, "NOT_FOUND")
        await set_odds(house, market, total=None)
        assert error(await send_bet(house, market, "alice", f"1 on {OVER} at 190")) == (409, "MARKET_CLOSED")
        await done(house, "POST", admin(market, "settle"), {"winning_option": AWAY})
        assert error(await send_bet(house, market, "alice", f"1 on {AWAY} at 420")) == (409, "MARKET_CLOSED")
        assert await usd(house, "alice") == "1000"


async def test_when_no_bets_are_taken() -> None:
    async with open_betting() as (house, _):
        market = await make_match(house)
        await set_odds(house, market, moneyline={"home": 1.85, "away": 2})
        for status, expected in (
            (None, (409, "MARKET_CLOSED")),
            ("active", None),
            ("suspended", (409, "MARKET_HALTED")),
            ("in_play", None),
            ("suspended", (409, "MARKET_HALTED")),
            ("active", None),
            ("closed", (409, "MARKET_CLOSED")),
        ):
            if status is not None:
                await move(house, market, status)
            reply = await send_bet(house, market, "alice", "1 on 1 at 185")
            assert (error(reply) if reply.status != 200 else None) == expected
        await settle(house, market, 0, 0)
        assert error(await send_bet(house, market, "alice", "1 on 1 at 185")) == (409, "MARKET_CLOSED")


async def test_a_bet_after_the_start_is_too_late() -> None:
    async with open_betting() as (house, _):
        clock = house.exchange.clock
        start = clock.now_ms() + 1_000
        early, late = await open_match(house, start_time=start), await open_match(house, start_time=start)
        await move(house, late, "in_play")
        await bet(house, early, "alice", "1 on 1 at 185")
        while clock.now_ms() <= start:  # every look is a millisecond
            pass
        assert error(await send_bet(house, early, "alice", "1 on 1 at 185")) == (409, "MARKET_CLOSED")
        await bet(house, late, "alice", "1 on 1 at 185")
        assert (await look(house, f"/api/v1/markets/{early}"))["market"]["status"] == "closed"
        assert (await look(house, f"/api/v1/markets/{late}"))["market"]["status"] == "in_play"
