"""Scripts of a session: what is said to each frame in each state."""

import msgspec
import pytest

from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.statuses import Problem
from gateway.stomp.codec import CLIENT_COMMANDS, SERVER_COMMANDS, Frame, Version
from gateway.stomp.heartbeat import CONNECT_DEADLINE_S, EARLY, PATIENCE
from gateway.stomp.session import ID_LENGTH_MAX
from gateway.stomp.topics import ALL_PRICES, EXISTING
from gateway.websocket.frames import SUBSCRIPTIONS_MAX
from gateway.websocket.socket import GOING_AWAY, POLICY_VIOLATION, SESSION_ENDED
from tests.gateway.stomp.states import book, price
from tests.gateway.stomp.talks import BOOK_1, GOOD, PRICE_1, PRICE_2, VERSIONS, prices, talk

# CONNECT


@pytest.mark.parametrize("command", ["CONNECT", "STOMP"])
@pytest.mark.parametrize(
    ("accepted", "version"),
    [
        ("1.2", "1.2"),
        ("1.1", "1.1"),
        ("1.1,1.2", "1.2"),
        ("1.2,1.1,1.0", "1.2"),
        ("1.0,1.1,2.0", "1.1"),
        ("1.1, 1.2", "1.2"),
    ],
)
def test_the_highest_common_version_is_chosen(command: str, accepted: str, version: str) -> None:
    assert talk(None).say(command, accept_version=accepted, host="x") == [
        Frame("CONNECTED", {"version": version, "heart-beat": "1000,10000", "session": "9", "server": "rialto"})
    ]


def test_the_specifications_own_connect() -> None:
    (connected,) = talk(None).say_bytes(b"CONNECT\naccept-version:1.1,1.2\nheart-beat:10000,10000\n\n\0")
    assert (connected.command, connected.headers["version"]) == ("CONNECTED", "1.2")


@pytest.mark.parametrize(
    "headers", [{}, {"accept_version": "1.0"}, {"accept_version": "2.0,1.3"}, {"accept_version": ""}]
)
def test_without_a_common_version_those_that_there_are_are_named(headers: dict[str, str]) -> None:
    client = talk(None)
    frames = client.say("CONNECT", **headers)
    assert frames[0].headers["version"] == "1.1,1.2"
    assert client.refused(frames).startswith("MALFORMED: STOMP 1.1 and 1.2 are spoken here, accept-version has '")


def test_a_second_connect_is_refused() -> None:
    for command in ("CONNECT", "STOMP"):
        client = talk()
        assert (
            client.refused(client.say(command, accept_version="1.2")) == "CONFLICT: this session is connected already"
        )


@pytest.mark.parametrize("command", sorted(CLIENT_COMMANDS - {"CONNECT", "STOMP"}))
def test_nothing_comes_before_connect(command: str) -> None:
    client = talk(None)
    frames = client.say(command, id="a", destination=PRICE_1, receipt="77")
    assert frames[0].headers["receipt-id"] == "77"
    assert client.refused(frames) == f"MALFORMED: {command} came before CONNECT"


def test_a_heart_beat_that_is_none_is_refused() -> None:
    client = talk(None)
    assert client.refused(client.say("CONNECT", accept_version="1.2", heart_beat="often")) == (
        "MALFORMED: heart-beat is two whole numbers, as in 10000,10000, not 'often'"
    )


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_a_token_is_checked_if_there_is_one(name: str) -> None:
    assert talk(None).say("CONNECT", accept_version="1.2", **{name: GOOD})[0].command == "CONNECTED"
    client = talk(None)
    refusal = client.refused(client.say("CONNECT", accept_version="1.2", **{name: "Bearer bad"}))
    assert refusal == "UNAUTHORIZED: this needs a valid token: log in first"
    assert client.session.farewell is not None
    assert client.session.farewell[0] == SESSION_ENDED
    assert client.session.version is None


# SUBSCRIBE and UNSUBSCRIBE


