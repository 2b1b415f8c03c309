"""From trading to payouts: who may take which step when, what is written down, and what a dry run leaves alone."""

from typing import Any

import pytest

from actors.core import Unknown
from engine.prediction.lifecycle import Rules
from gateway.identity.caller import Role
from storage.interface import DatabaseAway
from tests.gateway.houses import House, error
from tests.gateway.rest.prediction.scenes import OURS, look, mint, move, moved, open_market, open_market_under, trade

pytestmark = pytest.mark.trio

STEPS: list[tuple[str, Any]] = [
    ("halt", None),
    ("resume", None),
    ("close", None),
    ("propose", {"outcome": "YES"}),
    ("resolve", {"outcome": "YES"}),
    ("void", None),
    ("rollback", None),
]


async def journal(house: House) -> int:
    """How many commits there were."""
    return (await house.exchange.storage.reader.journal_head()).sequence


async def audit(house: House) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await look(house, "/api/v1/admin/audit", "root")
    return rows[::-1]


@pytest.mark.parametrize(("step", "body"), STEPS)
async def test_they_are_for_administrators(step: str, body: Any) -> None:
    async with open_market() as (house, market):
        reply = await house.call("POST", f"{OURS}/markets/{market}/{step}", body)
        assert error(reply) == (401, "UNAUTHORIZED")
        for by in ("alice", "mia"):
            assert error(await move(house, market, step, body, by)) == (403, "FORBIDDEN")
        assert [row["action"] for row in await audit(house)] == ["create_market"]
        assert (await look(house, f"/api/markets/{market}"))["status"] == "OPEN"


@pytest.mark.parametrize(("step", "body"), [*STEPS, ("dispute", {"reason": "?"})])
async def test_of_a_market_that_is_not_there(step: str, body: Any) -> None:
    async with open_market() as (house, _):
        for number, expected in (
            ("99", (404, "NOT_FOUND")),
            ("1", (404, "NOT_FOUND")),
            ("x", (400, "MALFORMED")),
            ("0", (400, "MALFORMED")),
            (str(2**53), (400, "MALFORMED")),
        ):
            assert error(await house.call("POST", f"{OURS}/markets/{number}/{step}", body, by="root")) == expected
        assert len(await audit(house)) == 1


async def test_from_trading_to_payouts_and_back() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await trade(house, market, "alice", "BUY 5 YES at 10")
        steps: list[tuple[str, Any, str]] = [
            ("halt", None, "HALTED"),
            ("halt", {}, "HALTED"),
            ("resume", {"reason": "looks well"}, "OPEN"),
            ("close", None, "CLOSED"),
            ("propose", {"outcome": "YES"}, "PROPOSED"),
        ]
        for step, body, status in steps:
            shown = await moved(house, market, step, body)
            assert (shown["status"], shown["id"]) == (status, market)
        resolution = shown["resolution"]
        root = house.gateway.sessions.authenticate(house.tokens["root"]).user_id
        assert (resolution["outcome"], resolution["proposedBy"]) == ("YES", root)
        assert resolution["challengeUntil"] - shown["createdAt"] >= 24 * 3_600_000
        assert await look(house, "/api/orders/active", "alice") == []

        shown = await moved(house, market, "dispute", {"reason": "not a drop"}, by="bob")
        assert (shown["status"], shown["resolution"]["disputeReason"]) == ("DISPUTED", "not a drop")
        shown = await moved(house, market, "resolve", {"outcome": "NO"})
        resolution = shown["resolution"]
        assert (shown["status"], resolution["outcome"], resolution["resolvedBy"]) == ("RESOLVED", "NO", root)
        assert (resolution["yesPayout"], resolution["noPayout"]) == (0.0, 100.0)
        assert resolution["payoutsFreeAt"] - resolution["resolvedAt"] == 3_600_000
        assert (await look(house, "/api/markets?status=RESOLVED"))["totalElements"] == 1

        shown = await moved(house, market, "rollback", {"reason": "the wrong answer"})
        assert (shown["status"], shown["resolution"]["outcome"]) == ("CLOSED", None)
        rows = await audit(house)
        assert [row["action"] for row in rows] == [
            "create_market",
            "halt_market",
            "halt_market",
            "resume_market",
            "close_market",
            "propose_outcome",
            "resolve_market",
            "roll_back_market",
        ]
        assert {row["target"] for row in rows[1:]} == {f"prediction/{market}"}
        assert rows[3]["details"]["reason"] == "looks well"


