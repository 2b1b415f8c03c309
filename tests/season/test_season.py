"""The first weeks of a real season: what `make season` does with all of it."""

import gc
import random
from itertools import islice

import pytest
import trio

from tests.end_to_end.servers import running_rialto
from tests.season.__main__ import FILE, report
from tests.season.aftermath import check_at_rest
from tests.season.data import Fixture, read_season
from tests.season.season import CUTS, play_season

MATCHES = 60


@pytest.fixture
def fixtures() -> list[Fixture]:
    if not FILE.exists():
        pytest.skip(f"the season is not at {FILE}")
    return list(islice(read_season(FILE), MATCHES))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of connections that were cut
def test_the_season_begins_with_every_payout_and_every_update_as_it_must_be(fixtures: list[Fixture]) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    try:
        with running_rialto() as rialto:
            played = trio.run(play_season, rialto, fixtures, seed)
            verdict = check_at_rest(rialto)
    finally:
        gc.collect()  # what cut connections have left behind, so that no later test is warned of it
    report(played, verdict)
    assert (played.matches, played.cuts_meanwhile, len(played.kills)) == (MATCHES, CUTS, 2)
    assert played.counts["unknown"], "no request was under way at any kill"
    for code in ("ODDS_CHANGED", "MARKET_CLOSED", "MARKET_HALTED", "LIABILITY_LIMIT", "INSUFFICIENT_FUNDS"):
        assert played.counts[f"bets refused: {code}"]
    assert played.counts["accumulators paid"]
    for code in ("ODDS_CHANGED", "LIABILITY_LIMIT"):
        assert played.counts[f"accumulators refused: {code}"]
    assert played.counts["accumulators not paid: NOTHING_TO_CLAIM"]
    for code in ("NOT_SETTLED", "NOTHING_TO_CLAIM", "NOT_FOUND", "ALREADY_CLAIMED"):
        assert played.counts[f"claims refused: {code}"]
