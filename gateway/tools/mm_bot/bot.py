"""The rounds of the bot: look at each market, work out a quote, have the market maker place it.

what comes back              | the market               | the bot
an answer                    | is quoted                |
400, 403, 404                | is logged with the code  | goes on with the next
401                          | is asked again           | logs in again, once; refused: ends
nothing, 5xx, 429            | five tries, then left    | goes on, and waits longer before the next round
nothing, from two in a row   |                          | leaves the rest of the round
that the market maker quotes it by itself | is left to it | goes on: a market is driven by one of them, never by both
a run without any price      | is logged as empty       | goes on with the next
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
    """What a run answers; Rialto also says how many orders it refused, and why nothing is quoted."""

    summary: PriceLists
    refused: int = 0
    note: str | None = None


class MakerState(msgspec.Struct, frozen=True):
    """Whether a market's maker quotes by itself."""

    enabled: bool


class MakerReport(msgspec.Struct, frozen=True):
    """What the exchange says of a market's maker."""

    settings: MakerState


class Tally(msgspec.Struct):
    """What has come of the rounds so far: of the markets in each, those quoted, run without a quote, refused, left."""

    rounds: int = 0
    quoted: int = 0
    empty: int = 0
    refused: int = 0
    left: int = 0


class Bot:
    """Calls `greet` once it is logged in; until then `logged_in` is False, and `reached` until anything is answered."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        *,
        chance: Callable[[], float],
        patience: Patience,
        greet: Callable[[], None] = lambda: None,
    ) -> None:
        self.tally = Tally()
        self.reached = False
        self.logged_in = False
        self._greet = greet
        self._silent = False  # nothing came back for the last request
        self._idle = False  # no market was open in the last round
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
        if not market_ids and not self._idle:
            log.warning("nothing_to_quote", reason="no market is open; the bot looks again at every round")
        self._idle = not market_ids
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
            maker = await self._ask(lambda: self._maker(market_id), tries)
            if maker is not None and maker.enabled:
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
            configuration = self._configuration(market_id, wanted)
            if maker is None:
                configuration["enabled"] = False
            await self._ask(lambda: self._client.configure_maker(configuration), tries)
            run = await self._ask(lambda: self._quote(market_id), tries)
        except Refused as refused:
            self.tally.refused += 1
            log.warning("quote_refused", market=market_id, doing=doing, **told(refused))
            return None
        except ApiError as error:
            self.tally.left += 1
            log.warning("market_left", market=market_id, doing=doing, **told(error))
            return error
        prices = msgspec.structs.asdict(run.summary)
        if not any(prices.values()):
            self.tally.empty += 1
            log.warning("nothing_quoted", market=market_id, reason=why_empty(run))
            return None
        self.tally.quoted += 1
        log.info(
            "quoted",
            market=market_id,
            volatility=None if signals.volatility is None else round(signals.volatility, 3),
            imbalance=round(signals.imbalance, 3),
            **msgspec.structs.asdict(wanted),
            **prices,
        )
        return None

    async def _ask(self, call: Callable[[], Awaitable[Answer]], tries: int | None = None) -> Answer:
        """All that the bot sends may be sent twice: settings are absolute, and a run replaces only what differs."""

        async def ask() -> Answer:
            try:
                answer = await self._session.ask(call)
            except ApiError as error:
                self._heard(error)
                raise
            self._heard(None)
            return answer

        return await try_again(ask, self._patience, self._chance, tries)

    def _heard(self, error: ApiError | None) -> None:
        """Say it at once when the exchange is not there, and when it is there again."""
        if error is not None and error.status == NOTHING_CAME_BACK:
            if not self._silent:
                log.warning("exchange_not_reached", url=self._settings.base_url, code=error.code, reason=error.message)
            self._silent = True
            return
        if self._silent:
            log.info("exchange_reached_again")
        self._silent = False
        self.reached = True
        if not self.logged_in and self._client.rest.token is not None:
            self.logged_in = True
            self._greet()

    async def _maker(self, market_id: int) -> MakerState | None:
        """How the market's maker is set, so that one which quotes by itself is left alone.

        None: the exchange has the specification's paths alone. There each configuration says `enabled` false, as that
        shows it. Where the question is answered it is not said: an administrator may enable the maker after it, and
        the run is then refused by itself.
        """
        try:
            return read(await self._client.maker(market_id), MakerReport).settings
        except Refused as refused:
            if refused.status in (NOT_THERE, NOT_ALLOWED):
                return None
            raise

    async def _book(self, market_id: int) -> Book:
        depth = self._settings.orderbook_depth
        return read(await self._client.book(market_id, depth, exclude_market_maker=True), Book)

    async def _trades(self, market_id: int) -> list[Trade]:
        trades: list[Trade] = read(await self._client.trades(market_id, self._settings.trade_lookback), list[Trade])
        return trades

    async def _quote(self, market_id: int) -> MakerRun:
        return read(await self._client.run_maker(market_id, self._settings.min_balance_cents), MakerRun)

    def _configuration(self, market_id: int, wanted: Quote) -> dict[str, object]:
        settings = self._settings
        return {
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


def why_empty(run: MakerRun) -> str:
    """Say why a run has left no quote in the book, as far as it can be known from here."""
    if run.note:
        return run.note
    if run.refused:
        return f"the exchange refused its {run.refused} orders: the market maker's account may lack money"
    return "the market maker places nothing: its balance or its position limits do not allow a quote"


def told(error: ApiError) -> dict[str, object]:
    """What a log says of bad news."""
    return {"status": error.status, "code": error.code, "message": error.message}
