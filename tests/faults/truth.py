"""Whether the tables hold what customers were told: once what is done, nothing of what is certainly not done."""

from collections import defaultdict

import msgspec

from actors.directory import MarketEntry
from engine.amounts import format_decimal, parse_decimal
from engine.ledger.assets import ASSETS
from engine.ledger.records import AssetLogRecord, OrderRecord
from engine.matching.terms import OPEN_STATES
from gateway.shapes import order_view
from storage.interface import OrderFilter, Reader
from storage.postgres import open_postgres
from storage.verify import verify
from tests.actors.markets import entry_of
from tests.faults.load import Json, Told
from tests.invariants import audit

PAGE = 500


async def judge(dsn: str, customers: list[Told]) -> None:
    """Open a database that no Rialto uses, and assert all of the below."""
    async with open_postgres(dsn) as storage:
        await check_truth(storage.reader, customers)
        await check_books(storage.reader)


async def check_truth(reader: Reader, customers: list[Told]) -> None:
    """Assert that nothing acknowledged is lost and nothing is there twice; nothing may be unknown any more."""
    assert [defect for told in customers for defect in told.defects] == []
    terms = {market.market_id: entry_of(market) for market in await reader.markets()}
    for told in customers:
        assert not told.unknown
        records = await orders_of(reader, told.account_id)
        shown = {record.order_id: _json(record, terms) for record in records}
        by_client_id: dict[str | None, list[Json]] = defaultdict(list)
        for order in shown.values():
            by_client_id[order["clientOrderId"]].append(order)
        logs: dict[str, list[AssetLogRecord]] = defaultdict(list)
        for log in await logs_of(reader, told.account_id):
            logs[log.trans_id].append(log)
        for (kind, key), answer in told.done.items():
            if kind == "place":
                [order] = by_client_id.pop(key)
                _check_order(answer["order"], order)
            elif kind == "cancel":
                assert shown[int(key)] == answer["order"], f"{told.name} was told this of the cancel"
            else:
                await _check_movement(reader, told, kind, key, answer, logs)
        for (kind, key), (command, code) in told.not_done.items():
            assert not (kind == "place" and key in by_client_id), f"{key} was answered {code}"
            if kind in ("deposit", "withdraw"):
                assert await reader.transaction(told.account_id, key) is None, (command, code)
        assert not by_client_id, "orders that nobody was told of"


async def check_books(reader: Reader) -> None:
    """Assert all that must hold always, and that the journal makes the tables what they are."""
    await audit(reader)
    assert (await verify(reader)).differences == ()


def _check_order(then: Json, now: Json) -> None:
    """Assert that an order that was shown like this may look like that later."""
    for name in ("orderId", "clientOrderId", "symbol", "side", "type", "price", "quantity", "timeInForce", "createdAt"):
        assert then[name] == now[name], name
    if then["state"] in {state.value for state in OPEN_STATES}:
        assert parse_decimal(now["filledQuantity"], 10) >= parse_decimal(then["filledQuantity"], 10)
    else:
        assert then == now


async def _check_movement(
    reader: Reader, told: Told, kind: str, key: str, answer: Json, logs: dict[str, list[AssetLogRecord]]
) -> None:
    record = await reader.transaction(told.account_id, key)
    assert record is not None, f"{told.name} was told that {kind} {key} is done"
    assert record.kind == kind
    assert answer == {"status": "ok", "balance": format_decimal(record.balance, ASSETS[record.asset].decimals)}
    [log] = logs[key]
    assert (log.change_type, abs(log.amount), log.after) == (kind, record.amount, record.balance)


def _json(record: OrderRecord, terms: dict[int, MarketEntry]) -> Json:
    return msgspec.to_builtins(order_view(record, terms[record.market_id]))


async def orders_of(reader: Reader, account_id: int) -> list[OrderRecord]:
    """Read all orders of an account."""
    found: list[OrderRecord] = []
    before = None
    while page := await reader.orders(OrderFilter(account_id=account_id, before=before, limit=PAGE)):
        found += page
        before = page[-1].order_id
    return found


async def logs_of(reader: Reader, account_id: int) -> list[AssetLogRecord]:
    """Read the whole log of an account."""
    found: list[AssetLogRecord] = []
    before = None
    while page := await reader.asset_logs(account_id, None, before, PAGE):
        found += page
        before = page[-1].log_id
    return found
