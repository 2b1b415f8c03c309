"""A session to talk to: frames in, frames out, the time in the test's hand."""

import msgspec

from gateway.identity.refusals import Unauthorized
from gateway.stomp.board import Board
from gateway.stomp.codec import Frame, Parser, Version, encode
from gateway.stomp.session import Session
from tests.gateway.stomp.states import book, price

GOOD = "Bearer good"
VERSIONS: list[Version] = ["1.1", "1.2"]
PRICE_1, PRICE_2, BOOK_1 = "/topic/market/1/price", "/topic/market/2/price", "/topic/market/1/orderbook"


class Talk:
    """A client and its session, on a board of its own; None as version: not connected yet."""

    def __init__(self, version: Version | None = "1.2", **headers: str) -> None:
        self.board = Board()
        self.now_s = 0.0
        self.wakes = 0
        self.beats = 0
        self.session = Session("9", self.board, authenticate=self._authenticate, wake=self._wake, now_s=0)
        if version is not None:
            (connected,) = self.say("CONNECT", accept_version=version, **headers)
            assert connected.command == "CONNECTED"

    def _authenticate(self, authorization: str) -> None:
        if authorization != GOOD:
            raise Unauthorized

    def _wake(self) -> None:
        self.wakes += 1

    def say(self, command: str, body: bytes = b"", /, **headers: str) -> list[Frame]:
        """Send a frame and return what comes; underscores in names are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.say_bytes(encode(Frame(command, named, body), self.session.version))

    def say_bytes(self, raw: bytes) -> list[Frame]:
        self.session.feed(raw, self.now_s)
        while self.session.handle_next():
            pass
        return self.hear()

    def subscribe(self, destination: str, subscription_id: str = "sub-0", ack: str = "auto") -> list[Frame]:
        return self.say("SUBSCRIBE", id=subscription_id, destination=destination, ack=ack)

    def hear(self) -> list[Frame]:
        """Everything that is to be sent now; heart-beats are only counted."""
        texts: list[str] = []
        while taken := self.session.take(self.now_s):
            texts += taken
        self.beats += texts.count("\n")
        parser = Parser(self.session.version)
        parser.feed("".join(texts).encode())
        frames = []
        while (frame := parser.next()) is not None:
            frames.append(frame)
        return frames

    def refused(self, frames: list[Frame]) -> str:
        """See that these frames are an ERROR and the end; return its code and message."""
        (error,) = frames
        assert error.command == "ERROR"
        assert error.headers["content-type"] == "text/plain"
        assert error.body.decode().endswith(f"{error.headers['message']}\n")
        assert self.session.farewell is not None
        assert self.session.farewell[1] == error.headers["message"]
        assert self.say("ACK", id="9-1", receipt="r") == []  # nobody listens any more
        return f"{error.headers['code']}: {error.headers['message']}"


def talk(version: Version | None = "1.2", **headers: str) -> Talk:
    """A talk with two markets on the board."""
    talk = Talk(version, **headers)
    for market_id in (1, 2):
        talk.board.show(price(market_id))
        talk.board.show(book(market_id))
    return talk


def prices(frames: list[Frame]) -> list[float]:
    """The prices in these messages."""
    assert {frame.command for frame in frames} <= {"MESSAGE"}
    return [msgspec.json.decode(frame.body)["yesPrice"] for frame in frames]
