"""Placing bets: what is taken, what is refused and with which code, what a repeat is."""

from typing import Any

import pytest
import trio

from actors.core import Address
from engine.messages import Known
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


async def test_who_has_no_wallet_has_no_address() -> None:
    async with open_betting() as (house, market):
        assert (await bet(house, market, "bob", "1 on 1 at 185"))["userAddress"] is None


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


async def test_a_bet_needs_its_money() -> None:
    async with open_betting() as (house, market):
        reply = await send_bet(house, market, "alice", "10000001 on 1 at 185")
        assert error(reply) == (422, "INSUFFICIENT_FUNDS")
        assert await usd(house, "alice") == "1000"


async def test_a_stake_of_78_digits_is_only_too_much() -> None:
    async with open_betting() as (house, market):
        assert error(await send_bet(house, market, "alice", f"{'9' * 78} on 1 at 185")) == (422, "INSUFFICIENT_FUNDS")


NO_STAKES = [
    "0",
    "-1",
    "1e9",
    "9" * 79,
    "1.5",
    "1.0",
    "",
    " 1",
    "1\n",
    "+1",
    "0x10",
    "007",
    "\u0661",
    1000,
    1.5,
    None,
    [],
]


async def test_what_is_no_stake() -> None:
    async with open_betting() as (house, market):
        for amount in NO_STAKES:
            reply = await house.call("POST", BETS, {**bet_of(market, "1 on 1 at 185"), "amount": amount}, by="alice")
            assert error(reply) == (400, "MALFORMED")
            assert reply.json["message"].startswith("amount ")
            assert await usd(house, "alice") == "1000"


NO_BETS = [
    ("odds", 100, "odds must be at least 101"),
    ("odds", 100_001, "odds must be at most 100000"),
    ("odds", 1.85, "odds must be a whole number such as 10"),
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


async def test_guests_and_visitors_can_not_bet() -> None:
    async with open_betting() as (house, market):
        body = bet_of(market, "1 on 1 at 185")
        assert error(await house.call("POST", BETS, body)) == (401, "UNAUTHORIZED")
        house.tokens["guest"] = (await house.call("POST", "/api/v1/session")).json["token"]
        for method, path in (("POST", BETS), ("GET", BETS), ("GET", f"{BETS}/1"), ("POST", f"{BETS}/1/claim")):
            assert error(await house.call(method, path, body, by="guest")) == (403, "FORBIDDEN")


async def test_who_is_suspended_can_not_bet() -> None:
    async with open_betting() as (house, market):
        bob = house.gateway.sessions.authenticate(house.tokens["bob"]).user_id
        await done(house, "POST", f"/api/v1/admin/accounts/{bob}/suspend", {})
        assert error(await send_bet(house, market, "bob", "1 on 1 at 185")) == (403, "ACCOUNT_SUSPENDED")


# Repeats


async def test_a_repeat_is_the_same_bet() -> None:
    async with open_betting() as (house, market):
        first = await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a/b %")
        assert await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a/b %") == first
        await set_odds(house, market, moneyline=None)  # it is a repeat whatever the odds are now
        await settle(house, market, 1, 0)
        again = await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a/b %")
        assert (again["orderId"], again["potentialPayout"]) == (first["orderId"], "18500")
        assert await usd(house, "alice") == "999"


@pytest.mark.parametrize(
    "changed", [{"amount": "10001"}, {"odds": 186}, {"option": 2}, {"acceptOdds": "any"}, {"marketId": None}]
)
async def test_other_content_under_the_same_id_is_a_conflict(changed: dict[str, Any]) -> None:
    async with open_betting() as (house, market):
        other = await open_match(house)
        await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a")
        body = {**bet_of(market, "10000 on 1 at 185", clientBetId="a"), **changed}
        body["marketId"] = body["marketId"] or other
        reply = await house.call("POST", BETS, body, by="alice")
        assert error(reply) == (409, "CONFLICT")
        assert reply.json["message"] == "clientBetId a has been used for another bet"
        assert await usd(house, "alice") == "999"


async def test_ids_are_each_customer_s_own() -> None:
    async with open_betting() as (house, market):
        first = await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a")
        second = await bet(house, market, "bob", "20000 on 2 at 340", clientBetId="a")
        assert first["orderId"] != second["orderId"]


async def test_ten_at_once_under_one_id_are_one_bet() -> None:
    async with open_betting() as (house, market):
        placed: list[dict[str, Any]] = []

        async def place() -> None:
            placed.append(await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a"))

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(place)
        assert placed == placed[:1] * 10
        assert await usd(house, "alice") == "999"


async def test_a_bet_that_is_known_and_not_to_be_found_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which only a defect can bring about."""

    async def known(_: Address, __: object) -> object:
        return Known()

    async with open_betting() as (house, market):
        with monkeypatch.context() as patched:
            patched.setattr(Address, "ask", known)
            reply = await send_bet(house, market, "alice", "1 on 1 at 185", clientBetId="a")
        assert error(reply) == (504, "UNKNOWN")


async def test_settled_between_the_look_up_and_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts knows the id already, storage did not a moment ago: the bet is read again."""
    async with open_betting() as (house, market):
        first = await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a")
        reader = type(house.exchange.storage.reader)
        read = reader.bet_by_client_id
        looks: list[str] = []

        async def late(self: Any, account_id: int, client_bet_id: str) -> Any:
            looks.append(client_bet_id)
            return None if len(looks) == 1 else await read(self, account_id, client_bet_id)

        monkeypatch.setattr(reader, "bet_by_client_id", late)
        assert await bet(house, market, "alice", "10000 on 1 at 185", clientBetId="a") == first
        assert looks == ["a", "a"]
