"""Placing accumulators: what is taken, what is refused and with which code."""

import pytest
from msgspec.structs import replace

from tests.gateway.houses import SETTINGS, error, open_house, open_running
from tests.gateway.rest.betting.accumulator_scenes import (
    ACCUMULATORS,
    ADMIN,
    POOL,
    accumulate,
    accumulator_of,
    list_accumulators,
    open_accumulators,
    open_later,
    pool,
    send,
    shown,
)
from tests.gateway.rest.betting.scenes import (
    admin,
    bet,
    done,
    furnish,
    look,
    make_match,
    move,
    open_match,
    refused,
    set_odds,
    settle,
    usd,
)
from tests.gateway.wallets import ANNA

pytestmark = pytest.mark.trio

TWO = "10000 on 1 at 185, 6 at 190"  # 1 USD, at 3.515


async def test_an_accumulator_shows_its_legs_and_what_it_may_win() -> None:
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO, clientBetId="mine")
        fields = {name: value for name, value in placed.items() if name not in ("orderId", "txHash", "createdAt")}
        leg = {"marketId": matches[0], "title": "Leeds vs Hull", "option": 1, "odds": 185, "oddsAsked": 185}
        other = {"marketId": matches[1], "title": "Ajax vs Hull", "option": 6, "odds": 190, "oddsAsked": 190}
        assert fields == {
            "userAddress": ANNA.address,
            "legs": [{**leg, "result": None}, {**other, "result": None}],
            "asset": "USD",
            "amount": "10000",
            "odds": "3.515",
            "maxPayout": "35150",
            "potentialPayout": None,
            "settled": False,
            "claimed": False,
            "claimTxHash": None,
            "clientBetId": "mine",
            "acceptOdds": "exact",
            "claimedAt": None,
        }
        assert isinstance(placed["orderId"], int)
        assert (placed["txHash"][:2], len(placed["txHash"])) == ("0x", 66)
        assert await shown(house, placed, "alice") == placed
        assert await usd(house, "alice") == "999"
        stands = await pool(house)
        assert (stands["pool"], stands["liability"], stands["open"]) == (str(int(POOL) + 10_000), "35150", 1)


async def test_a_match_s_id_may_be_text() -> None:
    async with open_accumulators() as (house, matches):
        body = accumulator_of([str(match) for match in matches], TWO)
        placed = await done(house, "POST", ACCUMULATORS, body, by="alice")
        assert [leg["marketId"] for leg in placed["legs"]] == matches[:2]


