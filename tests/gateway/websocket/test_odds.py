"""The odds of matches on the socket for all products: a stream among the others, resumed like them."""

import pytest

from engine.betting.commands import ReopenBetting, SuspendBetting
from tests.actors.matches import ADMIN, move, open_match
from tests.gateway.websocket.houses import open_house
from tests.gateway.websocket.test_resume import forget_everything

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("forgets", [False, True])
async def test_odds_are_a_stream_like_any_other(forgets: bool) -> None:
    """What was missed comes first, from memory or the journal, then what happens."""
    async with open_house() as house:
        market = await open_match(house.exchange)  # 1: odds, 2: opened
        channel = f"odds:{market.channel}"
        await move(house.exchange, SuspendBetting(market.name, ADMIN))
        if forgets:
            forget_everything(house)
        async with house.connect() as client:
            answer = await client.ask({"resume": {channel: 1}})
            assert answer == {"type": "subscribed", "channels": [channel]}
            await move(house.exchange, ReopenBetting(market.name, ADMIN))
            told = await client.receive_many(3)
        assert [(m["type"], m["channel"], m["seq"], m["prevSeq"]) for m in told] == [
            ("odds_update", channel, 2, 1),
            ("odds_update", channel, 3, 2),
            ("odds_update", channel, 4, 3),
        ]
        assert [m["payload"]["status"] for m in told] == ["active", "suspended", "active"]
        assert told[0]["payload"]["moneyline"] == {"home": 2.0, "draw": 3.5, "away": 4.0}


async def test_a_match_has_no_book_and_a_book_no_odds() -> None:
    async with open_house() as house:
        market = await open_match(house.exchange)
        async with house.connect() as client:
            for channel in (f"book:{market.channel}", f"trades:{market.channel}", "odds:BTC_USDT"):
                refused = await client.ask({"subscribe": [channel]})
                assert (refused["type"], refused["code"]) == ("error", "NOT_FOUND")
                assert (await client.receive())["channels"] == []
