"""What storage in memory keeps."""

from msgspec.structs import replace

from engine.ledger.accumulators import AccumulatorRecord, LegRecord
from engine.ledger.bets import BetRecord, OptionRecord
from engine.ledger.records import (
    AdminAction,
    AssetLogRecord,
    BalanceRecord,
    FreezeRecord,
    JournalRecord,
    MakerAuditRecord,
    MarketRecord,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    TransactionRecord,
)
from storage.interface import UserRecord


class Tables:
    """The tables, by primary key.

    An order's `held` is not kept with it: it is its freeze's amount. Likewise the `result` of a bet or a leg is its
    option's, and an accumulator's `legs` are kept apart.
    """

    def __init__(self) -> None:
        self.journal: list[JournalRecord] = []
        self.orders: dict[int, OrderRecord] = {}
        self.orders_by_client_id: dict[tuple[int, str], int] = {}
        self.trades: dict[int, TradeRecord] = {}
        self.asset_logs: dict[int, AssetLogRecord] = {}
        self.freezes: dict[int, FreezeRecord] = {}
        self.balances: dict[tuple[int, str], BalanceRecord] = {}
        self.markets: dict[int, MarketRecord] = {}
        self.transactions: dict[tuple[int, str], TransactionRecord] = {}
        self.positions: dict[tuple[int, int], PositionRecord] = {}
        self.maker_audit: dict[tuple[int, int], MakerAuditRecord] = {}
        self.bets: dict[int, BetRecord] = {}
        self.bets_by_client_id: dict[tuple[int, str], int] = {}
        self.options: dict[tuple[int, int], OptionRecord] = {}
        self.accumulators: dict[int, AccumulatorRecord] = {}
        self.accumulators_by_client_id: dict[tuple[int, str], int] = {}
        self.legs: dict[int, dict[int, LegRecord]] = {}  # by accumulator, then by leg
        self.channel_index: dict[tuple[str, int], int] = {}  # the journal sequence
        self.users: dict[int, UserRecord] = {}
        self.admin_actions: dict[int, AdminAction] = {}
        self.makers: dict[int, str] = {}  # the market maker's settings
        self.revoked_tokens: dict[str, int] = {}  # when they expire

    def note(self, action: AdminAction) -> None:
        """Write an admin action; its id is given here."""
        action_id = len(self.admin_actions) + 1
        self.admin_actions[action_id] = replace(action, action_id=action_id)
