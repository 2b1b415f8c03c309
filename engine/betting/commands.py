"""What can be asked of a match, and what it answers. Amounts are units of the match's asset."""

import msgspec
from msgspec import UNSET, UnsetType

from engine.betting.lifecycle import MatchStanding
from engine.betting.match import Board, Moneyline, Spread, Total
from engine.ledger.bets import Acceptance, BetRecord
from engine.ledger.records import MarketState
from engine.messages import Command, Known
from engine.refusals import Refused


class BetTaken(msgspec.Struct, frozen=True):
    """The bet stands. `repeated`: it had been taken before."""

    bet: BetRecord
    repeated: bool = False


class PlaceBet(Command[BetTaken | Known | Refused], frozen=True):
    """A bet as its customer wrote it; equal bets under one `client_bet_id` are one."""

    account_id: int
    market: str
    option_number: int
    stake: int
    odds: int  # those that the customer saw, in hundredths
    accept: Acceptance = Acceptance.EXACT
    client_bet_id: str | None = None


class EnterBet(Command[BetTaken | Refused], frozen=True):
    """An admitted bet on its way to its match; the stake is held."""

    bet_id: int
    bet: PlaceBet


class BetPaid(msgspec.Struct, frozen=True):
    """The bet is paid; it says how much."""

    bet: BetRecord


class ClaimBet(Command[BetPaid | Refused], frozen=True):
    """Pay what a settled bet has won, once."""

    account_id: int
    market: str
    bet_id: int
    command_id: int = 0


class MatchStands(msgspec.Struct, frozen=True):
    """Where a match stands now."""

    name: str
    state: MarketState
    standing: MatchStanding


class PoolStands(msgspec.Struct, frozen=True):
    """The money of a match's pool, and what its bets may have to be paid, at worst."""

    money: int
    liability: int


class GetPool(Command[PoolStands | Refused], frozen=True):
    """Ask what a match's pool covers."""


class MoveMatch(Command[MatchStands | Refused], frozen=True):
    """Base of what an administrator asks of a match; `house_pays` is what the house's account has to have for it."""

    market: str
    actor_id: int
    command_id: int = 0

    @property
    def house_pays(self) -> int:
        return 0


class SetOdds(MoveMatch, frozen=True, kw_only=True):
    """Show other odds: what is left out stays, what is None is not offered any more."""

    reason: str
    moneyline: Moneyline | UnsetType | None = UNSET
    spread: Spread | UnsetType | None = UNSET
    total: Total | UnsetType | None = UNSET

    def board_after(self, board: Board) -> Board:
        """What is shown once it is done."""
        return Board(
            board.moneyline if self.moneyline is UNSET else self.moneyline,
            board.spread if self.spread is UNSET else self.spread,
            board.total if self.total is UNSET else self.total,
        )


class OpenBetting(MoveMatch, frozen=True, kw_only=True):
    """Take bets from now on; the house puts `funding` into the pool."""

    funding: int

    @property
    def house_pays(self) -> int:
        return self.funding


class FundPool(MoveMatch, frozen=True, kw_only=True):
    """Put more of the house's money into the pool."""

    amount: int

    @property
    def house_pays(self) -> int:
        return self.amount


class DescribeMatch(MoveMatch, frozen=True, kw_only=True):
    """Change the description."""

    description: str


class SuspendBetting(MoveMatch, frozen=True):
    """Take no bets for a while."""


class ReopenBetting(MoveMatch, frozen=True):
    """Take bets again, in play if the match was."""


class GoInPlay(MoveMatch, frozen=True):
    """Take bets while the match goes on."""


class CloseBetting(MoveMatch, frozen=True):
    """Take no more bets."""


class SettleOption(MoveMatch, frozen=True, kw_only=True):
    """This option wins, the others of its group lose; other groups stay as they are."""

    option_number: int


class SettleScore(MoveMatch, frozen=True, kw_only=True):
    """Settle everything that is left by the score."""

    home: int
    away: int


class RollBackSettlement(MoveMatch, frozen=True, kw_only=True):
    """Take results back, those of one option's group or all; `returned` is what the house has to give back for it."""

    option_number: int | None = None
    returned: int = 0

    @property
    def house_pays(self) -> int:
        return self.returned


class FinalizeMatch(MoveMatch, frozen=True):
    """Say that a settlement stands: nothing of it can be rolled back any more."""


class VoidMatch(MoveMatch, frozen=True):
    """There is no match: every stake goes back, but for groups for which something has been paid."""


MATCH_MOVES = (
    SetOdds,
    OpenBetting,
    FundPool,
    DescribeMatch,
    SuspendBetting,
    ReopenBetting,
    GoInPlay,
    CloseBetting,
    SettleOption,
    SettleScore,
    RollBackSettlement,
    FinalizeMatch,
    VoidMatch,
)
