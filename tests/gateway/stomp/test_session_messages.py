"""Which messages a session sends, in which order, and how many before they are acknowledged."""

from collections.abc import Callable

import msgspec
import pytest

from gateway.stomp.codec import Frame, Version
from gateway.stomp.session import BODY_BYTES_ENOUGH, MESSAGES_MAX, Session
from gateway.stomp.subscription import UNACKNOWLEDGED_MAX
from gateway.stomp.topics import ALL_PRICES
from tests.gateway.stomp.states import price
from tests.gateway.stomp.talks import PRICE_1, VERSIONS, Talk, prices, talk

# ACK and NACK


def acknowledge(client: Talk, command: str, message: Frame) -> list[Frame]:
    """Acknowledge a message in the words of the session's version."""
    headers = message.headers
    if client.session.version == "1.1":
        assert "ack" not in headers
        return client.say(command, message_id=headers["message-id"], subscription=headers["subscription"])
    return client.say(command, id=headers["ack"])


@pytest.mark.parametrize("version", VERSIONS)
def test_in_mode_auto_nothing_waits_for_an_ack(version: Version) -> None:
    client = talk(version)
    (message,) = client.subscribe(PRICE_1)
    assert "ack" not in message.headers
    for number in range(2 * UNACKNOWLEDGED_MAX):
        client.board.show(price(1, str(number % 99 + 1)))
        assert len(client.hear()) == 1


@pytest.mark.parametrize("command", ["ACK", "NACK"])
@pytest.mark.parametrize("mode", ["client", "client-individual"])
@pytest.mark.parametrize("version", VERSIONS)
def test_without_acks_the_rest_is_held_and_the_newest_wins(version: Version, mode: str, command: str) -> None:
    client = talk(version)
    messages = client.subscribe(PRICE_1, ack=mode)
    for number in range(1, UNACKNOWLEDGED_MAX):
        client.board.show(price(1, f"10.{number}"))
        messages += client.hear()
    assert len(messages) == UNACKNOWLEDGED_MAX
    for yes in ("20", "21", "22"):
        client.board.show(price(1, yes))
        assert client.hear() == []
    assert prices(acknowledge(client, command, messages[0])) == [22]
    client.board.show(price(1, "23"))
    assert client.hear() == []


@pytest.mark.parametrize(("mode", "room"), [("client", UNACKNOWLEDGED_MAX), ("client-individual", 1)])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_ack_is_cumulative_or_not(version: Version, mode: str, room: int) -> None:
    client = talk(version)
    messages = client.subscribe(PRICE_1, ack=mode)
    for number in range(1, UNACKNOWLEDGED_MAX):
        client.board.show(price(1, f"10.{number}"))
        messages += client.hear()
    assert acknowledge(client, "ACK", messages[-1]) == []
    for number in range(room):
        client.board.show(price(1, f"20.{number}"))
        assert len(client.hear()) == 1
    client.board.show(price(1, "30"))
    assert client.hear() == []


def test_each_subscription_has_a_window_of_its_own() -> None:
    client = talk()
    client.subscribe(ALL_PRICES, "slow", ack="client")
    client.subscribe(PRICE_1, "fast")
    for number in range(2 * UNACKNOWLEDGED_MAX):
        client.board.show(price(1, f"10.{number}"))
        frames = client.hear()
        slow = {"slow"} if number < UNACKNOWLEDGED_MAX - 1 else set()
        assert {frame.headers["subscription"] for frame in frames} == {"fast"} | slow


def test_of_many_markets_each_has_its_newest_state_in_the_end() -> None:
    client = talk()
    messages = client.subscribe(ALL_PRICES, ack="client")
    for yes in ("10", "20"):
        for market_id in range(1, 251):
            client.board.show(price(market_id, yes))
    frames = client.hear()
    assert len(frames) == UNACKNOWLEDGED_MAX - 1
    while frames:
        messages += frames
        frames = acknowledge(client, "ACK", messages[-1])
    changes = [msgspec.json.decode(message.body) for message in messages[1:]]
    assert [(change["marketId"], change["yesPrice"]) for change in changes] == [(each, 20) for each in range(1, 251)]


@pytest.mark.parametrize("version", VERSIONS)
def test_acks_that_come_too_late_are_read_over(version: Version) -> None:
    client = talk(version)
    (message,) = client.subscribe(PRICE_1, ack="client")
    assert acknowledge(client, "ACK", message) == []
    assert acknowledge(client, "ACK", message) == []
    client.board.show(price(1, "60"))
    (message,) = client.hear()
    client.say("UNSUBSCRIBE", id="sub-0")
    assert acknowledge(client, "NACK", message) == []
    assert client.session.farewell is None


