"""A whole season on one Rialto: all matches, some at a time; cuts and kills meanwhile; what must hold in the end."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

import msgspec
import trio

from gateway.client import RestClient
from gateway.client.betting import BettingClient, open_betting
from tests.end_to_end.servers import Rialto
from tests.end_to_end.traders import open_admin
from tests.season.accumulators import Accumulations, Taken, sums
from tests.season.bettors import DEPOSIT_UNITS, Bettor
from tests.season.bookmaker import PAGE, Bookmaker
from tests.season.data import Fixture
from tests.season.match import SeasonMatch
from tests.season.patience import Json, Patience
from tests.season.subscriber import Subscriber
from tests.season.wallets import make_wallets
from tests.storage.servers import is_alive, postmaster_of

BETTORS = 20
AT_A_TIME = 8  # matches: enough that bets of several share a commit
CUTS = 50  # at most one a match
# What a match has at least, on average over any five; cuts and kills are spread over so much of the season.
UPDATES = 10
BETS = 30
UNITS_OF_USD = 10_000
PAGE_OF_UPDATES = 6  # so that most matches take several pages
HEARD_S = 60.0  # for what is still on its way when the last match is over; the limit is for a hang


class Played(msgspec.Struct, frozen=True):
    """What a season came to. Amounts are in units."""

    matches: int
    seconds: float
    counts: Counter[str]
    stakes: int
    payouts: int
    updates: int
    cuts: Counter[str]
    cuts_meanwhile: int  # of these, before the last match was over
    connections: int
    gaps: int
    kills: list[tuple[str, float]]  # who was killed, and after how many seconds there was service again


async def play_season(
    rialto: Rialto, fixtures: Sequence[Fixture], seed: int, over: Callable[[], object] = lambda: None
) -> Played:
    """Play it on a new Rialto, which is killed twice; `over` hears of each match that is. Raises where it is wrong."""
    begun = trio.current_time()
    patience = Patience()
    chance = random.Random(f"{seed} season")
    async with open_people(rialto, seed, patience) as (admin, bettors):
        bookmaker = Bookmaker(BettingClient(admin), patience)
        house = await _total(admin, "house")
        cuts_at = [chance.randrange(UPDATES * len(fixtures)) for _ in range(min(CUTS, len(fixtures)))]
        rest = bettors[0].client.rest
        subscriber = Subscriber(rialto, rest, random.Random(f"{seed} subscriber"), cuts_at)
        killer = Killer(rialto, patience, chance, len(fixtures) * BETS)
        accumulations = Accumulations(bookmaker, bettors, seed)
        await accumulations.fund()
        matches = [SeasonMatch(n, fixture, seed, bookmaker, bettors) for n, fixture in enumerate(fixtures)]
        async with trio.open_nursery() as listening:
            listening.start_soon(subscriber.run)
            await _play_all(matches, accumulations, subscriber, killer, over)
            cuts_meanwhile = subscriber.cuts.total()
            updates = sum(len(match.updates) for match in matches) + accumulations.finalized
            with trio.fail_after(HEARD_S):
                await subscriber.until_heard(updates)
                await subscriber.until_cut()
            listening.cancel_scope.cancel()
        await check_markets(admin, matches)
        await check_heard(admin, subscriber)
        stakes, payouts = await check_money(admin, bettors, accumulations.taken, house)
    assert len(killer.kills) == len(KILLS)
    return Played(
        matches=len(matches),
        seconds=trio.current_time() - begun,
        counts=patience.counts,
        stakes=stakes,
        payouts=payouts,
        updates=updates,
        cuts=subscriber.cuts,
        cuts_meanwhile=cuts_meanwhile,
        connections=subscriber.connections,
        gaps=subscriber.gaps,
        kills=killer.kills,
    )


@asynccontextmanager
async def open_people(rialto: Rialto, seed: int, patience: Patience) -> AsyncIterator[tuple[RestClient, list[Bettor]]]:
    """Log in the administrator, and the bettors with their wallets and money."""
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(open_admin(rialto))
        bettors = [
            Bettor(wallet, await stack.enter_async_context(open_betting(rialto.url)), patience)
            for wallet in make_wallets(seed, BETTORS)
        ]
        async with trio.open_nursery() as nursery:
            for bettor in bettors:
                nursery.start_soon(bettor.begin)
        yield admin, bettors


async def _play_all(
    matches: Sequence[SeasonMatch],
    accumulations: Accumulations,
    subscriber: Subscriber,
    killer: "Killer",
    over: Callable[[], object],
) -> None:
    slots = trio.Semaphore(AT_A_TIME)

    async def play(match: SeasonMatch) -> None:
        await match.play(subscriber.follow, slots)
        over()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(killer.run)
        nursery.start_soon(accumulations.run, matches)
        for match in matches:
            nursery.start_soon(play, match)


# Kills

KILLS = ("server", "both")


class Killer:
    """Kills the server twice while bets come in, once together with its PostgreSQL, and starts it again."""

    def __init__(self, rialto: Rialto, patience: Patience, chance: random.Random, bets: int) -> None:
        self.kills: list[tuple[str, float]] = []
        self._rialto = rialto
        self._counts = patience.counts
        self._victims = chance.sample(KILLS, len(KILLS))
        # So many bets have been taken by then: about a third and two thirds of the season.
        self._due = [chance.randrange(bets // 4, bets // 2), chance.randrange(bets * 3 // 4, bets)]
        self._delays_s = [chance.random() / 2 for _ in KILLS]

    async def run(self) -> None:
        for victim, bets, delay_s in zip(self._victims, self._due, self._delays_s, strict=True):
            while self._counts["bets taken"] < bets:  # noqa: ASYNC110  # it is others who count
                await trio.sleep(0.01)
            await trio.sleep(delay_s)
            postmaster = postmaster_of(self._rialto.data_path)
            assert is_alive(postmaster)
            self._rialto.kill()
            if victim == "both":
                os.kill(postmaster, signal.SIGKILL)
            killed = time.monotonic()
            await trio.to_thread.run_sync(self._rialto.start)
            self.kills.append((victim, time.monotonic() - killed))


# What must hold in the end


async def check_markets(admin: RestClient, matches: Sequence[SeasonMatch]) -> None:
    """Each match was listed once, and is settled."""
    client = BettingClient(admin)
    listed: list[Json] = []
    while page := (await client.markets(page=len(listed) // PAGE + 1, page_size=PAGE))["items"]:
        listed += page
        if len(page) < PAGE:
            break
    assert {item["id"] for item in listed} == {match.market_id for match in matches}
    assert len(listed) == len(matches)
    assert {item["status"] for item in listed} == {"settled"}


async def check_heard(admin: RestClient, subscriber: Subscriber) -> None:
    """The subscriber has what REST tells page by page: every update once, in order."""
    client = BettingClient(admin)
    for market_id, heard in subscriber.heard.items():
        told: list[Json] = []
        while page := (await client.odds_updates(market_id, len(told), PAGE_OF_UPDATES))["updates"]:
            told += page
        assert [update["seq"] for update in told] == list(range(1, len(told) + 1))
        assert len(heard) == len(told), f"market {market_id}: {len(heard)} updates heard, {len(told)} told"
        for ours, theirs in zip(heard, told, strict=True):
            assert ours == theirs


async def check_money(
    admin: RestClient, bettors: Sequence[Bettor], accumulators: Sequence[Taken], house_before: int
) -> tuple[int, int]:
    """Everybody has what his bets made of his money, the house the rest; returns all stakes and all payouts."""
    stakes = payouts = 0
    customers = 0
    for bettor in bettors:
        staked, paid = sums(bettor, accumulators)
        staked += sum(bet.wish.stake for bet in bettor.bets)
        paid += sum(bet.paid or 0 for bet in bettor.bets)
        await check_list(bettor)
        [balance] = await bettor.client.rest.balances()
        assert (balance["symbol"], balance["frozen"]) == ("USD", "0")
        assert balance["available"] == balance["total"]
        assert units(balance["total"]) == DEPOSIT_UNITS - staked + paid
        customers += units(balance["total"])
        stakes, payouts = stakes + staked, payouts + paid
    house = await _total(admin, "house")
    assert house - house_before == stakes - payouts
    system = [await _total(admin, name) for name in ("outside", "fees", "market_maker")]
    assert customers + house + sum(system) == 0, "the pools of settled matches hold money"
    for row in await admin.call("GET", "/api/v1/admin/trial-balance"):
        assert row["balanced"], row
        assert (row["total"], row["frozen"]) == ("0", "0")
    return stakes, payouts


async def check_list(bettor: Bettor) -> None:
    """A bettor's own list has the bets that he was told of, no other, none twice, each paid as he was."""
    shown: list[Json] = []
    total = 1
    while len(shown) < total:
        page = await bettor.client.bets(status="confirmed", page=len(shown) // PAGE + 1, page_size=PAGE)
        shown, total = shown + page["items"], page["total"]
    assert (await bettor.client.bets(status="pending"))["total"] == 0
    ours = {
        bet.order_id: (bet.wish.client_bet_id, bet.wish.market_id, str(bet.wish.stake), bet.odds, str(bet.paid or 0))
        for bet in bettor.bets
    }
    fields = ("clientBetId", "marketId", "amount", "odds", "potentialPayout")
    assert {item["orderId"]: tuple(item[field] for field in fields) for item in shown} == ours
    assert len(shown) == len(bettor.bets)
    for item in shown:
        assert item["claimed"] is (item["potentialPayout"] != "0")
        assert (item["claimTxHash"] is not None) is item["claimed"]


async def _total(admin: RestClient, account: str) -> int:
    """What an account of the exchange's own has of USD, in units."""
    shown = await admin.call("GET", f"/api/v1/admin/accounts/{account}")
    return sum(units(balance["total"]) for balance in shown["balances"] if balance["symbol"] == "USD")


def units(amount: str) -> int:
    """Read a decimal amount of USD."""
    number = Decimal(amount) * UNITS_OF_USD
    assert number == int(number)
    return int(number)
