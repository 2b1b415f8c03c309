"""`run.py batch-orders FILE.csv`: checks the whole file, then sends it, and says what has become of it.

SIGINT or SIGTERM: no further line is begun, those under way have GRACE_S to be answered; a second one cuts them off.
"""

import argparse
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import trio
from tqdm import tqdm

from gateway.client import ApiError, Refused, open_prediction
from gateway.client.rest import TIMEOUT_S
from gateway.tools.batch_orders.file import BadFile, Line, read_orders
from gateway.tools.batch_orders.results import (
    NotResults,
    Result,
    Row,
    appending,
    complete,
    read_results,
    results_path,
    write_results,
)
from gateway.tools.batch_orders.sender import Sender
from gateway.tools.outside import NoPassword, Outside, as_url, find_password
from gateway.tools.patience import Patience, try_again
from gateway.tools.session import Session

PATIENCE = Patience()
AT_ONCE = 8
AT_ONCE_MAX = 100  # connections of a client
BYTES_MAX = 32 * 1024 * 1024  # several times what the greatest number of orders takes
SHOWN_MAX = 50  # of the sentences on what is wrong in a file
GRACE_S = 12.0  # the exchange answers within 10 s, if only that it does not know

GOOD, NOT_ALL, NOTHING_SENT = 0, 1, 2  # exit codes


class CannotRun(Exception):
    """Nothing was sent; the sentences say why."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` takes; parsed arguments have its names."""
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="marketId,side,action,orderType,price,quantity")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the exchange (%(default)s)")
    parser.add_argument("--username", required=True, help="whose orders they are; the password is RIALTO_PASSWORD")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="N", help="lines under way (%(default)s)")
    parser.add_argument("--batch", help="a name; the same orders under another one are new orders (the file's name)")


async def run(
    *,
    file: Path,
    url: str,
    username: str,
    outside: Outside,
    at_once: int = AT_ONCE,
    batch: str | None = None,
    patience: Patience = PATIENCE,
    timeout_s: float = TIMEOUT_S,
    show_progress: bool | None = None,
) -> int:
    """Place the orders of a file. 0: all are accepted; 1: some are not; 2: nothing was sent.

    `show_progress` None: only if stderr is a terminal.
    """
    try:
        if not 1 <= at_once <= AT_ONCE_MAX:
            raise CannotRun(f"--at-once must be a whole number from 1 to {AT_ONCE_MAX}.")
        url = _checked(url)
        lines = _read(file, batch or file.name)
        path = results_path(file)
        earlier = read_results(path)
        password = find_password(outside, username)
        async with open_prediction(url, timeout_s) as client:
            session = Session(client, username, password)
            await _log_in(session, patience, outside)
            write_results(path, earlier)  # without what a crash may have left half-written at its end
            with appending(path) as append, _bar(len(lines), show_progress) as bar:

                def keep(row: Row) -> None:
                    bar.update()
                    append(row)

                account = f"{username} at {url}"
                sender = Sender(session, account, earlier, keep, chance=outside.chance, patience=patience)
                await _send(sender, lines, at_once)
    except CannotRun as cannot:
        return _give_up(outside, *cannot.sentences)
    except (NotResults, NoPassword) as reason:
        return _give_up(outside, str(reason))
    except OSError as error:
        return _give_up(outside, f"The results can't be kept: {error}.")
    return _finish(sender, lines, earlier, path, outside)


def _give_up(outside: Outside, *sentences: str) -> int:
    for sentence in sentences:
        outside.say(sentence)
    outside.say("Nothing was sent.")
    return NOTHING_SENT


def _checked(url: str) -> str:
    try:
        return as_url(url)
    except ValueError as error:
        raise CannotRun(f"--url {error}.") from None


def _read(file: Path, batch: str) -> list[Line]:
    try:
        if file.stat().st_size > BYTES_MAX:
            raise CannotRun(f"{file} is larger than {BYTES_MAX // 1024**2} MiB: split it.")
        return read_orders(file.read_text(encoding="utf-8-sig"), batch)
    except OSError as error:
        raise CannotRun(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CannotRun(f"{file} is not UTF-8 text.") from None
    except BadFile as bad:
        more = len(bad.sentences) - SHOWN_MAX
        rest = [f"... and {more} more."] if more > 0 else []
        raise CannotRun(*bad.sentences[:SHOWN_MAX], *rest) from None


async def _log_in(session: Session, patience: Patience, outside: Outside) -> None:
    try:
        await try_again(lambda: session.replace(None), patience, outside.chance)
    except Refused:
        raise CannotRun(session.why_refused()) from None
    except ApiError as error:
        raise CannotRun(f"The exchange does not answer: {error}.") from None


def _bar(total: int, show: bool | None) -> tqdm:
    tqdm.monitor_interval = 0  # the bar is moved by answers; it needs no thread that watches it
    return tqdm(total=total, unit="order", disable=None if show is None else not show, file=sys.stderr)


async def _send(sender: Sender, lines: list[Line], at_once: int) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_at, signals, sender, nursery.cancel_scope)
            await sender.send(lines, at_once)
            nursery.cancel_scope.cancel()


async def _stop_at(signals: AsyncIterator[int], sender: Sender, scope: trio.CancelScope) -> None:
    """Stop with patience at the first signal, without at the second."""
    first = True
    async for _ in signals:
        sender.stop("The program was stopped.")
        scope.deadline = trio.current_time() + (GRACE_S if first else 0)
        first = False


def _finish(sender: Sender, lines: list[Line], earlier: list[Row], path: Path, outside: Outside) -> int:
    """Write the results in order, and say how many there are of each kind."""
    rows = [sender.rows.get(line.number) or sender.not_sent(line) for line in lines]
    if sender.why_stopped:
        outside.say(sender.why_stopped)
    try:
        write_results(path, complete(earlier, rows))
    except OSError as error:
        outside.say(f"The results can't be written: {error}. Run again: no order is placed twice.")
        return NOT_ALL
    counts = Counter(row.outcome.result for row in rows)
    known = {row.key for row in earlier if row.outcome.result is Result.ACCEPTED}
    again = sum(row.outcome.result is Result.ACCEPTED and row.key in known for row in rows)
    parts = [f"{counts[result]} {result.value}" for result in Result if counts[result]]
    if again:
        parts[0] += f" ({again} of them in an earlier run)"
    outside.say(f"{len(lines)} orders: {', '.join(parts)}. Each line's result is in {path}.")
    if counts[Result.UNKNOWN]:
        outside.say("An unknown order may have been placed: run again to find out; no order is placed twice.")
    return GOOD if counts[Result.ACCEPTED] == len(lines) else NOT_ALL