@pytest.mark.parametrize("message_id", ["", "1", "9-0", "9-2", "8-1", "9--1", "9-1 ", "9-x", "9-٣", "9-" + "1" * 5_000])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_ack_of_what_was_never_sent_is_refused(version: Version, message_id: str) -> None:
    client = talk(version)
    client.subscribe(PRICE_1, ack="client")
    headers = {"id": message_id, "message_id": message_id, "subscription": "sub-0"}
    refusal = client.refused(client.say("ACK", **headers))
    assert refusal.startswith("NOT_FOUND: no message '")


@pytest.mark.parametrize(
    ("version", "headers", "refusal"),
    [
        ("1.2", {"message_id": "9-1", "subscription": "a"}, "MALFORMED: ACK needs the header id"),
        ("1.1", {"id": "9-1", "subscription": "a"}, "MALFORMED: ACK needs the header message-id"),
        ("1.1", {"message_id": "9-1"}, "MALFORMED: ACK needs the header subscription"),
        (
            "1.1",
            {"message_id": "9-1", "subscription": "b"},
            "NOT_FOUND: message 9-1 was not sent to the subscription 'b'",
        ),
        ("1.2", {"id": "9-1", "transaction": "t"}, "METHOD_NOT_ALLOWED: there are no transactions here"),
    ],
)
def test_acks_that_say_too_little_or_too_much(version: Version, headers: dict[str, str], refusal: str) -> None:
    client = talk(version)
    client.subscribe(PRICE_1, "a", ack="client")
    client.subscribe(PRICE_1, "b", ack="client")
    assert client.refused(client.say("ACK", **headers)) == refusal


# Turns


def test_a_loud_subscription_does_not_silence_the_others() -> None:
    client = talk()
    client.subscribe(ALL_PRICES, "loud")
    client.subscribe(PRICE_1, "quiet")
    for market_id in range(1, 200):
        client.board.show(price(market_id))
    texts = client.session.take(0)
    assert len(texts) == MESSAGES_MAX
    assert sum("subscription:quiet" in text for text in texts + client.session.take(0)) == 1


def test_long_messages_are_not_taken_all_at_once() -> None:
    client = talk()
    for market_id in range(1, 2_001):
        client.board.show(price(market_id))
    client.session.feed(b"".join(f"SUBSCRIBE\nid:{n}\ndestination:{ALL_PRICES}\n\n\0".encode() for n in range(20)), 0)
    while client.session.handle_next():
        pass
    batches = []
    while texts := client.session.take(0):
        batches.append(texts)
    lengths = [sum(map(len, texts)) for texts in batches]
    longest = max(len(text) for texts in batches for text in texts)
    assert sum(len(texts) for texts in batches) == 20
    assert max(lengths) < BODY_BYTES_ENOUGH + longest


def test_answers_come_before_messages() -> None:
    client = talk()
    client.subscribe(ALL_PRICES)
    for market_id in range(1, 200):
        client.board.show(price(market_id))
    client.session.feed(b"ACK\nid:9-1\nreceipt:now\n\n\0", 0)
    client.session.handle_next()
    assert client.hear()[0].command == "RECEIPT"


def test_who_writes_is_woken_for_answers_and_for_news() -> None:
    client = talk()
    client.subscribe(PRICE_1)
    wakes = client.wakes
    client.session.feed(b"ACK\nid:9-1\nreceipt:now\n\n\0", 0)
    client.session.handle_next()
    assert client.wakes > wakes
    client.hear()
    wakes = client.wakes
    client.board.show(price(1, "60"))
    assert client.wakes > wakes


def nothing(*_: object) -> None:
    """Do it."""


class Hasty:
    """Topics whose sources call before they are there, and after they are closed."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = nothing

    def open(self, destination: str, wake: Callable[[], None]) -> "Hasty":
        self.wake = wake
        wake()
        return self

    def take(self, count: int) -> list[bytes]:
        assert count > 0
        return [b"{}"]

    def close(self) -> None:
        self.wake()


def test_a_source_may_call_too_early_and_too_late() -> None:
    session = Session("9", Hasty(), authenticate=nothing, wake=nothing, now_s=0)
    session.feed(b"CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:a\ndestination:b\nack:client\n\n\0", 0)
    while session.handle_next():
        pass
    assert [text.partition("\n")[0] for text in session.take(0)[:2]] == ["CONNECTED", "MESSAGE"]
    session.feed(b"UNSUBSCRIBE\nid:a\n\n\0", 0)
    assert session.handle_next()
    assert session.take(0) == []
