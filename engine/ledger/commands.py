"""What moves money outside of markets, and what makes a market."""

import enum

import msgspec

from engine.ledger.records import MarketRecord, MarketState
from engine.messages import Command, Known
from engine.refusals import Refused


class MovementKind(enum.Enum):
    """Which way money goes; each takes the id of its owner's choice, and one id serves once, whatever the kind."""

    DEPOSIT = "deposit"  # outside -> customer
    WITHDRAW = "withdraw"  # customer -> outside
    TRANSFER = "transfer"  # customer -> customer
    HOUSE_FUND = "house_fund"  # outside -> house
    MAKER_FUND = "maker_fund"  # house -> market maker
    MAKER_RETURN = "maker_return"  # market maker -> house


class Moved(msgspec.Struct, frozen=True):
    """The money is moved; `balance` is the owner's total right after it. `repeated`: it had been moved before."""

    balance: int
    repeated: bool = False


class MoveMoney(Command[Moved | Known | Refused], frozen=True):
    """Move an amount (units) of a currency; equal commands under one `trans_id` are one movement."""

    kind: MovementKind
    account_id: int  # whose trans_id it is: the one who pays, or for a deposit the one who is paid
    trans_id: str
    asset: str
    amount: int
    counterparty_id: int


class PostMovement(Command[Moved | Refused], frozen=True):
    """An admitted movement on its way into the ledger."""

    command_id: int
    movement: MoveMoney


class Listed(msgspec.Struct, frozen=True):
    """The market exists, in the state that was asked for."""

    market: MarketRecord


class ListMarket(Command[Listed | Refused], frozen=True):
    """Make a new market of a product; `definition` is its terms as JSON. Without a name it is named by its id."""

    product: str
    name: str | None
    definition: bytes
    command_id: int = 0
    state: MarketState = MarketState.OPEN
