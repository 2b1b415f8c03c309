"""Messages become texts once for everybody who gets them."""

import msgspec
import pytest

from actors.odds_quotes import quote_of
from actors.pushes import Gap, Odds, Post
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.odds_messages import odds_update
from gateway.odds_socket.messages import error, text_of
from gateway.websocket.texts import encode
from tests.actors.exchanges import small_exchange
from tests.actors.matches import list_match
from tests.actors.test_odds_stream import Listener
from tests.gateway.odds_socket.houses import set_odds


@pytest.mark.trio
async def test_all_who_follow_a_match_are_sent_the_same_text() -> None:
    async with small_exchange() as exchange:
        market = await list_match(exchange)
        listeners = [Listener(exchange, market, None) for _ in range(3)]
        await set_odds(exchange, market)
        await listeners[0].read()
        posts: list[Post] = []
        for listener in listeners[1:]:
            posts += listener._outbox.take()[0]
        one, other = posts
        assert one is other
        text = text_of(one, exchange.directory)
        assert text_of(other, exchange.directory) is text
        content = one.content
        assert isinstance(content, Odds)
        assert text.encode() == encode(odds_update(quote_of(content)))
        gap = Post(Gap(content.channel, 2, 5))
        told = msgspec.json.decode(text_of(gap, exchange.directory))
        assert told == {"type": "gap", "marketId": market.market_id, "first": 2, "last": 5}


def test_bad_news_are_of_a_market_or_of_the_whole_message() -> None:
    rejected = Rejected(Refusal.NOT_FOUND, "no")
    whole = {"type": "error", "status": 404, "code": "NOT_FOUND", "message": "no"}
    assert msgspec.json.decode(encode(error(rejected))) == whole
    assert msgspec.json.decode(encode(error(rejected, 7))) == {**whole, "marketId": 7}
