"""Plays a season through the public API of a Rialto on a fresh data folder: `make season`.

Raises where a payout, the house's profit, a stream or the journal is not what it must be.
"""

import argparse
import random
import sys
from itertools import islice
from pathlib import Path

import trio
from tqdm import tqdm

from tests.end_to_end.servers import CHECKOUT, running_rialto
from tests.season.aftermath import check_at_rest
from tests.season.data import UnfitRow, read_season
from tests.season.season import UNITS_OF_USD, Played, play_season

FILE = CHECKOUT.parent / "shared" / "data" / "football_epl_2019-20.csv.gz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.season", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=FILE, help="a gzipped season of football-data.co.uk")
    parser.add_argument("--matches", type=int, help="stop after so many")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="who bets what, and when who is cut")
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        parser.error(f"there is no file {arguments.file}")
    try:
        fixtures = list(islice(read_season(arguments.file), arguments.matches))
    except UnfitRow as unfit:
        parser.error(str(unfit))
    print(f"seed {arguments.seed}")
    for fixture in fixtures:
        for note in fixture.notes:
            print(f"{fixture.title}: {note}")
    with running_rialto() as rialto, tqdm(total=len(fixtures), unit="match") as bar:
        played = trio.run(play_season, rialto, fixtures, arguments.seed, bar.update)
        verdict = check_at_rest(rialto)
    report(played, verdict)
    return 0


def report(played: Played, verdict: str) -> None:
    """Say what was played, and what was checked."""
    print(f"{played.matches} matches in {played.seconds:.0f} s:")
    for what, count in sorted(played.counts.items()):
        print(f"  {count:>6}  {what}")
    profit = played.stakes - played.payouts
    amounts = (f"{amount / UNITS_OF_USD:,.4f}" for amount in (played.stakes, played.payouts, profit))
    print("{} USD staked, {} paid out; the house has made {}, to the last unit.".format(*amounts))
    print(f"{played.updates} odds updates were each heard once and in order, over {played.connections} connections:")
    cuts = ", ".join(f"{count} {manner}" for manner, count in sorted(played.cuts.items()))
    print(f"  {played.cuts.total()} cuts ({cuts}), {played.cuts_meanwhile} of them while matches were played")
    for victim, seconds in played.kills:
        print(f"  {'the server' if victim == 'server' else 'server and PostgreSQL'} killed, back after {seconds:.1f} s")
    print(f"  {played.gaps} gaps told")
    print(verdict)


if __name__ == "__main__":
    sys.exit(main())
