"""What may be spent now: available and held of every account and asset, commands under way included."""

from collections.abc import Iterable

import msgspec

from engine.ledger.books import BalanceChange
from engine.ledger.records import BalanceRecord


class Balance(msgspec.Struct):
    """One asset of one account; total = available + held."""

    available: int = 0
    held: int = 0


class Funds:
    """Starts from committed balances, runs ahead of them by the holds of commands under way."""

    def __init__(self, balances: Iterable[BalanceRecord] = ()) -> None:
        self._balances: dict[int, dict[str, Balance]] = {}
        for record in balances:
            self._balance(record.account_id, record.asset).available = record.total - record.held
            self._balance(record.account_id, record.asset).held = record.held

    def of(self, account_id: int) -> dict[str, Balance]:
        """All balances of an account, by asset; not to be changed."""
        return self._balances.get(account_id, {})

    def available(self, account_id: int, asset: str) -> int:
        balance = self.of(account_id).get(asset)
        return 0 if balance is None else balance.available

    def hold(self, account_id: int, asset: str, amount: int) -> None:
        """Move from available to held; the caller has checked that it is there."""
        balance = self._balances[account_id][asset]
        assert 0 < amount <= balance.available
        balance.available -= amount
        balance.held += amount

    def release(self, account_id: int, asset: str, amount: int) -> None:
        """Undo a hold."""
        balance = self._balances[account_id][asset]
        assert 0 < amount <= balance.held
        balance.available += amount
        balance.held -= amount

    def apply(self, changes: Iterable[BalanceChange]) -> None:
        """Follow what a commit did to totals and holds."""
        for account_id, asset, total, held in changes:
            balance = self._balance(account_id, asset)
            balance.available += total - held
            balance.held += held

    def _balance(self, account_id: int, asset: str) -> Balance:
        return self._balances.setdefault(account_id, {}).setdefault(asset, Balance())