def test_a_message_with_all_that_belongs_to_it() -> None:
    assert talk().subscribe(PRICE_1) == [
        Frame(
            "MESSAGE",
            {
                "subscription": "sub-0",
                "message-id": "9-1",
                "destination": PRICE_1,
                "content-type": "application/json",
                "content-length": "62",
            },
            b'{"marketId":1,"yesPrice":50.0,"noPrice":50.0,"timestamp":1000}',
        )
    ]


def test_the_present_state_comes_first_and_then_each_change() -> None:
    client = talk()
    assert prices(client.subscribe(PRICE_1)) == [50]
    assert client.hear() == []
    client.board.show(price(1, "51"))
    assert prices(client.hear()) == [51]
    client.board.show(price(2, "60"))
    client.board.show(book(1, "1@1"))
    assert client.hear() == []


def test_a_subscription_to_all_begins_with_a_list() -> None:
    client = talk()
    (first,) = client.subscribe(ALL_PRICES)
    assert [each["marketId"] for each in msgspec.json.decode(first.body)] == [1, 2]
    client.board.show(price(2, "60"))
    (change,) = client.hear()
    assert msgspec.json.decode(change.body)["marketId"] == 2


def test_a_book_comes_whole() -> None:
    client = talk()
    (empty,) = client.subscribe(BOOK_1)
    assert msgspec.json.decode(empty.body)["yesBids"] == []
    client.board.show(book(1, "10@50", "3@52"))
    (changed,) = client.hear()
    assert msgspec.json.decode(changed.body)["yesAsks"] == [{"quantity": 3, "price": 52}]


def test_ids_of_messages_are_all_different_and_subscriptions_told_apart() -> None:
    client = talk()
    frames = client.subscribe(PRICE_1, "a") + client.subscribe(PRICE_1, "b") + client.subscribe(PRICE_2, "c:\n\\d")
    for yes in ("60", "61"):
        client.board.show(price(1, yes))
        client.board.show(price(2, yes))
        frames += client.hear()
    assert [frame.headers["subscription"] for frame in frames] == ["a", "b", "c:\n\\d"] * 3
    assert len({frame.headers["message-id"] for frame in frames}) == 9


def test_after_unsubscribe_nothing_comes() -> None:
    client = talk()
    client.subscribe(PRICE_1, "a")
    client.subscribe(PRICE_1, "b")
    client.board.show(price(1, "60"))
    client.session.feed(b"UNSUBSCRIBE\nid:a\n\n\0", 0)
    assert client.session.handle_next()
    (message,) = client.hear()
    assert message.headers["subscription"] == "b"
    client.say("UNSUBSCRIBE", id="b")
    client.board.show(price(1, "61"))
    assert client.hear() == []
    assert client.board._feeds == {}


def test_an_id_may_be_used_again_after_unsubscribe() -> None:
    client = talk()
    client.subscribe(PRICE_1)
    client.say("UNSUBSCRIBE", id="sub-0")
    assert prices(client.subscribe(PRICE_2)) == [50]


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"id": "a"}, "MALFORMED: SUBSCRIBE needs the header destination"),
        ({"destination": PRICE_1}, "MALFORMED: SUBSCRIBE needs the header id"),
        (
            {"id": "a", "destination": PRICE_1, "ack": "never"},
            "MALFORMED: ack is auto, client, client-individual, not 'never'",
        ),
        ({"id": "a", "destination": PRICE_1, "ack": ""}, "MALFORMED: ack is auto, client, client-individual, not ''"),
        ({"id": "there", "destination": PRICE_2}, "CONFLICT: there is a subscription 'there' already"),
        ({"id": "a", "destination": "/topic/market/3/price"}, "NOT_FOUND: there is no market 3"),
        (
            {"id": "x" * (ID_LENGTH_MAX + 1), "destination": PRICE_1},
            f"MALFORMED: the id of a subscription has at most {ID_LENGTH_MAX} characters",
        ),
        (
            {"id": "a", "destination": "/topic/x"},
            f"NOT_FOUND: there is no destination '/topic/x': {EXISTING}",
        ),
    ],
)
def test_subscriptions_that_can_not_be(headers: dict[str, str], refusal: str) -> None:
    client = talk()
    client.subscribe(PRICE_1, "there")
    assert client.refused(client.say("SUBSCRIBE", **headers)) == refusal
    assert client.board._feeds == {}


