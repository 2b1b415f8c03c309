"""Replays a recorded feed through the WebSocket API of a Rialto on a fresh data folder: `make replay FILE=...`.

The final book, trades, orders, logs and balances are compared with the naive exchange's; exits 1 if they differ.
"""

import argparse
import sys
from itertools import islice
from pathlib import Path

import trio
from tqdm import tqdm

from tests.end_to_end.servers import running_rialto
from tests.replay.feed import Cancel, Create, read_commands
from tests.replay.player import Replayed, replay

SHOWN_MAX = 20  # differences: after these there is nothing new to learn


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("file", type=Path, help="a gzipped feed of order_created and order_deleted lines")
    parser.add_argument("--limit", type=int, help="stop after so many commands")
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        parser.error(f"there is no file {arguments.file}")
    commands = list(islice(read_commands(arguments.file), arguments.limit))
    with running_rialto() as rialto:
        replayed = trio.run(replay, rialto, tqdm(commands, unit="command"))
    report(commands, replayed)
    return 1 if replayed.differences else 0


def report(commands: list[Create | Cancel], replayed: Replayed) -> None:
    """Say what was sent, what came of it, and whether the twin agrees."""
    cancels = sum(isinstance(command, Cancel) for command in commands)
    print(f"{len(commands) - cancels} orders and {cancels} cancels, each answered before the next was sent:")
    for (verb, answer), count in sorted(replayed.answers.items()):
        print(f"  {count:>6}  {verb:6}  {answer}")
    refused = sum(count for (verb, answer), count in replayed.answers.items() if verb == "cancel" and answer.isupper())
    print(
        f"{refused + replayed.cancelled_again} cancels found nothing to cancel: {refused} were refused, "
        f"{replayed.cancelled_again} had been answered before."
    )
    levels = replayed.levels
    print(f"{replayed.trades} trades; the book has {levels['bids']} bid and {levels['asks']} ask levels.")
    print(f"One account had at most {replayed.open_orders_max} orders open.")
    for account, balances in replayed.balances.items():
        for asset, (available, frozen) in balances.items():
            print(f"  {account}: {asset} {available} available, {frozen} frozen")
    for difference in replayed.differences[:SHOWN_MAX]:
        print(f"DIFFERS  {difference}")
    if replayed.differences:
        print(f"Rialto and the naive exchange differ in {len(replayed.differences)} places.")
    else:
        print("Rialto and the naive exchange agree in every answer, book, trades, orders, logs, balances and fees.")


if __name__ == "__main__":
    sys.exit(main())
