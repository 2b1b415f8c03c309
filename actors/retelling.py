"""What a commit told one account, read from its journal row: the same messages in the same order.

order placed    the order
trade           the fill, the order; first the buyer's, then the seller's
order closed    the order
at the end      the balances that the commit changed

That is how engine/ledger/page.py and the products' bookkeeping told it; a test compares the two. The numbers are not in
the row: the last of them is in the channel index.
"""

from collections.abc import Iterator

import msgspec

from actors.seen import trades_in
from engine.ledger.journal import Row
from engine.ledger.page import FillMessage
from engine.ledger.records import BalanceRecord, OrderRecord, TradeRecord
from engine.matching.order import Side
from engine.matching.terms import TRADE_SIDES, OrderState
from engine.trading.bookkeeping import fill_message
from engine.trading.events import OrderClosed, OrderPlaced, Standing, TradeMade


class OrderStood(msgspec.Struct, frozen=True):
    """How an order stood after an event; what was asked for is in its row in the table, which never changes that."""

    order_id: int
    standing: Standing

    def record(self, order: OrderRecord, now_ms: int) -> OrderRecord:
        """The order as it stood then."""
        standing = self.standing
        return msgspec.structs.replace(
            order,
            state=standing.state,
            filled_lots=standing.filled_lots,
            filled_value=standing.filled_value,
            cancelled_lots=standing.cancelled_lots,
            fee=standing.fee,
            fee_parts=standing.fee_parts,
            held=standing.held,
            updated_ms=now_ms,
        )


Retold = OrderStood | FillMessage | BalanceRecord


def retell(row: Row, account_id: int) -> Iterator[tuple[int, Retold]]:
    """What the row told an account, each with its time."""
    trades = trades_in(row)
    for part in row.parts:
        for event in part.events:
            if isinstance(event, TradeMade):
                yield from ((part.now_ms, told) for told in _of_trade(event, next(trades), account_id))
            elif isinstance(event, OrderPlaced):
                if event.account_id == account_id:
                    yield part.now_ms, OrderStood(event.order_id, _placed(event))
            elif isinstance(event, OrderClosed) and event.account_id == account_id:
                yield part.now_ms, OrderStood(event.order_id, event.standing)
    for balance in row.balances:
        if balance.account_id == account_id:
            yield row.now_ms, balance


def _placed(event: OrderPlaced) -> Standing:
    return Standing(OrderState.NEW, 0, 0, 0, 0, 0, event.held)


def _of_trade(event: TradeMade, trade: TradeRecord, account_id: int) -> Iterator[Retold]:
    sides = ((Side.BUY, None), (Side.SELL, None)) if event.kind is None else TRADE_SIDES[event.kind]
    parties = ((Side.BUY, event.buyer), (Side.SELL, event.seller))
    for (side, outcome), (book_side, execution) in zip(sides, parties, strict=True):
        if execution.account_id == account_id:
            yield fill_message(side, execution, trade, book_side is event.taker_side, outcome)
            yield OrderStood(execution.order_id, execution.standing)
