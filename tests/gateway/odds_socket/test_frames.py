"""What a client may say, and what is said about the rest."""

import msgspec
import pytest

from gateway.answers import Rejected
from gateway.odds_socket.frames import MARKETS_MAX, read_frame


@pytest.mark.parametrize(
    ("sent", "kind", "ids"),
    [
        ('{"type":"subscribe","markets":["1001",1002]}', "subscribe", [1001, 1002]),
        ('{"type":"unsubscribe","markets":["1001"]}', "unsubscribe", [1001]),
        ('{"markets":[7,"7",8,7],"type":"subscribe"}', "subscribe", [7, 8]),
        ('{"type":"subscribe","markets":[]}', "subscribe", []),
        ('{"type":"resume","offsets":{"1001":10,"7":0}}', "resume", [1001, 7]),
        ('{"type":"ping"}', "ping", []),
        ('{"type":"ping","at":1e400,"more":{"a":[null]}}', "ping", []),
    ],
)
def test_what_is_asked_for(sent: str, kind: str, ids: list[int]) -> None:
    asked = read_frame(sent.encode())
    assert (asked.kind, list(asked.markets)) == (kind, ids)


def test_who_resumes_names_his_numbers() -> None:
    asked = read_frame(b'{"type":"resume","offsets":{"1001":10,"7":9007199254740991},"markets":[5]}')
    assert asked.markets == {1001: 10, 7: 2**53 - 1}
    asked = read_frame(b'{"type":"subscribe","offsets":{"1001":10},"markets":[]}')
    assert asked.markets == {}, "offsets are of no interest here"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("", "a JSON body is missing"),
        ("{", "the body is not valid JSON"),
        ("\\xff", "the body is not valid JSON"),
        ('{"x":' + "[" * 5_000, "the body is nested too deeply"),
        ("[]", "the body must be an object, not a list"),
        ("{}", "type is needed"),
        ('{"type":5}', "type must be a string, not a whole number"),
        ('{"type":"buy"}', "type must be one of subscribe, unsubscribe, resume, ping"),
        ('{"type":"ping","type":"ping"}', "type appears twice"),
        ('{"type":"subscribe"}', "subscribe needs markets"),
        ('{"type":"unsubscribe","offsets":{}}', "unsubscribe needs markets"),
        ('{"type":"resume","markets":[]}', "resume needs offsets"),
        ('{"type":"subscribe","markets":"7"}', "markets must be a list, not a string"),
        ('{"type":"subscribe","markets":null}', "markets must be a list, not null"),
        ('{"type":"ping","markets":7}', "markets must be a list, not a whole number"),
        ('{"type":"subscribe","markets":[0]}', "markets[0] must be at least 1"),
        ('{"type":"subscribe","markets":[1.5]}', "markets[0] must be a whole number or a string, not a number"),
        ('{"type":"subscribe","markets":[9007199254740992]}', "markets[0] must be at most 9007199254740991"),
        ('{"type":"subscribe","markets":["9007199254740992"]}', "an id is at most 9007199254740991"),
        ('{"type":"subscribe","markets":["07"]}', "markets[0] must be an id: a whole number from 1 to"),
        ('{"type":"resume","offsets":[7]}', "offsets must be an object, not a list"),
        ('{"type":"resume","offsets":{"x":1}}', "offsets has 'x', which is no market's id"),
        ('{"type":"resume","offsets":{"7":-1}}', "offsets[...] must be at least 0"),
        ('{"type":"resume","offsets":{"7":"1"}}', "offsets[...] must be a whole number, not a string"),
        ('{"type":"resume","offsets":{"7":null}}', "offsets[...] must be a whole number, not null"),
        ('{"type":"resume","offsets":{"7":1,"7":2}}', "7 appears twice"),
    ],
)
def test_what_can_not_be_read_is_said_in_words(sent: str, words: str) -> None:
    with pytest.raises(Rejected) as rejected:
        read_frame(sent.encode())
    assert rejected.value.code.value == "MALFORMED"
    assert words in rejected.value.message


def test_one_message_names_so_many_markets_and_no_more() -> None:
    ids = list(range(1, MARKETS_MAX + 1))
    offsets = {str(market_id): 0 for market_id in ids}
    for name, value, one_more in (("markets", ids, [*ids, 5_000]), ("offsets", offsets, {**offsets, "5000": 0})):
        kind = "subscribe" if name == "markets" else "resume"
        assert read_frame(msgspec.json.encode({"type": kind, name: value})).markets.keys() == set(ids)
        with pytest.raises(Rejected):
            read_frame(msgspec.json.encode({"type": kind, name: one_more}))
