"""A client that follows the odds of matches: cut, told gaps, refused, and with a server that is killed."""

import gc
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from gateway.client import Refused, follower, open_rest
from gateway.client.betting import BettingClient
from gateway.client.odds import OddsFollower
from tests.end_to_end.cutting import cut
from tests.end_to_end.servers import ADMIN_PASSWORD, Rialto, running_rialto
from tests.gateway.odds_socket.houses import match_with_odds, set_odds
from tests.gateway.websocket.houses import House, open_house

pytestmark = [pytest.mark.trio, pytest.mark.filterwarnings("ignore::ResourceWarning")]  # cut sockets, see the client

PATIENCE_S = 20.0  # what takes longer hangs
CUTS = 20


@pytest.fixture(autouse=True)
def lost_connections() -> Iterator[None]:
    """Collect here what connections that were cut leave behind, so that no later test is warned of it."""
    yield
    gc.collect()


class Heard:
    """What a follower has received, by match."""

    def __init__(self) -> None:
        self.updates: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        self._came = trio.Event()

    def __call__(self, message: dict[str, Any]) -> None:
        assert message["type"] == "odds_update", message
        self.updates[message["marketId"]].append(message)
        self._came.set()
        self._came = trio.Event()

    def seqs(self, market_id: int) -> list[int]:
        return [update["seq"] for update in self.updates[market_id]]

    async def until(self, **last: int) -> None:
        """Wait for these numbers of matches: until(_7=12)."""
        wanted = {int(name.removeprefix("_")): seq for name, seq in last.items()}
        with trio.fail_after(PATIENCE_S):
            while any(self.seqs(market_id)[-1:] != [seq] for market_id, seq in wanted.items()):
                await self._came.wait()


def url_of(house: House) -> str:
    return f"ws://127.0.0.1:{house.port}/ws/odds"


async def test_it_begins_with_the_newest_update_or_behind_a_number_and_survives_cuts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follower, "PAUSE_S", 0.001)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with open_house() as house, trio.open_nursery() as nursery:
        token = (await house.gateway.sessions.open_guest()).token
        known, new, quiet = [await match_with_odds(house.exchange, count) for count in (5, 3, 0)]
        heard = Heard()
        matches = {known.market_id: 2, new.market_id: None, quiet.market_id: None}
        following = OddsFollower(url_of(house), token, matches, heard)
        assert following.offsets == matches
        nursery.start_soon(following.run)
        await heard.until(**{f"_{known.market_id}": 5, f"_{new.market_id}": 3})
        for number in range(100):
            await set_odds(house.exchange, chance.choice((known, new)), home=200 + number)
            if number % (100 // CUTS) == 0 and following.stream is not None:
                await trio.sleep(chance.random() * 0.01)
                if following.stream is not None:
                    await cut(following.stream)
        last = {market: await set_odds(house.exchange, market) for market in (known, new)}
        await heard.until(**{f"_{market.market_id}": seq for market, seq in last.items()})
        assert heard.seqs(known.market_id) == list(range(3, last[known] + 1))
        assert heard.seqs(new.market_id) == list(range(3, last[new] + 1))
        assert following.offsets == {known.market_id: last[known], new.market_id: last[new], quiet.market_id: None}
        assert following.connections > CUTS // 2
        assert following.holes == 0
        nursery.cancel_scope.cancel()


async def test_a_gap_is_resumed() -> None:
    asked: list[Any] = []

    async def serve(request: WebSocketRequest) -> None:
        socket = await request.accept()

        async def tell(*messages: dict[str, Any]) -> None:
            for message in messages:
                await socket.send_message(msgspec.json.encode(message).decode())

        try:
            while True:
                asked.append(msgspec.json.decode(await socket.get_message()))
                await tell({"type": "ack", "ok": True, "subscribed": [7]})
                if len(asked) == 1:
                    gap = {"type": "gap", "marketId": 7, "first": 4, "last": 5}
                    await tell(update(3), gap, update(6))
                else:
                    await tell(update(4), update(5), update(6), update(7))
        except ConnectionClosed:
            pass

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, serve, "127.0.0.1", 0, None)
        heard = Heard()
        following = OddsFollower(f"ws://127.0.0.1:{server.port}/ws/odds", "any", {7: 2}, heard)
        nursery.start_soon(following.run)
        await heard.until(_7=7)
        assert heard.seqs(7) == [3, 4, 5, 6, 7]
        assert asked == [{"type": "resume", "offsets": {"7": seq}} for seq in (2, 3)]
        assert (following.gaps, following.holes) == (1, 0)
        nursery.cancel_scope.cancel()


def update(seq: int) -> dict[str, Any]:
    return {"type": "odds_update", "payload": {}, "seq": seq, "ts": 1, "marketId": 7}


async def test_what_can_not_be_followed_is_refused() -> None:
    async with open_house() as house:
        token = (await house.gateway.sessions.open_guest()).token
        market = (await match_with_odds(house.exchange, 3)).market_id
        for matches, of_token, status in (
            ({market: 2}, "nonsense", 401),
            ({99: None}, token, 404),
            ({99: 1}, token, 404),
            ({market: 4}, token, 400),
        ):
            with pytest.raises(Refused) as refused, trio.fail_after(PATIENCE_S):
                await OddsFollower(url_of(house), of_token, matches, Heard()).run()
            assert refused.value.status == status
        assert "the last number" in refused.value.message


@pytest.mark.slow
async def test_a_follower_that_is_cut_while_the_server_is_killed_hears_every_update_once(postgres_dsn: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with running_rialto(DATABASE_URL=postgres_dsn) as rialto:
        async with open_rest(rialto.url) as rest, trio.open_nursery() as nursery:
            await rest.log_in("admin", ADMIN_PASSWORD)
            betting = BettingClient(rest)
            terms = {"league": "Cup", "home_team": "Reds", "away_team": "Blues", "start_time": 4_000_000_000_000}
            markets = [await betting.create_market(terms) for _ in range(2)]
            heard = Heard()
            following = OddsFollower(f"{rialto.websocket_url}/odds", rest.token or "", dict.fromkeys(markets, 0), heard)
            nursery.start_soon(following.run)
            last = dict.fromkeys(markets, 0)
            for number in range(60):
                market = chance.choice(markets)
                await override(betting, market, number)
                last[market] += 1
                if number in (20, 40):
                    await kill(rialto)
                elif chance.random() < 0.3 and following.stream is not None:
                    await cut(following.stream)
            await heard.until(**{f"_{market}": seq for market, seq in last.items()})
            for market in markets:
                assert heard.seqs(market) == list(range(1, last[market] + 1))
                assert heard.updates[market] == (await betting.odds_updates(market, limit=500))["updates"]
            assert following.connections >= 3
            assert following.holes == 0
            nursery.cancel_scope.cancel()


async def override(betting: BettingClient, market: int, number: int) -> None:
    payload = {"moneyline": {"home": msgspec.Raw(f"1.{10 + number}".encode()), "draw": 3.5, "away": 4}}
    await betting.override_odds(market, payload, f"for the {number}th time")


async def kill(rialto: Rialto) -> None:
    rialto.kill()
    await trio.to_thread.run_sync(rialto.start)