def test_subscriptions_have_a_limit() -> None:
    client = talk()
    for number in range(SUBSCRIPTIONS_MAX):
        assert len(client.subscribe(PRICE_1, f"sub-{number}")) == 1
    refusal = client.refused(client.subscribe(PRICE_1, "one more"))
    assert refusal == f"TOO_MANY_REQUESTS: a connection has at most {SUBSCRIPTIONS_MAX} subscriptions"


def test_unsubscribe_needs_the_id_of_a_subscription() -> None:
    for headers, refusal in (
        ({}, "MALFORMED: UNSUBSCRIBE needs the header id"),
        ({"id": "b"}, "NOT_FOUND: there is no subscription 'b'"),
    ):
        client = talk()
        client.subscribe(PRICE_1, "a")
        assert client.refused(client.say("UNSUBSCRIBE", **headers)) == refusal


def test_a_bodys_line_ends_are_read_over_and_everything_else_in_it_refused() -> None:
    client = talk()
    assert client.say("SUBSCRIBE", b"\r\n\n", id="a", destination=PRICE_1)[0].command == "MESSAGE"
    frames = client.say("SUBSCRIBE", b"x", id="b", destination=PRICE_1)
    assert client.refused(frames) == "MALFORMED: SUBSCRIBE must not have a body"


# Receipts and the end


@pytest.mark.parametrize(
    ("command", "headers"),
    [
        ("SUBSCRIBE", {"id": "b", "destination": PRICE_1}),
        ("UNSUBSCRIBE", {"id": "a"}),
        ("ACK", {"id": "9-1"}),
        ("NACK", {"id": "9-1"}),
        ("DISCONNECT", {}),
    ],
)
def test_every_frame_has_its_receipt_if_it_wants_one(command: str, headers: dict[str, str]) -> None:
    client = talk()
    client.subscribe(PRICE_1, "a")
    assert client.say(command, receipt="a:\\\n\r7", **headers)[0] == Frame("RECEIPT", {"receipt-id": "a:\\\n\r7"})


@pytest.mark.parametrize("receipt", [{}, {"receipt": "77"}])
def test_disconnect_ends_it_with_a_receipt_and_without_an_error(receipt: dict[str, str]) -> None:
    client = talk()
    client.subscribe(PRICE_1)
    client.board.show(price(1, "60"))
    commands = [frame.command for frame in client.say("DISCONNECT", **receipt)]
    assert commands == ["RECEIPT"] * len(receipt)
    assert client.session.farewell == (1000, "goodbye")
    assert client.board._feeds == {}
    assert client.say("SUBSCRIBE", id="a", destination=PRICE_1, receipt="78") == []
    assert client.say_bytes(b"nonsense\n") == []


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("SEND", "nothing can be sent here, only subscribed to: orders are placed with POST /api/orders"),
        ("BEGIN", "there are no transactions here"),
        ("COMMIT", "there are no transactions here"),
        ("ABORT", "there are no transactions here"),
    ],
)
def test_what_is_not_offered(command: str, refusal: str) -> None:
    client = talk()
    frames = client.say(
        command, b"{}" if command == "SEND" else b"", destination=PRICE_1, transaction="t", receipt="77"
    )
    assert frames[0].headers["receipt-id"] == "77"
    assert frames[0].body.decode() == f"{command} was refused: {refusal}\n"
    assert client.refused(frames) == f"METHOD_NOT_ALLOWED: {refusal}"
    assert client.session.farewell == (POLICY_VIOLATION, refusal)


@pytest.mark.parametrize("command", sorted(SERVER_COMMANDS))
def test_a_servers_frames_are_refused(command: str) -> None:
    for client in (talk(), talk(None)):
        assert client.refused(client.say(command)) == f"MALFORMED: {command} is for servers to send"


def test_every_command_of_a_client_has_its_handler() -> None:
    assert set(talk().session._handlers) == CLIENT_COMMANDS