@pytest.mark.parametrize(
    ("path", "step", "body"),
    [
        ([], "resume", None),
        ([], "propose", {"outcome": "YES"}),
        ([], "resolve", {"outcome": "YES"}),
        ([], "void", None),
        ([], "rollback", None),
        (["close"], "halt", None),
        (["close"], "resume", None),
        (["close"], "close", None),
        (["close"], "resolve", {"outcome": "YES"}),
        (["halt", "void"], "propose", {"outcome": "YES"}),
        (["halt", "void"], "void", None),
    ],
)
async def test_steps_that_are_not_possible_now_are_409(path: list[str], step: str, body: Any) -> None:
    async with open_market() as (house, market):
        for before in path:
            await moved(house, market, before)
        status = (await look(house, f"/api/markets/{market}"))["status"]
        if step == "resume" and status == "OPEN":
            assert (await move(house, market, step, body)).status == 200  # resuming twice is once
            return
        assert error(await move(house, market, step, body)) == (409, "CONFLICT")
        assert (await look(house, f"/api/markets/{market}"))["status"] == status
        assert (await audit(house))[-1]["details"]["code"] == "CONFLICT"


async def test_a_proposal_can_t_be_resolved_before_its_window_has_passed() -> None:
    async with open_market() as (house, market):
        await moved(house, market, "close")
        await moved(house, market, "propose", {"outcome": "YES"})
        assert error(await move(house, market, "resolve", {"outcome": "YES"})) == (409, "CONFLICT")


BAD: list[tuple[str, list[Any]]] = [
    ("propose", [None, {}, {"outcome": None}, {"outcome": "yes"}, {"outcome": "VOID"}, {"outcome": 1}, [], "YES"]),
    ("resolve", [None, {}, {"outcome": "VOID"}, {"outcome": "YES", "dryRun": "true"}, {"outcome": "YES", "dryRun": 1}]),
    ("void", [{"dryRun": "yes"}, {"dryRun": None}, {"reason": 7}, [], b"{"]),
    ("dispute", [None, {}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "a\u0000"}, {"reason": 7}]),
    ("halt", [{"reason": ""}, {"reason": 7}, [1], b"null"]),
    ("rollback", [{"reason": ["x"]}, b"x"]),
]


@pytest.mark.parametrize(("step", "bodies"), BAD, ids=[step for step, _ in BAD])
async def test_bodies_that_do_not_fit(step: str, bodies: list[Any]) -> None:
    async with open_market() as (house, market):
        for body in bodies:
            assert error(await move(house, market, step, body)) == (400, "MALFORMED"), body
        for query in ("dryRun=yes", "dryRun=", "dryRun=true&dryRun=true"):
            if step in ("resolve", "void"):
                reply = await move(house, market, f"{step}?{query}", {"outcome": "YES"})
                assert error(reply) == (400, "MALFORMED")
        assert len(await audit(house)) == 1


# Disputes


async def test_only_holders_can_dispute() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        assert error(await move(house, market, "dispute", {"reason": "?"}, "bob")) == (409, "CONFLICT")
        await moved(house, market, "close")
        await moved(house, market, "propose", {"outcome": "NO"})
        assert error(await move(house, market, "dispute", {"reason": "?"}, "mia")) == (403, "FORBIDDEN")
        assert (await moved(house, market, "dispute", {"reason": "?"}, by="alice"))["status"] == "DISPUTED"
        assert error(await move(house, market, "dispute", {"reason": "?"}, "bob")) == (409, "CONFLICT")
        assert "dispute_outcome" not in [row["action"] for row in await audit(house)]


