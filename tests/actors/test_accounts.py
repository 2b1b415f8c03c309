"""Accounts: admission, holds, repeats, the valve."""

import pytest
import trio
import trio.testing

from actors import accounts as accounts_module
from actors import under_way
from actors.core import Busy, Stopped
from actors.messages import DrainAccounts, FindCommand, RestoreAccount, SuspendAccount
from engine.ledger.chart import OUTSIDE
from engine.ledger.commands import Moved, MovementKind, MoveMoney
from engine.messages import Known
from engine.products import SPOT
from engine.refusals import Refusal, Refused
from engine.spot.commands import PlaceOrder
from engine.trading.commands import CancelAllOrders, Cancelled, CancelOrder, Placed
from tests.actors.exchanges import ALICE, BOB, CAROL, balances, deposit, deposit_of, limit, place, small_exchange

pytestmark = pytest.mark.trio


def code_of(answer: object) -> Refusal:
    assert isinstance(answer, Refused), answer
    return answer.code


async def test_an_order_holds_its_budget_and_a_cancel_gives_it_back() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        placed = await place(exchange, limit(ALICE, "buy", "100", "2.5"))
        assert await balances(exchange, ALICE) == {"USDT": ("750", "250")}
        cancelled = await exchange.accounts.ask(CancelOrder(ALICE, placed.order.order_id))
        assert isinstance(cancelled, Cancelled)
        assert await balances(exchange, ALICE) == {"USDT": ("1000", "0")}


async def test_a_trade_moves_both_assets_and_frees_the_price_improvement() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        await deposit(exchange, BOB, BTC="1")
        await place(exchange, limit(BOB, "sell", "100", "1"))
        await place(exchange, limit(ALICE, "buy", "110", "2"))
        assert await balances(exchange, ALICE) == {"BTC": ("0.999", "0"), "USDT": ("790", "110")}
        assert await balances(exchange, BOB) == {"BTC": ("0", "0"), "USDT": ("99.9", "0")}


async def test_refusals_in_their_order_and_without_a_trace() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="100")
        ask = exchange.accounts.ask
        good = limit(ALICE, "buy", "100", "1", "mine")
        unknown = PlaceOrder(ALICE, "BTC_DOGE", good.side, good.type, price="1", quantity="1")
        assert code_of(await ask(unknown)) is Refusal.NOT_FOUND
        assert code_of(await ask(limit(ALICE, "buy", "100.001", "1"))) is Refusal.OFF_TICK
        assert code_of(await ask(limit(ALICE, "buy", "100", "0.0000000001"))) is Refusal.OFF_LOT
        assert code_of(await ask(limit(ALICE, "buy", "100", "1.01", "mine"))) is Refusal.INSUFFICIENT_FUNDS
        assert code_of(await ask(limit(CAROL, "buy", "100", "1"))) is Refusal.INSUFFICIENT_FUNDS
        assert await balances(exchange, ALICE) == {"USDT": ("100", "0")}
        await place(exchange, good)  # the id of a refused order may be used again


async def test_a_repeat_in_flight_joins_the_first_and_other_content_conflicts() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        answers: dict[str, object] = {}

        async def ask(name: str, order: PlaceOrder) -> None:
            answers[name] = await exchange.accounts.ask(order)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "first", limit(ALICE, "buy", "100", "1", "mine"))
            nursery.start_soon(ask, "same", limit(ALICE, "buy", "100.0", "1.00", "mine"))
            nursery.start_soon(ask, "other", limit(BOB, "buy", "100", "1", "mine"))
        assert sum(isinstance(answer, Placed) for answer in answers.values()) == 2
        first, same = answers["first"], answers["same"]
        assert isinstance(first, Placed)
        assert isinstance(same, Placed)
        assert first.order == same.order
        assert code_of(answers["other"]) is Refusal.INSUFFICIENT_FUNDS
        assert await balances(exchange, ALICE) == {"USDT": ("900", "100")}
        assert isinstance(await exchange.accounts.ask(limit(ALICE, "buy", "100", "1", "mine")), Known)


async def test_money_moves_once_under_one_id() -> None:
    async with small_exchange() as exchange:
        ask = exchange.accounts.ask
        assert await ask(deposit_of(ALICE, "USDT", "10", "a")) == Moved(10 * 10**10)
        assert isinstance(await ask(deposit_of(ALICE, "USDT", "10", "a")), Known)
        assert await balances(exchange, ALICE) == {"USDT": ("10", "0")}
        found = await ask(FindCommand("money", ALICE, "a"))
        assert found == "known"
        assert await ask(FindCommand("money", ALICE, "b")) is None


