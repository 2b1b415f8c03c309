"""Sends the commands of a feed to a running Rialto and to its naive twin, and compares what became of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from engine.matching.order import Side
from gateway.client import Refused, StreamClient
from tests.end_to_end import twin
from tests.end_to_end.servers import Rialto
from tests.end_to_end.traders import Order, balances_of, limit, open_admin, open_streams, open_traders
from tests.reference.naive_exchange import NaiveExchange
from tests.reference.naive_order import text
from tests.replay.feed import Cancel, Create

SYMBOL, TERMS = "BTC_USDT", {"tick": "0.01", "lot": "0.00000001"}  # as it is seeded
ACCOUNTS = {Side.BUY: "bids", Side.SELL: "asks"}
FUNDS = {"BTC": "1000000000", "USDT": "1000000000000"}  # more than anybody had: nothing is refused for want of it

Answer = tuple[str, str]  # place or cancel, and the order's state or the code of the refusal


class Replayed(msgspec.Struct, frozen=True):
    """How it ended; `differences` is empty if both exchanges agree."""

    answers: Counter[Answer]
    cancelled_again: int  # of the cancels that were answered: the order had been cancelled before
    trades: int
    levels: dict[str, int]  # of the final book
    open_orders_max: int  # of one account at one time
    balances: dict[str, dict[str, tuple[str, str]]]  # account, asset: available, frozen
    differences: list[str]


async def replay(rialto: Rialto, commands: Iterable[Create | Cancel]) -> Replayed:
    """Send one command after the other, each when the one before it is answered. The exchange must be a new one."""
    names = list(ACCOUNTS.values())
    exchange = twin.make(names, FUNDS, SYMBOL, **TERMS)
    answers: Counter[Answer] = Counter()
    differences: list[str] = []
    cancelled: Counter[str] = Counter()
    open_orders_max = 0
    async with AsyncExitStack() as stack:
        accounts = await stack.enter_async_context(open_traders(rialto, names, FUNDS))
        streams = await stack.enter_async_context(open_streams(rialto, accounts))
        for command in commands:
            name = ACCOUNTS[command.side]
            answer = await _send(streams[name], command)
            differences += twin.compare(str(command), [answer], [_tell(exchange, name, command)])
            answers[answer] += 1
            cancelled[command.recorded_id] += answer == ("cancel", "cancelled")
            open_orders_max = max(open_orders_max, *map(len, exchange.symbols[SYMBOL].sides.values()))
        differences += await twin.differences(accounts, exchange, SYMBOL)
        differences += await _fee_differences(rialto, exchange)
        book = await accounts[names[0]].book(SYMBOL, twin.DEPTH)
        return Replayed(
            answers=answers,
            cancelled_again=cancelled.total() - len(+cancelled),
            trades=len(exchange.trades),
            levels={side: len(book[side]) for side in ("bids", "asks")},
            open_orders_max=open_orders_max,
            balances={name: await balances_of(client) for name, client in accounts.items()},
            differences=differences,
        )


async def _send(stream: StreamClient, command: Create | Cancel) -> Answer:
    try:
        if isinstance(command, Cancel):
            return "cancel", (await stream.cancel(clientOrderId=command.recorded_id))["order"]["state"]
        return "place", (await stream.place(_order(command)))["order"]["state"]
    except Refused as refused:
        return _verb(command), refused.code


def _tell(exchange: NaiveExchange, name: str, command: Create | Cancel) -> Answer:
    answer: Mapping[str, Any]
    if isinstance(command, Cancel):
        answer = exchange.cancel_by_client_id(name, command.recorded_id)
    else:
        answer = twin.place(exchange, name, _order(command))
    return _verb(command), answer.get("code") or answer["state"]


def _verb(command: Create | Cancel) -> str:
    return "place" if isinstance(command, Create) else "cancel"


def _order(command: Create) -> Order:
    order = limit(SYMBOL, command.side.value, command.price, command.quantity)
    return {**order, "timeInForce": "GTC", "clientOrderId": command.recorded_id}


async def _fee_differences(rialto: Rialto, exchange: NaiveExchange) -> list[str]:
    async with open_admin(rialto) as admin:
        account = await admin.call("GET", "/api/v1/admin/accounts/fees")
    ours = {balance["symbol"]: balance["total"] for balance in account["balances"]}
    theirs = {asset: text(total) for asset, total in exchange.totals["fees"].items()}
    return twin.compare("fees", [ours], [theirs])