async def test_the_odds_of_twenty_legs_are_exact() -> None:
    """Forty places: more than any number of a machine holds."""
    async with open_accumulators() as (house, _):
        odds = {"moneyline": {"home": 1.01, "away": 1.99}}
        matches = [await open_match(house, odds, "0", home_team=f"Team {number}") for number in range(20)]
        words = ", ".join(f"{1 + number % 2} at {199 if number % 2 else 101}" for number in range(20))
        placed = await accumulate(house, matches, "alice", f"1 on {words}")
        exact = 101**10 * 199**10
        assert placed["odds"].replace(".", "") == str(exact)
        assert placed["odds"].index(".") == len(str(exact)) - 40
        assert placed["maxPayout"] == str(exact // 10**40)


async def test_single_bets_and_accumulators_on_one_match_stand_side_by_side() -> None:
    async with open_accumulators() as (house, matches):
        single = await bet(house, matches[0], "alice", "10000 on 1 at 185", clientBetId="a")
        several = await accumulate(house, matches, "alice", TWO, clientBetId="a")  # ids of their own
        assert single["orderId"] != several["orderId"]
        assert (await look(house, "/api/v1/bets", "alice"))["items"] == [single]
        assert (await look(house, ACCUMULATORS, "alice"))["items"] == [several]
        match = (await look(house, f"/api/v1/markets/{matches[0]}", "root"))["market"]
        assert match["liability"] == "18500"  # accumulators have a pool of their own


# Odds that have moved


@pytest.mark.parametrize(
    ("accept", "asked", "status"),
    [
        (None, 190, 200),
        (None, 189, 409),
        ("exact", 190, 200),
        ("exact", 191, 409),
        ("better", 189, 200),
        ("better", 191, 409),
        ("any", 101, 200),
        ("any", 100_000, 200),
    ],
)
async def test_which_odds_a_leg_takes(accept: str | None, asked: int, status: int) -> None:
    """The odds of now are 1.90."""
    async with open_accumulators() as (house, matches):
        more = {} if accept is None else {"acceptOdds": accept}
        reply = await send(house, matches, "alice", f"10000 on 1 at 185, 6 at {asked}", **more)
        assert reply.status == status
        if status == 200:
            assert [leg["odds"] for leg in reply.json["legs"]] == [185, 190]
            assert [leg["oddsAsked"] for leg in reply.json["legs"]] == [185, asked]
            assert reply.json["odds"] == "3.515"
            assert await usd(house, "alice") == "999"
        else:
            legs = [{"marketId": matches[1], "option": 6, "odds": 190}]
            assert refused(reply) == (409, "ODDS_CHANGED", {"legs": legs})
            assert await usd(house, "alice") == "1000"


async def test_all_odds_gone_stale_are_told_anew() -> None:
    async with open_accumulators() as (house, matches):
        for match in matches[::2]:
            await set_odds(house, match, moneyline={"home": 1.7, "draw": 3.5, "away": 5})
        reply = await send(house, matches, "alice", "10000 on 1 at 185, 6 at 190, 3 at 420")
        legs = [{"marketId": matches[0], "option": 1, "odds": 170}, {"marketId": matches[2], "option": 3, "odds": 500}]
        assert refused(reply) == (409, "ODDS_CHANGED", {"legs": legs})
        assert await usd(house, "alice") == "1000"
        taken = await accumulate(house, matches, "alice", "10000 on 1 at 170, 6 at 190, 3 at 500")
        assert taken["odds"] == "16.15"


# What is refused


async def test_more_than_the_pool_covers_is_refused_with_the_largest_stake() -> None:
    async with open_accumulators() as (house, matches):
        reply = await send(house, matches, "alice", "9000000 on 1 at 185, 6 at 190")
        status, code, details = refused(reply)
        assert (status, code, set(details)) == (422, "LIABILITY_LIMIT", {"maxStake"})
        largest = int(details["maxStake"])
        words = f"{largest + 1} on 1 at 185, 6 at 190"
        assert refused(await send(house, matches, "alice", words)) == (422, "LIABILITY_LIMIT", details)
        assert await usd(house, "alice") == "1000"
        placed = await accumulate(house, matches, "alice", f"{largest} on 1 at 185, 6 at 190")
        assert int(placed["maxPayout"]) <= int(POOL) + largest
        assert refused(await send(house, matches, "bob", TWO))[1] == "LIABILITY_LIMIT"  # nothing is set off


async def test_odds_that_are_too_high_together_take_no_stake() -> None:
    async with open_accumulators() as (house, _):
        odds = {"moneyline": {"home": 100.0, "away": 100.01}}
        matches = [await open_match(house, odds, "0", home_team=team) for team in ("Cork", "Derby")]
        await accumulate(house, matches, "alice", "1 on 1 at 10000, 1 at 10000")
        reply = await send(house, matches, "alice", "1 on 1 at 10000, 2 at 10001")
        assert refused(reply) == (422, "LIABILITY_LIMIT", {"maxStake": "0"})
        words = "the odds of all legs together are 10001: at most 10000 are taken"
        assert reply.json["message"] == words
        assert await usd(house, "alice") == "999.9999"


async def test_what_no_legs_can_be() -> None:
    async with open_accumulators() as (house, matches):
        good, other = accumulator_of(matches, TWO)["legs"]
        for legs, words in (
            ([], "legs must have at least 2 entries"),
            ([good], "legs must have at least 2 entries"),
            ([good] * 21, "legs must have at most 20 entries"),
            ([good, good], "the legs must be on different matches"),
            ([other, good, {**other, "option": 1, "odds": 185}], "the legs must be on different matches"),
            (good, "legs must be a list, not an object"),
            (None, "legs must be a list, not null"),
            ([good, None], "legs[1] must be an object, not null"),
            ([good, {**other, "odds": 100}], "legs[1].odds must be at least 101, such as 185 for 1.85"),
            ([good, {**other, "odds": 100_001}], "legs[1].odds must be at most 100000, such as 185 for 1.85"),
            ([good, {**other, "odds": 1.85}], "legs[1].odds must be a whole number such as 185 for 1.85"),
            ([good, {**other, "odds": "185"}], "legs[1].odds must be a whole number, not a string"),
            ([good, {**other, "option": 0}], "legs[1].option must be at least 1"),
            ([good, {**other, "marketId": 0}], "legs[1].marketId must be at least 1"),
            ([{**good, "marketId": 10**16 - 1}, other], f"legs[0].marketId must be at most {2**53 - 1}"),
            ([{**good, "marketId": str(10**16 - 1)}, other], f"an id is at most {2**53 - 1}"),
            ([{"marketId": matches[0], "option": 1}, other], "legs[0].odds is needed"),
        ):
            reply = await house.call("POST", ACCUMULATORS, {"legs": legs, "amount": "10000"}, by="alice")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)
        assert await usd(house, "alice") == "1000"