@pytest.mark.parametrize(
    ("movement", "code"),
    [
        (MoveMoney(MovementKind.WITHDRAW, ALICE, "w", "USDT", 10**12 + 1, OUTSIDE), Refusal.INSUFFICIENT_FUNDS),
        (MoveMoney(MovementKind.TRANSFER, ALICE, "t", "USDT", 10**12 + 1, BOB), Refusal.INSUFFICIENT_FUNDS),
        (MoveMoney(MovementKind.TRANSFER, ALICE, "t", "USDT", 1, ALICE), Refusal.MALFORMED),
        (MoveMoney(MovementKind.DEPOSIT, ALICE, "d", "USDT", 0, OUTSIDE), Refusal.MALFORMED),
        (MoveMoney(MovementKind.DEPOSIT, ALICE, "d", "DOGE", 1, OUTSIDE), Refusal.NOT_FOUND),
        (MoveMoney(MovementKind.DEPOSIT, ALICE, "d", "USDT", 10**77, OUTSIDE), Refusal.ISSUE_EXCEEDED),
    ],
)
async def test_money_that_does_not_move(movement: MoveMoney, code: Refusal) -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="100")
        assert code_of(await exchange.accounts.ask(movement)) is code
        assert await balances(exchange, ALICE) == {"USDT": ("100", "0")}


async def test_a_withdrawal_and_a_transfer() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="100")
        ask = exchange.accounts.ask
        assert await ask(MoveMoney(MovementKind.WITHDRAW, ALICE, "w", "USDT", 10**11, OUTSIDE)) == Moved(9 * 10**11)
        assert await ask(MoveMoney(MovementKind.TRANSFER, ALICE, "t", "USDT", 10**11, BOB)) == Moved(8 * 10**11)
        assert await balances(exchange, ALICE) == {"USDT": ("80", "0")}
        assert await balances(exchange, BOB) == {"USDT": ("10", "0")}


async def test_another_ones_order_is_not_there() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="100")
        placed = await place(exchange, limit(ALICE, "buy", "100", "1", "mine"))
        assert code_of(await exchange.accounts.ask(CancelOrder(BOB, placed.order.order_id))) is Refusal.NOT_FOUND
        assert code_of(await exchange.accounts.ask(CancelOrder(BOB, None, "mine"))) is Refusal.NOT_FOUND
        assert isinstance(await exchange.accounts.ask(CancelOrder(ALICE, None, "mine")), Cancelled)


async def test_cancel_all_answers_for_each_order_oldest_first() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        placed = [await place(exchange, limit(ALICE, "buy", str(price), "1")) for price in (100, 101, 102)]
        answers = await exchange.accounts.ask(CancelAllOrders(ALICE, SPOT, "BTC_USDT"))
        assert [answer.order.order_id for answer in answers if isinstance(answer, Cancelled)] == [
            answer.order.order_id for answer in placed
        ]
        assert await exchange.accounts.ask(CancelAllOrders(ALICE, SPOT)) == ()
        assert await balances(exchange, ALICE) == {"USDT": ("1000", "0")}


async def test_a_suspended_account_loses_its_orders_and_can_do_nothing_until_restored() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        await place(exchange, limit(ALICE, "buy", "100", "1"))
        cancelled = await exchange.accounts.ask(SuspendAccount(ALICE))
        assert len(cancelled) == 1
        assert await balances(exchange, ALICE) == {"USDT": ("1000", "0")}
        assert code_of(await exchange.accounts.ask(limit(ALICE, "buy", "1", "1"))) is Refusal.ACCOUNT_SUSPENDED
        assert code_of(await exchange.accounts.ask(deposit_of(ALICE, "USDT", "1", "x"))) is Refusal.ACCOUNT_SUSPENDED
        await exchange.accounts.ask(RestoreAccount(ALICE))
        await place(exchange, limit(ALICE, "buy", "1", "1"))


async def test_too_many_open_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "OPEN_ORDERS_MAX", 2)
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        first = await place(exchange, limit(ALICE, "buy", "1", "1"))
        await place(exchange, limit(ALICE, "buy", "1", "1"))
        assert code_of(await exchange.accounts.ask(limit(ALICE, "buy", "1", "1"))) is Refusal.TOO_MANY_ORDERS
        await exchange.accounts.ask(CancelOrder(ALICE, first.order.order_id))
        await place(exchange, limit(ALICE, "buy", "1", "1"))


async def test_the_valve_keeps_its_last_tenth_for_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        placed = await place(exchange, limit(ALICE, "buy", "1", "1"))
        monkeypatch.setattr(under_way, "IN_FLIGHT_MAX", 1)
        monkeypatch.setattr(accounts_module, "CANCELS_RESERVE", 1)
        with pytest.raises(Busy):
            await exchange.accounts.ask(limit(ALICE, "buy", "1", "1"))
        with pytest.raises(Busy):
            await exchange.accounts.ask(deposit_of(ALICE, "USDT", "1", "x"))
        assert isinstance(await exchange.accounts.ask(CancelOrder(ALICE, placed.order.order_id)), Cancelled)


async def test_draining_answers_what_is_under_way_and_takes_nothing_new() -> None:
    async with small_exchange() as exchange:
        await deposit(exchange, ALICE, USDT="1000")
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await exchange.accounts.ask(limit(ALICE, "buy", "1", "1")))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            await exchange.accounts.ask(DrainAccounts())
        assert isinstance(answers[0], Placed)
        with pytest.raises(Stopped):
            await exchange.accounts.ask(limit(ALICE, "buy", "1", "1"))
