"""A prediction market's ledger as a table of text: who has how much money and how many shares, and that it is all."""

from collections.abc import Mapping

from engine.amounts import format_decimal
from engine.ledger.assets import ASSETS, PAYOUT_ASSET
from engine.ledger.chart import FEES, HOUSE, MAKER, OUTSIDE, pool_of
from storage.interface import Reader

DECIMALS = ASSETS[PAYOUT_ASSET].decimals


async def draw(reader: Reader, market_id: int, traders: Mapping[str, int]) -> str:
    """One line an account, with its money, what of it is held, its shares of YES and NO; the last line sums up."""
    balances = {b.account_id: b for b in await reader.balances() if b.asset == PAYOUT_ASSET}
    positions = {p.account_id: p for p in await reader.positions(market_id)}
    system = {"maker": MAKER, "house": HOUSE, "fees": FEES, "pool": pool_of(market_id), "outside": OUTSIDE}
    lines = [f"{'':8}{'USD':>12}{'held':>9}{'YES':>5}{'NO':>5}"]
    for name, account_id in {**traders, **system}.items():
        total, held = (balances[account_id].total, balances[account_id].held) if account_id in balances else (0, 0)
        position = positions.get(account_id)
        yes, no = (position.yes, position.no) if position is not None else (0, 0)
        lines.append(_line(name, total, held, yes, no))
    holders = positions.values()
    sums = (sum(b.total for b in balances.values()), sum(p.yes for p in holders), sum(p.no for p in holders))
    lines.append(_line("sum", sums[0], sum(b.held for b in balances.values()), *sums[1:]))
    return "\n".join(lines)


def _line(name: str, total: int, held: int, yes: int, no: int) -> str:
    shown = format_decimal(held, DECIMALS) if held else ""
    return f"{name:8}{format_decimal(total, DECIMALS):>12}{shown:>9}{yes or '':>5}{no or '':>5}".rstrip()