async def test_what_no_accumulator_can_say() -> None:
    async with open_accumulators() as (house, matches):
        whole = accumulator_of(matches, TWO)
        for body, words in (
            ({**whole, "acceptOdds": "worse"}, "acceptOdds must be one of exact, better, any"),
            ({**whole, "clientBetId": ""}, "clientBetId must be 1 to 64 printable characters"),
            ({"legs": whole["legs"]}, "amount is needed"),
            ({"amount": "1"}, "legs is needed"),
        ):
            reply = await house.call("POST", ACCUMULATORS, body, by="alice")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)


async def test_a_leg_on_nothing_names_it() -> None:
    """A symbol is no match, nor is the market of accumulators."""
    async with open_accumulators() as (house, matches):
        for market in (1, 4, 99):
            reply = await send(house, [matches[0], market], "alice", TWO)
            assert (error(reply), reply.json["message"]) == ((404, "NOT_FOUND"), f"there is no market {market}")
        reply = await send(house, matches, "alice", "10000 on 1 at 185, 99 at 190")
        words = f"match {matches[1]} has no option 99"
        assert (error(reply), reply.json["message"]) == ((404, "NOT_FOUND"), words)
        assert await usd(house, "alice") == "1000"


async def test_wrong_legs_are_wrong_whatever_else_is() -> None:
    async with open_accumulators() as (house, matches):
        words = "the legs must be on different matches"
        for amount, suspended in (("10000001", False), ("10000", True), ("10000001", True)):
            if suspended:
                await done(house, "POST", f"{ADMIN}/suspend", {})
            reply = await send(house, matches[:1] * 2, "alice", f"{amount} on 1 at 185, 6 at 190")
            assert (error(reply), reply.json["message"]) == ((400, "MALFORMED"), words)
            reply = await send(house, matches[:1], "alice", f"{amount} on 1 at 185")
            assert error(reply) == (400, "MALFORMED")
        assert await usd(house, "alice") == "1000"


async def test_an_option_that_never_was_is_not_found_even_while_its_match_takes_no_bets() -> None:
    async with open_accumulators() as (house, matches):
        unknown = "10000 on 1 at 185, 99 at 190"
        for step, expected in (("suspended", (409, "MARKET_HALTED")), ("closed", (409, "MARKET_CLOSED"))):
            match = await open_match(house)
            await move(house, match, step)
            reply = await send(house, [matches[0], match], "alice", unknown)
            words = f"match {match} has no option 99"
            assert (error(reply), reply.json["message"]) == ((404, "NOT_FOUND"), words)
            assert error(await send(house, [matches[0], match], "alice", TWO)) == expected
        assert await usd(house, "alice") == "1000"


async def test_a_leg_on_a_match_of_another_asset() -> None:
    async with open_accumulators() as (house, matches):
        async with open_running(house.exchange, replace(SETTINGS, betting_asset="BTC")) as later:
            await later.log_in("root")
            other = await open_match(later, funding="0")
        reply = await send(house, [matches[0], other], "alice", TWO)
        words = f"match {other} takes no bets in accumulators of USD"
        assert (error(reply), reply.json["message"]) == ((409, "MARKET_CLOSED"), words)
        assert await usd(house, "alice") == "1000"