def test_what_is_no_frame_is_an_error_after_what_was_before_it() -> None:
    client = talk()
    client.subscribe(PRICE_1)
    receipt, *frames = client.say_bytes(b"ACK\nid:9-1\nreceipt:7\n\n\0HELLO\n\n\0ACK\nid:9-1\nreceipt:8\n\n\0")
    assert receipt == Frame("RECEIPT", {"receipt-id": "7"})
    assert client.refused(frames) == "MALFORMED: there is no command 'HELLO'"


@pytest.mark.parametrize("version", VERSIONS)
def test_escapes_are_those_of_the_agreed_version(version: Version) -> None:
    client = talk(version)
    frames = client.say_bytes(b"SUBSCRIBE\nid:a\\rb\ndestination:" + PRICE_1.encode() + b"\n\n\0")
    if version == "1.1":
        assert client.refused(frames) == r"MALFORMED: '\\r' is no escape of STOMP 1.1"
    else:
        assert frames[0].headers["subscription"] == "a\rb"


@pytest.mark.parametrize(
    ("code", "close_code"),
    [
        (Problem.UNAUTHORIZED, SESSION_ENDED),
        (Refusal.ACCOUNT_SUSPENDED, SESSION_ENDED),
        (Problem.SHUTTING_DOWN, GOING_AWAY),
        (Refusal.NOT_FOUND, POLICY_VIOLATION),
    ],
)
def test_it_can_be_ended_from_outside_once(code: Refusal | Problem, close_code: int) -> None:
    client = talk()
    client.subscribe(PRICE_1)
    client.session.fail(Rejected(code, "that is all"))
    client.session.fail(Rejected(Problem.BUSY, "another reason"))
    frames = client.hear()
    assert frames[0].body == b"that is all\n"
    assert client.refused(frames) == f"{code.value}: that is all"
    assert client.session.farewell == (close_code, "that is all")
    assert client.board._feeds == {}


# Time


def test_a_client_that_does_not_connect_is_sent_away() -> None:
    client = talk(None)
    for client.now_s in (1, CONNECT_DEADLINE_S - 0.1):
        assert client.say_bytes(b"\nCONNECT\n"[: int(client.now_s)]) == []
        assert client.session.due_s == CONNECT_DEADLINE_S
    client.now_s = CONNECT_DEADLINE_S
    assert client.refused(client.hear()) == "TOO_SLOW: no CONNECT came for 10 s"


def test_without_heart_beats_nothing_is_ever_due() -> None:
    client = talk()
    assert client.session.due_s == float("inf")
    client.now_s = 1e9
    assert client.hear() == []
    assert client.beats == 0


def test_we_beat_when_we_have_said_nothing_for_long() -> None:
    client = talk(heart_beat="0,10000")
    period_s = 10 * EARLY
    assert client.session.due_s == period_s
    for beats in range(1, 5):
        client.now_s = client.session.due_s
        assert client.hear() == []
        assert client.beats == beats
        assert client.session.due_s == client.now_s + period_s
    client.now_s += 5
    client.subscribe(PRICE_1)
    assert client.session.due_s == client.now_s + period_s


def test_a_message_is_beat_enough() -> None:
    client = talk(heart_beat="0,10000")
    client.subscribe(PRICE_1)
    client.now_s = 10 * EARLY
    client.board.show(price(1, "60"))
    assert prices(client.hear()) == [60]
    assert client.beats == 0


def test_a_peer_that_promised_beats_and_is_silent_is_sent_away() -> None:
    client = talk(heart_beat="10000,0")
    for _ in range(5):
        client.now_s += 10 * PATIENCE - 0.1
        assert client.say_bytes(b"\n") == []
    client.now_s += 10 * PATIENCE
    refusal = client.refused(client.hear())
    assert refusal == f"TOO_SLOW: nothing came, not even a heart-beat, for {10 * PATIENCE} s"


def test_a_part_of_a_frame_is_a_sign_of_life() -> None:
    client = talk(heart_beat="10000,0")
    for part in (b"ACK\n", b"id:9", b"-1\n"):
        client.now_s += 15
        assert client.say_bytes(part) == []
