"""What a client is sent over `/ws/odds`.

ack            what is subscribed now: after subscribe, unsubscribe, resume
error          bad news of a message, or of one of its markets
odds_update    a message of a match's stream, the same as over REST (gateway/odds_messages.py)
gap            these numbers of a match are not sent: resume from before them
pong           the answer to a ping
"""

from actors.directory import Directory
from actors.pushes import Gap, Post
from gateway.answers import Rejected
from gateway.shapes import Shape
from gateway.websocket import texts
from gateway.websocket.texts import encode


class Message(Shape, frozen=True, tag_field="type"):
    """`type` stands first."""


class Ack(Message, frozen=True, tag="ack"):
    """All that is subscribed now; `ok` is false if an error was told of any of what was asked for."""

    ok: bool
    subscribed: list[int]


class Error(Message, frozen=True, tag="error", omit_defaults=True):
    """Bad news; `marketId` if it is one market's."""

    status: int
    code: str
    message: str
    market_id: int | None = None


class GapTold(Message, frozen=True, tag="gap"):
    """The messages of a match from `first` to `last` are left out here."""

    market_id: int
    first: int
    last: int


class Pong(Message, frozen=True, tag="pong"):
    """The server is there."""


def error(rejected: Rejected, market_id: int | None = None) -> Error:
    """Show bad news."""
    return Error(rejected.answer().status, rejected.code.value, rejected.message, market_id)


def market_of(topic: str, directory: Directory) -> int:
    """Say which match's odds a topic has."""
    return directory.by_channel[topic.partition(":")[2]].market_id


def text_of(post: Post, directory: Directory) -> str:
    """Turn a push into its text: odds once for all who get them, over `/ws` too. A gap is its line's own."""
    content = post.content
    if isinstance(content, Gap):
        return encode(GapTold(market_of(content.channel, directory), content.first, content.last)).decode()
    return texts.text_of(post, directory)
