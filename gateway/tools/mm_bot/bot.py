"""The rounds of the bot: look at each market, work out a quote, have the market maker place it.

what comes back              | the market               | the bot
an answer                    | is quoted                |
400, 403, 404                | is logged with the code  | goes on with the next
401                          | is asked again           | logs in again, once; refused: ends
nothing, 5xx, 429            | five tries, then left    | goes on, and waits longer before the next round
nothing, from two in a row   |                          | leaves the rest of the round
that the market maker quotes it by itself | is left to it | goes on: a market is driven by one of them, never by both
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog
import trio

from gateway.client import ApiError, Refused
from gateway.client.errors import NOTHING_CAME_BACK
from gateway.client.prediction import read
from gateway.tools.mm_bot.settings import Settings
from gateway.tools.mm_bot.signals import Book, Quote, Trade, quote, seen_in
from gateway.tools.patience import Patience, growing, try_again
from gateway.tools.session import Session

log = structlog.get_logger()

Answer = TypeVar("Answer")

REST_S_MAX = 60.0  # between rounds that fail, unless the polling itself is slower
NOT_THERE, NOT_ALLOWED = 404, 405
SILENT_MARKETS_MAX = 2  # then it is not a market that does not answer, it is the exchange


class PriceLists(msgspec.Struct, frozen=True, rename="camel"):
    """Where the market maker buys and sells after a run, in cents."""

    yes_buy_prices: list[float]
    yes_sell_prices: list[float]
    no_buy_prices: list[float]
    no_sell_prices: list[float]


class MakerRun(msgspec.Struct, frozen=True):
    """What a run answers."""

    summary: PriceLists


class MakerState(msgspec.Struct, frozen=True):
    """Whether a market's maker quotes by itself."""

    enabled: bool


class MakerReport(msgspec.Struct, frozen=True):
    """What the exchange says of a market's maker."""

    settings: MakerState


class Tally(msgspec.Struct):
    """What has come of the rounds so far: of the markets in each, those quoted, refused, and left for the round."""

    rounds: int = 0
    quoted: int = 0
    refused: int = 0
    left: int = 0


class Bot:
    """Drives its markets with `enabled` false: where the market maker quoted by itself, it does so no more."""

    def __init__(
        self, settings: Settings, session: Session, *, chance: Callable[[], float], patience: Patience
    ) -> None:
        self.tally = Tally()
        self._settings = settings
        self._session = session
        self._client = session.client
        self._chance = chance
        self._patience = patience

    async def run(self) -> None:
        """Do round after round; returns when the exchange does not log the bot in."""
        bad_rounds = 0
        while True:
            start = trio.current_time()
            complete = await self.round()
            if self._session.refused is not None:
                return
            bad_rounds = 0 if complete else bad_rounds + 1
            await trio.sleep_until(max(start + self._settings.poll_interval_sec, trio.current_time()))
            if bad_rounds:
                rest_s = rest(self._settings.poll_interval_sec, bad_rounds, self._chance())
                log.warning("backing_off", seconds=round(rest_s, 1), bad_rounds=bad_rounds)
                await trio.sleep(rest_s)

    async def round(self) -> bool:
        """Go through all markets once; False if the exchange left one of them unanswered."""
        self.tally.rounds += 1
        try:
            market_ids = list(self._settings.market_ids) or await self._ask(lambda: self._client.market_ids("OPEN"))
        except ApiError as news:
            log.warning("no_list_of_markets", **told(news))
            return False
        complete = True
        silent = 0
        for market_id in market_ids:
            left_for = await self._serve(market_id, 1 if silent else self._patience.tries)
            if self._session.refused is not None:
                return False
            complete = complete and left_for is None
            silent = silent + 1 if left_for is not None and left_for.status == NOTHING_CAME_BACK else 0
            if silent == SILENT_MARKETS_MAX:
                log.warning("round_left", reason="the exchange does not answer")
                return False
        return complete

    async def _serve(self, market_id: int, tries: int) -> ApiError | None:
        """Quote one market; returns what it was left for, if it got neither an answer nor a refusal."""
        doing = "looking"
        try:
            if await self._ask(lambda: self._is_driven(market_id), tries):
                self.tally.left += 1
                log.warning(
                    "market_left", market=market_id, code="ALREADY_RUNNING", reason="its maker quotes by itself"
                )
                return None
            book = await self._ask(lambda: self._book(market_id), tries)
            trades = await self._ask(lambda: self._trades(market_id), tries)
            doing = "quoting"
            signals = seen_in(book, trades)
            wanted = quote(self._settings, signals)
            await self._ask(lambda: self._client.configure_maker(self._configuration(market_id, wanted)), tries)
            prices = await self._ask(lambda: self._quote(market_id), tries)
        except Refused as refused:
            self.tally.refused += 1
            log.warning("quote_refused", market=market_id, doing=doing, **told(refused))
            return None
        except ApiError as error:
            self.tally.left += 1
            log.warning("market_left", market=market_id, doing=doing, **told(error))
            return error
        self.tally.quoted += 1
        log.info(
            "quoted",
            market=market_id,
            volatility=None if signals.volatility is None else round(signals.volatility, 3),
            imbalance=round(signals.imbalance, 3),
            **msgspec.structs.asdict(wanted),
            **msgspec.structs.asdict(prices),
        )
        return None

    async def _ask(self, call: Callable[[], Awaitable[Answer]], tries: int | None = None) -> Answer:
        """All that the bot sends may be sent twice: settings are absolute, and a run replaces only what differs."""
        return await try_again(lambda: self._session.ask(call), self._patience, self._chance, tries)

    async def _is_driven(self, market_id: int) -> bool:
        """Whether somebody has had the market's maker quote by itself: to configure it would stop that."""
        try:
            return read(await self._client.maker(market_id), MakerReport).settings.enabled
        except Refused as refused:
            if refused.status in (NOT_THERE, NOT_ALLOWED):  # an exchange that has the specification's paths alone
                return False
            raise

    async def _book(self, market_id: int) -> Book:
        depth = self._settings.orderbook_depth
        return read(await self._client.book(market_id, depth, exclude_market_maker=True), Book)

    async def _trades(self, market_id: int) -> list[Trade]:
        trades: list[Trade] = read(await self._client.trades(market_id, self._settings.trade_lookback), list[Trade])
        return trades

    async def _quote(self, market_id: int) -> PriceLists:
        answer = await self._client.run_maker(market_id, self._settings.min_balance_cents)
        return read(answer, MakerRun).summary

    def _configuration(self, market_id: int, wanted: Quote) -> dict[str, object]:
        settings = self._settings
        return {
            "enabled": False,
            "marketId": market_id,
            "orderSize": wanted.order_size,
            "spread": wanted.spread,
            "enforceInventory": settings.enforce_inventory,
            "maxYesPosition": settings.max_yes_position,
            "maxNoPosition": settings.max_no_position,
            "minBalanceCents": settings.min_balance_cents,
        }


def rest(poll_interval_s: float, bad_rounds: int, chance: float) -> float:
    """What is waited on top of the polling: up to as long again after a bad round, twice as long after the next."""
    return growing(poll_interval_s, max(REST_S_MAX, poll_interval_s), bad_rounds) * (1 + chance) / 2


def told(error: ApiError) -> dict[str, object]:
    """What a log says of bad news."""
    return {"status": error.status, "code": error.code, "message": error.message}
