"""What an administrator can ask of a match, and which of its methods does it."""

from engine.betting.commands import (
    CloseBetting,
    DescribeMatch,
    FinalizeMatch,
    FundPool,
    GoInPlay,
    OpenBetting,
    ReopenBetting,
    RollBackSettlement,
    SetOdds,
    SettleOption,
    SettleScore,
    SuspendBetting,
    VoidMatch,
)
from engine.betting.market import BettingMarket

MOVES = {
    SetOdds: BettingMarket.set_odds,
    OpenBetting: BettingMarket.open,
    FundPool: BettingMarket.fund,
    DescribeMatch: BettingMarket.describe,
    SuspendBetting: BettingMarket.suspend,
    ReopenBetting: BettingMarket.reopen,
    GoInPlay: BettingMarket.go_in_play,
    CloseBetting: BettingMarket.close,
    SettleOption: BettingMarket.settle_option,
    SettleScore: BettingMarket.settle_score,
    RollBackSettlement: BettingMarket.roll_back,
    FinalizeMatch: BettingMarket.finalize,
    VoidMatch: BettingMarket.void,
}
