"""What can be asked of a market maker, and what it answers."""

from typing import Any

import msgspec

from engine.ledger.records import AdminAction
from engine.messages import Command
from engine.prediction.maker_settings import MakerSettings
from engine.prediction.quote import PriceLists
from engine.refusals import Refused


class MakerRun(msgspec.Struct, frozen=True):
    """What one round has done, and at which prices of YES and NO it now quotes; `note` says why it quotes nothing."""

    prices: PriceLists
    placed: int
    cancelled: int
    refused: int
    note: str | None = None


class MakerReport(msgspec.Struct, frozen=True):
    """How the maker is set, and what its last round did."""

    settings: MakerSettings
    last_run: MakerRun | None
    last_run_ms: int | None


class ConfigureMaker(Command[MakerSettings | Refused], frozen=True):
    """Change some settings, named as in MakerSettings; `action` is kept for the audit, in the same transaction."""

    changes: dict[str, Any]
    action: AdminAction


class RunMaker(Command[MakerRun | Refused], frozen=True):
    """Quote both sides once; `min_balance_units` counts for this round instead of the setting."""

    min_balance_units: int | None = None


class GetMaker(Command[MakerReport | Refused], frozen=True):
    """Read settings and last round."""
