"""The odds of a match as they stand: from the cache, else from the tables, which then fill it."""

from actors.directory import MarketEntry
from actors.odds_quotes import OddsQuote, quote_of, recall, remember
from actors.pushes import Odds
from engine.betting.bookkeeping import odds_channel
from engine.betting.lifecycle import read_standing
from engine.ledger.records import MarketRecord
from engine.products import BETTING
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.context import Gateway
from gateway.limits import as_id
from gateway.rest.betting.shapes import Source


def find_match(gateway: Gateway, market_id: int | str) -> MarketEntry:
    """Find a match. Raises Rejected(NOT_FOUND)."""
    market = gateway.exchange.directory.by_id.get(as_id(market_id))
    if market is None or market.product != BETTING:
        raise Rejected(Refusal.NOT_FOUND, f"there is no market {market_id}")
    return market


async def find_match_record(gateway: Gateway, match: MarketEntry) -> MarketRecord:
    """Read a match's row."""
    record = await gateway.exchange.storage.reader.market(match.market_id)
    assert record is not None, "who is in the directory has a row"
    return record


async def current_quote(gateway: Gateway, match: MarketEntry) -> tuple[OddsQuote, Source]:
    """The odds of now, and where they come from."""
    quote = await recall(gateway.exchange.cache, match.market_id)
    if quote is not None:
        return quote, "cache"
    return await quote_at(gateway, match, await find_match_record(gateway, match))


async def quote_at(gateway: Gateway, match: MarketEntry, record: MarketRecord) -> tuple[OddsQuote, Source]:
    """The odds as of a row; the cache is asked for their time only, so that they fit the row."""
    standing = read_standing(record.standing)
    cached = await recall(gateway.exchange.cache, match.market_id)
    if cached is not None and cached.standing.number == standing.number:
        return cached, "cache"
    told_ms = record.created_ms
    if standing.number > 0:
        (last,) = await told_odds(gateway, match, standing.number - 1, 1)
        told_ms = last.now_ms
    quote = OddsQuote(match.market_id, record.state, standing, told_ms)
    await remember(gateway.exchange.cache, quote)
    return quote, "db"


async def told_odds(gateway: Gateway, match: MarketEntry, after: int, limit: int) -> list[OddsQuote]:
    """What a match's stream has told after a number, oldest first: at most `limit`, read page by page."""
    told: list[OddsQuote] = []
    while len(told) < limit:
        stretch = await gateway.exchange.replay.read(odds_channel(match.channel), after, limit - len(told))
        told += [quote_of(post.content) for post in stretch.posts if isinstance(post.content, Odds)]
        if stretch.end or stretch.last == after:  # a commit that comes right now is for whoever asks again
            break
        after = stretch.last
    return told
