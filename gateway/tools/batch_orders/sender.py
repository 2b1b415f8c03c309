"""Sends lines, several under way at once, and keeps a row for each: what is known of it, and never more than that."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import trio

from gateway.client import ApiError, Refused, Unavailable
from gateway.client.prediction import read
from gateway.tools.batch_orders.file import Line
from gateway.tools.batch_orders.results import Outcome, Result, Row, merged
from gateway.tools.patience import Patience, try_again
from gateway.tools.session import Session

IN_VAIN_MAX = 3  # lines in a row, or as many as are under way: then it is not the lines, it is the exchange


class PlacedOrder(msgspec.Struct, frozen=True):
    """What the exchange answers."""

    id: int | str
    status: str


class Sender:
    """`rows` has what is known by line number; `why_stopped` the reason if not all lines were sent."""

    def __init__(
        self,
        session: Session,
        account: str,
        earlier: Iterable[Row],
        keep: Callable[[Row], None],
        *,
        chance: Callable[[], float],
        patience: Patience,
    ) -> None:
        self.rows: dict[int, Row] = {}
        self.why_stopped = ""
        self._session = session
        self._account = account
        self._earlier = {row.key: row for row in earlier}
        self._keep = keep
        self._chance = chance
        self._patience = patience
        self._in_vain = 0  # lines in a row that got neither an order nor a refusal

    async def send(self, lines: Iterable[Line], at_once: int) -> None:
        """Send the lines, so many at once; returns when each has its row, or after `stop` when those under way do."""
        waiting = iter(lines)
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(self._work, waiting, max(at_once, IN_VAIN_MAX))

    def stop(self, why: str) -> None:
        """Begin no further line."""
        self.why_stopped = self.why_stopped or why

    def not_sent(self, line: Line) -> Row:
        """Make the row of a line that was never begun."""
        return self._row(line, Outcome(Result.NOT_DONE, code="NOT_SENT", reason=self.why_stopped))

    async def _work(self, waiting: Iterator[Line], in_vain_max: int) -> None:
        while not self.why_stopped and (line := next(waiting, None)) is not None:
            try:
                outcome = await self._send(line)
            except trio.Cancelled:  # it may have been under way
                self._note(line, Outcome(Result.UNKNOWN, code="STOPPED", reason=self.why_stopped))
                raise
            self._note(line, outcome)
            if self._session.refused is not None:
                self.stop(self._session.why_refused())
            elif self._in_vain >= in_vain_max:
                self.stop(f"The exchange does not answer: {outcome.code} {outcome.reason}".rstrip(" .") + ".")

    async def _send(self, line: Line) -> Outcome:
        """Send one line until it is known what became of it, or patience ends."""

        async def place() -> PlacedOrder:
            return read(await self._session.client.place(line.body()), PlacedOrder)

        try:
            placed = await try_again(lambda: self._session.ask(place), self._patience, self._chance)
        except Refused as refused:
            self._in_vain = 0
            return Outcome(Result.REFUSED, code=refused.code, reason=refused.message)
        except ApiError as error:
            self._in_vain += 1
            result = Result.NOT_DONE if isinstance(error, Unavailable) else Result.UNKNOWN
            return Outcome(result, code=error.code, reason=error.message)
        self._in_vain = 0
        return Outcome(Result.ACCEPTED, str(placed.id), placed.status)

    def _note(self, line: Line, outcome: Outcome) -> None:
        row = self.rows[line.number] = self._row(line, outcome)
        try:
            self._keep(row)
        except OSError as error:
            self.stop(f"The results can't be written: {error.strerror}.")

    def _row(self, line: Line, outcome: Outcome) -> Row:
        """What is known of a line now: this, or what an earlier run knew."""
        row = Row(line.number, self._account, line.client_order_id, outcome)
        return merged(self._earlier.get(row.key), row)