async def test_a_leg_whose_match_takes_no_bets_names_it() -> None:
    async with open_accumulators() as (house, matches):
        good, other, _ = matches
        scheduled = await make_match(house)
        await move(house, other, "suspended")
        for match, expected in ((other, (409, "MARKET_HALTED")), (scheduled, (409, "MARKET_CLOSED"))):
            reply = await send(house, [good, match], "alice", TWO)
            assert error(reply) == expected
            assert f"match {match} " in reply.json["message"]
        for step in ("active", "closed"):
            await move(house, other, step)
        assert error(await send(house, matches, "alice", TWO)) == (409, "MARKET_CLOSED")
        await settle(house, other, 1, 0)
        assert error(await send(house, matches, "alice", TWO)) == (409, "MARKET_CLOSED")
        await done(house, "POST", admin(matches[2], "void"), {"reason": "snow"})
        assert error(await send(house, matches[::2], "alice", TWO)) == (409, "MARKET_CLOSED")
        assert await usd(house, "alice") == "1000"


async def test_an_option_that_is_not_offered_any_more() -> None:
    async with open_accumulators() as (house, matches):
        await set_odds(house, matches[1], total={"line": 3.5, "over": 1.9, "under": 2.0})
        reply = await send(house, matches, "alice", TWO)
        words = f"option 6 of match {matches[1]} takes no bets now"
        assert (error(reply), reply.json["message"]) == ((409, "MARKET_CLOSED"), words)
        await done(house, "POST", admin(matches[0], "settle"), {"winning_option": 1})  # its group is decided
        assert error(await send(house, matches, "alice", "1 on 1 at 185, 1 at 185")) == (409, "MARKET_CLOSED")
        assert await usd(house, "alice") == "1000"


async def test_a_leg_after_its_match_s_start() -> None:
    async with open_accumulators() as (house, matches):
        clock = house.exchange.clock
        start = clock.now_ms() + 1_000
        soon = await open_match(house, start_time=start)
        await accumulate(house, [matches[0], soon], "alice", TWO)
        while clock.now_ms() <= start:  # every look is a millisecond
            pass
        assert error(await send(house, [matches[0], soon], "alice", TWO)) == (409, "MARKET_CLOSED")
        assert await usd(house, "alice") == "999"
        await move(house, soon, "in_play")
        await accumulate(house, [matches[0], soon], "alice", TWO)


async def test_a_repeat_is_the_same_one_whatever_bets_are_made_in_now() -> None:
    """Its legs say which asset is meant: other content is still a conflict."""
    async with open_accumulators() as (house, matches):
        placed = await accumulate(house, matches, "alice", TWO, clientBetId="a")
        async with open_later(house, "alice") as later:
            assert await accumulate(later, matches, "alice", TWO, clientBetId="a") == placed
            assert placed["asset"] == "USD"
            for words in ("10001 on 1 at 185, 6 at 190", "10000 on 1 at 185, 6 at 191", "10000 on 1 at 185, 7 at 190"):
                assert error(await send(later, matches, "alice", words, clientBetId="a")) == (409, "CONFLICT")
            reply = await send(later, matches, "alice", TWO, clientBetId="b")  # a new one, of what she does not have
            assert (error(reply), reply.json["message"]) == ((422, "INSUFFICIENT_FUNDS"), "not enough BTC available")
        assert await usd(house, "alice") == "999"


async def test_another_asset_needs_a_market_of_its_own() -> None:
    """Which a start lists; amounts are units of the asset then."""
    async with open_house(replace(SETTINGS, betting_asset="BTC", betting_pool=0)) as house:
        await furnish(house)
        await house.user("carol", BTC="1")
        await done(house, "POST", "/api/v1/admin/house/fund", {"transId": "a", "symbol": "BTC", "amount": "9"})
        matches = [await open_match(house, home_team=team) for team in ("Ajax", "Bath")]
        for reply in (
            await send(house, matches, "carol", TWO),
            await house.call("GET", ADMIN, by="root"),
            *[await house.call("POST", f"{ADMIN}/{step}", {"amount": "1"}, by="root") for step in STEPS],
        ):
            assert error(reply) == (404, "NOT_FOUND")
            assert reply.json["message"] == "there are no accumulators in BTC here"
        await list_accumulators(house, "BTC")
        assert (await done(house, "POST", f"{ADMIN}/fund", {"amount": POOL}))["asset"] == "BTC"
        assert (await accumulate(house, matches, "carol", TWO))["asset"] == "BTC"
        (balance,) = await look(house, "/api/v1/account/balances", "carol")
        assert (balance["symbol"], balance["total"]) == ("BTC", "0.999999")


STEPS = ("fund", "return", "suspend", "resume")
