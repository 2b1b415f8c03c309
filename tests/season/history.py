"""What was done to a match, against what its stream has told: each step once, in order."""

from collections.abc import Sequence

from tests.season.board import groups_of, odds_of
from tests.season.calculation import Selection
from tests.season.data import Groups
from tests.season.patience import Json

TAKING = ("active", "in_play")  # bets


class History:
    """The steps of one match, each with the status and the board after it."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, Groups]] = []

    def note(self, status: str, board: Groups) -> None:
        """A step was taken."""
        self._steps.append((status, board))

    def check(self, updates: Sequence[Json], start_ms: int) -> None:
        """Assert that the stream has told just this; and that it was closed by its start, where that came."""
        assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
        steps = iter(self._steps)
        in_play = closed_by_start = False
        for update in updates:
            status, board = update["payload"]["status"], groups_of(update["payload"])
            in_play = in_play or status == "in_play"
            if status == "closed" and update["ts"] >= start_ms and not in_play and not closed_by_start:
                closed_by_start = True
                continue
            wanted = next(steps, None)
            assert wanted is not None, update
            assert board == wanted[1], (update, wanted)
            assert status == wanted[0] or (closed_by_start and status == "closed"), (update, wanted)
        assert next(steps, None) is None


def odds_shown(updates: Sequence[Json], selection: Selection, at_ms: int | None = None) -> set[int]:
    """The odds at which a bet could be taken in that millisecond, or at any time."""
    shown = set()
    ends = [update["ts"] for update in updates[1:]] + [updates[-1]["ts"]]
    for update, end_ms in zip(updates, ends, strict=True):
        odds = odds_of(groups_of(update["payload"]), selection)
        taken = update["payload"]["status"] in TAKING and (at_ms is None or update["ts"] <= at_ms <= end_ms)
        if taken and odds is not None:
            shown.add(odds)
    return shown