# Plans


async def test_a_plan_says_what_everybody_would_be_paid() -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await trade(house, market, "alice", "SELL 4 YES at 70")
        await trade(house, market, "bob", "BUY 4 YES")
        path = f"{OURS}/markets/{market}/payouts"
        plan = await look(house, f"{path}?outcome=YES", "root")
        assert plan == {
            "marketId": market,
            "outcome": "YES",
            "yesPayout": 100.0,
            "noPayout": 0.0,
            "pool": "10",
            "payouts": [
                {"accountId": 1, "username": "alice", "yes": 6, "no": 0, "payout": "6", "refund": "0"},
                {"accountId": 2, "username": "bob", "yes": 4, "no": 10, "payout": "4", "refund": "0"},
            ],
        }
        plan = await look(house, f"{path}?outcome=NO", "root")
        assert [p["payout"] for p in plan["payouts"]] == ["0", "10"]
        plan = await look(house, f"{path}?outcome=VOID", "root")
        assert [(p["payout"], p["refund"]) for p in plan["payouts"]] == [("3", "0"), ("7", "0.052")]
        assert (plan["yesPayout"], plan["noPayout"]) == (50.0, 50.0)
        for query in ("", "outcome=", "outcome=void", "outcome=MAYBE", "outcome=YES&outcome=NO"):
            assert error(await house.call("GET", f"{path}?{query}", by="root")) == (400, "MALFORMED")
        for by in ("alice", "mia"):
            assert error(await house.call("GET", f"{path}?outcome=YES", by=by)) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("step", "body", "outcome"),
    [
        ("resolve", {"outcome": "NO", "dryRun": True}, "NO"),
        ("resolve?dryRun=true", {"outcome": "NO"}, "NO"),
        ("void", {"dryRun": True}, "VOID"),
        ("void?dryRun=true", None, "VOID"),
    ],
)
async def test_a_dry_run_changes_nothing(step: str, body: Any, outcome: str) -> None:
    async with open_market() as (house, market):
        await mint(house, market)
        await moved(house, market, "close")
        await moved(house, market, "propose", {"outcome": "NO"})
        await moved(house, market, "dispute", {"reason": "?"}, by="alice")
        before = (await look(house, f"/api/markets/{market}"), await audit(house), await journal(house))
        reply = await move(house, market, step, body)
        assert reply.status == 200
        assert reply.json == await look(house, f"{OURS}/markets/{market}/payouts?outcome={outcome}", "root")
        assert before == (await look(house, f"/api/markets/{market}"), await audit(house), await journal(house))


async def test_a_dry_run_that_is_asked_for_twice_is_refused_and_false_is_no_dry_run() -> None:
    async with open_market() as (house, market):
        await moved(house, market, "halt")
        for body in ({"dryRun": True}, {"dryRun": False}):
            assert error(await move(house, market, "void?dryRun=true", body)) == (400, "MALFORMED")
        assert (await look(house, f"/api/markets/{market}"))["status"] == "HALTED"
        assert (await moved(house, market, "void?dryRun=false&unknown=1"))["status"] == "VOID"


async def test_there_is_no_plan_for_what_is_decided() -> None:
    async with open_market() as (house, market):
        await moved(house, market, "halt")
        await moved(house, market, "void")
        reply = await house.call("GET", f"{OURS}/markets/{market}/payouts?outcome=YES", by="root")
        assert error(reply) == (409, "CONFLICT")
        assert error(await move(house, market, "void", {"dryRun": True})) == (409, "CONFLICT")


# Rules


