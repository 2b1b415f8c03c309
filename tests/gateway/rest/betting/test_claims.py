"""Claiming bets: only what there is to claim."""

from typing import Any

import pytest
from trio.testing import wait_all_tasks_blocked

from tests.gateway.houses import error
from tests.gateway.rest.betting.scenes import (
    AWAY,
    HOME,
    OVER,
    SPREAD_HOME,
    UNDER,
    admin,
    bet,
    claim,
    done,
    look,
    move,
    open_betting,
    refused,
    set_odds,
    settle,
    usd,
)

pytestmark = pytest.mark.trio


@pytest.mark.parametrize(
    ("option", "odds", "score", "result", "payout"),
    [
        (HOME, 185, (1, 0), "win", "18503"),  # floor of 10002 x 1.85
        (SPREAD_HOME, 192, (2, 1), "half_win", "14602"),  # floor of 10002 x (0.96 + 0.5)
        (SPREAD_HOME, 192, (3, 1), "win", "19203"),
        (UNDER, 200, (1, 0), "win", "20004"),
    ],
)
async def test_what_is_paid(option: int, odds: int, score: tuple[int, int], result: str, payout: str) -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", f"10002 on {option} at {odds}")
        await settle(house, market, *score)
        shown = await look(house, f"/api/v1/bets/{placed['orderId']}", "alice")
        assert (shown["result"], shown["potentialPayout"]) == (result, payout)
        assert (await claim(house, placed, "alice")).json["claimAmount"] == payout


async def test_a_push_gives_the_stake_back() -> None:
    async with open_betting() as (house, market):
        await set_odds(house, market, total={"line": 3, "over": 1.9, "under": 2.0})
        placed = await bet(house, market, "alice", "10000 on 8 at 190")
        await settle(house, market, 2, 1)
        assert (await claim(house, placed, "alice")).json["claimAmount"] == "10000"
        assert await usd(house, "alice") == "1000"


async def test_a_quarter_line_loses_half() -> None:
    async with open_betting() as (house, market):
        await set_odds(house, market, total={"line": 2.25, "over": 1.9, "under": 2.0})
        placed = await bet(house, market, "alice", "10001 on 8 at 190")
        await settle(house, market, 1, 1)
        shown = await look(house, f"/api/v1/bets/{placed['orderId']}", "alice")
        assert (shown["result"], shown["potentialPayout"]) == ("half_loss", "5000")


async def test_before_the_settlement_there_is_nothing_to_claim() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185")
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        await done(house, "POST", admin(market, "settle"), {"winning_option": OVER})  # another group
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        assert await usd(house, "alice") == "999"


async def test_one_group_can_be_claimed_while_others_are_open() -> None:
    async with open_betting() as (house, market):
        over = await bet(house, market, "alice", f"10000 on {OVER} at 190")
        home = await bet(house, market, "alice", f"10000 on {HOME} at 185")
        await done(house, "POST", admin(market, "settle"), {"winning_option": OVER})
        assert (await claim(house, over, "alice")).json["claimAmount"] == "19000"
        assert error(await claim(house, home, "alice")) == (409, "NOT_SETTLED")
        await done(house, "POST", admin(market, "settle"), {"winning_option": AWAY})
        assert error(await claim(house, home, "alice")) == (409, "NOTHING_TO_CLAIM")


async def test_a_lost_bet_has_nothing_to_claim_before_and_after_others_have_claimed() -> None:
    async with open_betting() as (house, market):
        lost = await bet(house, market, "alice", f"10000 on {AWAY} at 420")
        won = await bet(house, market, "bob", f"10000 on {HOME} at 185")
        await settle(house, market, 1, 0)
        assert error(await claim(house, lost, "alice")) == (409, "NOTHING_TO_CLAIM")
        assert (await claim(house, won, "bob")).status == 200
        assert error(await claim(house, lost, "alice")) == (409, "NOTHING_TO_CLAIM")
        shown = await look(house, f"/api/v1/bets/{lost['orderId']}", "alice")
        assert (shown["potentialPayout"], shown["settled"], shown["claimed"]) == ("0", True, False)


async def test_a_bet_that_is_lost_while_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was open when its row was read; when the match was asked, it had let go of it."""
    async with open_betting() as (house, market):
        lost = await bet(house, market, "alice", f"10000 on {AWAY} at 420")
        won = await bet(house, market, "bob", f"10000 on {HOME} at 185")
        reader = house.exchange.storage.reader
        before = await reader.bet(lost["orderId"])
        await settle(house, market, 1, 0)
        assert (await claim(house, won, "bob")).status == 200
        read = type(reader).bet
        looks: list[int] = []

        async def early(self: Any, bet_id: int) -> Any:
            looks.append(bet_id)
            return before if len(looks) == 1 else await read(self, bet_id)

        monkeypatch.setattr(type(reader), "bet", early)
        assert error(await claim(house, lost, "alice")) == (409, "NOTHING_TO_CLAIM")
        assert looks == [lost["orderId"]] * 2


async def test_a_void_match_pays_by_itself() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185")
        await done(house, "POST", admin(market, "void"), {"reason": "snow"})
        await wait_all_tasks_blocked()
        assert await usd(house, "alice") == "1000"
        shown = await look(house, f"/api/v1/bets/{placed['orderId']}", "alice")
        assert (shown["result"], shown["potentialPayout"], shown["claimed"]) == ("push", "10000", True)
        assert error(await claim(house, placed, "alice")) == (409, "ALREADY_CLAIMED")


async def test_a_settlement_that_was_taken_back_is_no_settlement() -> None:
    async with open_betting() as (house, market):
        placed = await bet(house, market, "alice", "10000 on 1 at 185")
        await settle(house, market, 1, 0)
        await done(house, "POST", admin(market, "rollback"))
        assert error(await claim(house, placed, "alice")) == (409, "NOT_SETTLED")
        shown = await look(house, f"/api/v1/bets/{placed['orderId']}", "alice")
        assert (shown["settled"], shown["potentialPayout"]) == (False, None)
        await move(house, market, "active")
        await bet(house, market, "alice", "10000 on 1 at 185")


async def test_what_has_been_claimed_names_itself_where_it_stands_in_the_way() -> None:
    async with open_betting() as (house, market):
        bets = [await bet(house, market, by, "10000 on 1 at 185") for by in ("alice", "bob", "alice")]
        await settle(house, market, 1, 0)
        for placed, by in zip(bets[:2], ("alice", "bob"), strict=True):
            assert (await claim(house, placed, by)).status == 200
        ids = [placed["orderId"] for placed in bets[:2]]
        reply = await house.call("POST", admin(market, "rollback"), by="root")
        assert refused(reply) == (409, "ALREADY_CLAIMED", {"claims": ids})
        assert (await look(house, f"/api/v1/markets/{market}"))["market"]["status"] == "settled"
