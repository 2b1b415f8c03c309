"""Sessions and nonsense: whatever a client says, it hears whole frames, and at most one ERROR, which is the last."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stomp.codec import CLIENT_COMMANDS, SERVER_COMMANDS, Frame
from gateway.stomp.subscription import UNACKNOWLEDGED_MAX
from gateway.stomp.topics import ALL_PRICES
from tests.gateway.stomp.fuzzing import RELAXED
from tests.gateway.stomp.states import book, price
from tests.gateway.stomp.talks import Talk

DESTINATIONS = [ALL_PRICES, "/topic/market/1/price", "/topic/market/1/orderbook", "/topic/market/9/price", "/queue/a"]
NAMES = [
    "id",
    "destination",
    "ack",
    "receipt",
    "message-id",
    "subscription",
    "transaction",
    "accept-version",
    "heart-beat",
]
VALUES = st.sampled_from([*DESTINATIONS, "a", "b", "auto", "client", "9-1", "9-2", "9-3", "1.1", "1.2", "0,0", "5,5"])
TEXT = st.text(st.sampled_from("a1-,:\\\n\r ä"), max_size=6)
FRAMES = st.tuples(
    st.sampled_from(sorted(CLIENT_COMMANDS | SERVER_COMMANDS)),
    st.dictionaries(st.sampled_from(NAMES), VALUES | st.text()),
)
SENSIBLE = st.one_of(
    st.tuples(
        st.just("SUBSCRIBE"),
        st.fixed_dictionaries(
            {
                "id": st.sampled_from("abc"),
                "destination": st.sampled_from(DESTINATIONS[:3]),
                "ack": st.sampled_from(["auto", "client", "client-individual"]),
            },
            optional={"receipt": TEXT},
        ),
    ),
    st.tuples(st.just("UNSUBSCRIBE"), st.fixed_dictionaries({"id": st.sampled_from("abc")})),
    st.tuples(
        st.sampled_from(["ACK", "NACK"]),
        st.integers(1, 9).map(lambda number: {"id": f"9-{number}", "message-id": f"9-{number}", "subscription": "a"}),
    ),
)


def check(talk: Talk, frames: list[Frame]) -> None:
    """See that an ERROR is the end and the end an ERROR."""
    commands = [frame.command for frame in frames]
    assert set(commands) <= {"CONNECTED", "MESSAGE", "RECEIPT", "ERROR"}
    if "ERROR" in commands:
        assert commands.index("ERROR") == len(commands) - 1
        assert talk.session.farewell is not None
    if talk.session.farewell is not None:
        assert talk.board._feeds == {}
        assert commands[-1:] in (["ERROR"], ["RECEIPT"], [])


@pytest.mark.parametrize("version", ["1.1", "1.2", None])
@settings(RELAXED, max_examples=150)
@given(script=st.lists(st.one_of(SENSIBLE, SENSIBLE, SENSIBLE, FRAMES, st.binary(max_size=30)), max_size=20))
def test_an_error_is_the_last_word(version: str | None, script: list[tuple[str, dict[str, str]] | bytes]) -> None:
    talk = Talk(version)  # type: ignore[arg-type]  # one of the two
    talk.board.show(price(1))
    talk.board.show(book(1))
    over = False
    for step in script:
        if isinstance(step, bytes):
            frames = talk.say_bytes(step)
        else:
            command, headers = step
            if command in ("CONNECT", "STOMP", "CONNECTED") and "\n" in "".join(headers.values()):
                continue
            frames = talk.say(command, **headers)
        talk.board.show(price(1))
        talk.board.show(price(2))
        frames += talk.hear()
        assert not (over and frames)
        over = talk.session.farewell is not None
        check(talk, frames)
        for subscription in talk.session._subscriptions.values():
            assert 0 <= subscription.room <= UNACKNOWLEDGED_MAX