async def test_two_administrators_where_two_are_asked_for() -> None:
    async with open_market_under(Rules(approvals=2)) as (house, market):
        await house.user("rita", Role.ADMIN)
        await moved(house, market, "halt")
        shown = await moved(house, market, "void", by="root")
        assert (shown["status"], shown["resolution"]["approved"]) == ("HALTED", "VOID")
        assert shown["resolution"]["approvedBy"] is not None
        assert error(await move(house, market, "void", by="root")) == (409, "CONFLICT")
        assert (await moved(house, market, "void", by="rita"))["status"] == "VOID"


async def test_payouts_that_are_free_stay() -> None:
    async with open_market_under(Rules(payout_window_ms=0)) as (house, market):
        await mint(house, market)
        await moved(house, market, "halt")
        await moved(house, market, "void")
        assert error(await move(house, market, "rollback")) == (409, "CONFLICT")
        shown = await look(house, f"/api/markets/{market}")
        assert (shown["status"], shown["resolution"]["yesPayout"]) == ("FINAL", 50.0)
        (position,) = await look(house, f"{OURS}/positions", "alice")
        assert (position["state"], position["payout"], position["payoutHeld"]) == ("FINAL", "5", "0")


async def test_without_a_challenge_a_proposal_stands_by_itself() -> None:
    async with open_market_under(Rules(challenge_ms=0)) as (house, market):
        await mint(house, market)
        await moved(house, market, "close")
        await moved(house, market, "propose", {"outcome": "YES"})
        await house.call("GET", f"/api/orderbook/{market}", by="alice")  # time passes at each look at the clock
        shown = await look(house, f"/api/markets/{market}")
        assert (shown["status"], shown["resolution"]["resolvedBy"]) == ("RESOLVED", 0)


# When something is in the way


async def test_without_the_row_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_market() as (house, market):

        async def away(_: object) -> None:
            raise DatabaseAway("gone")

        with monkeypatch.context() as patch:
            patch.setattr(house.exchange.storage.identity, "write_admin_action", away)
            assert error(await move(house, market, "halt")) == (503, "DATABASE_AWAY")
        assert (await look(house, f"/api/markets/{market}"))["status"] == "OPEN"


async def test_a_step_that_is_taken_is_never_said_to_be_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 would be a lie when only the look at the market afterwards fails."""
    async with open_market() as (house, market):

        async def away(_: object) -> None:
            raise DatabaseAway("gone")

        async def lost(*_: object) -> None:
            raise Unknown("market")

        with monkeypatch.context() as patch:
            patch.setattr(house.exchange.storage.reader, "market", away)
            assert error(await move(house, market, "halt")) == (504, "UNKNOWN")
        assert (await look(house, f"/api/markets/{market}"))["status"] == "HALTED"
        with monkeypatch.context() as patch:
            patch.setattr("gateway.rest.prediction.lifecycle.mark_of", lost)
            assert error(await move(house, market, "resume")) == (504, "UNKNOWN")
        assert (await look(house, f"/api/markets/{market}"))["status"] == "OPEN"


@pytest.mark.parametrize("fall", ["role", "suspension"])
async def test_the_approval_of_who_is_no_administrator_any_more_does_not_count(fall: str) -> None:
    async with open_market_under(Rules(approvals=2)) as (house, market):
        fallen = await house.user("fallen", Role.ADMIN)
        second = await house.user("second", Role.ADMIN)
        await mint(house, market)
        await moved(house, market, "halt")
        assert (await moved(house, market, "void", by="fallen"))["status"] == "HALTED"
        if fall == "role":
            await house.call("POST", f"/api/v1/admin/users/{fallen.user_id}/role", {"role": "user"}, by="root")
        else:
            await house.call("POST", f"/api/v1/admin/accounts/{fallen.user_id}/suspend", {}, by="root")
        shown = await moved(house, market, "void", by="second")
        assert (shown["status"], shown["resolution"]["approvedBy"]) == ("HALTED", second.user_id)
        assert (await moved(house, market, "void", by="root"))["status"] == "VOID"
