"""The odds of matches, followed over any number of connections: each update once, in order.

follower = OddsFollower("ws://127.0.0.1:8080/ws/odds", token, {7: 12, 8: None}, print)
await follower.run()        until it is cancelled; then follower.offsets is where to go on another time
"""

from collections.abc import Callable, Mapping

from gateway.client.follower import Follower, Json
from gateway.client.stream import StreamClient


class OddsFollower(Follower):
    """Each match begins behind the number that is known of it; None: with its newest update, and goes on from there.

    A token that is for sockets only opens the first connection, and after a minute no other: use one that lives long.
    """

    def __init__(
        self, url: str, token: str, matches: Mapping[int, int | None], receive: Callable[[dict[str, Json]], None]
    ) -> None:
        known = {str(market_id): seq for market_id, seq in matches.items() if seq is not None}
        super().__init__(url, token, known, receive)
        self._new = [market_id for market_id, seq in matches.items() if seq is None]  # of which nothing has come yet

    @property
    def offsets(self) -> dict[int, int | None]:
        """The numbers of the last updates received; None where none has been."""
        return {int(market): seq for market, seq in self.numbers.items()} | dict.fromkeys(self._new)

    def request(self, numbers: Mapping[str, int]) -> Json:
        return {"type": "resume", "offsets": numbers}

    def numbers_of(self, message: dict[str, Json]) -> tuple[str, int, int] | None:
        if message["type"] != "odds_update":
            return None
        return str(message["marketId"]), message["seq"], message["seq"] - 1

    async def _ask(self, stream: StreamClient, numbers: Mapping[str, int]) -> None:
        await super()._ask(stream, numbers)
        if numbers is self.numbers and self._new:  # this is a new connection
            await stream.send({"type": "subscribe", "markets": self._new})

    async def _take(self, stream: StreamClient, message: dict[str, Json]) -> None:
        if message["type"] == "gap":
            message = {**message, "channel": str(message["marketId"])}
        elif message["type"] == "odds_update" and message["marketId"] in self._new:
            self._new.remove(message["marketId"])
            self.numbers[str(message["marketId"])] = message["seq"] - 1
        await super()._take(stream, message)
