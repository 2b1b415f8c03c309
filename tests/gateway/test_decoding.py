"""What can't be read, in words."""

import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from engine.amounts import DECIMAL_PATTERN
from gateway.answers import Rejected
from gateway.decoding import decode_body, decode_fields, in_words, query_fields
from gateway.limits import WORDS, Decimal, Id, Text, as_id


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Inner(msgspec.Struct):
    price: Decimal


class Priced(msgspec.Struct):
    odds: Annotated[int, msgspec.Meta(ge=101, le=100_000)] | None


class Everything(msgspec.Struct, rename="camel"):
    some_id: Id | None = None
    text: Text | None = None
    colour: Colour | None = None
    word: Literal["a", "b"] = "a"
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    flag: bool = False
    maybe: Annotated[int, msgspec.Meta(ge=0)] | None = None
    inner: Inner | None = None
    inners: list[Inner] = []
    few: Annotated[tuple[str, ...], msgspec.Meta(max_length=2)] = ()
    priced: list[Priced] = []
    some: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)] = ("a", "b")
    numbers: Annotated[dict[str, int], msgspec.Meta(max_length=1)] = {}


DECODER = msgspec.json.Decoder(Everything)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"someId": "x"}, "someId must be an id: a whole number from 1 to 9007199254740991"),
        ({"someId": 2**53}, "someId must be at most 9007199254740991"),
        ({"someId": 0}, "someId must be at least 1"),
        ({"someId": 1.5}, "someId must be a whole number or a string or null, not a number"),
        ({"someId": 2**64}, "someId must be at most 9007199254740991"),
        ({"text": "\n"}, "text must be 1 to 64 printable characters"),
        ({"colour": "blue"}, "colour must be one of red, green"),
        ({"colour": 1}, "colour must be a string or null, not a whole number"),
        ({"word": "c"}, "word must be one of a, b"),
        ({"count": 10}, "count must be at most 9"),
        ({"count": 1.5}, "count must be a whole number such as 10"),
        ({"count": 1.0}, "count must be a whole number such as 10"),
        ({"count": "1"}, "count must be a whole number, not a string"),
        ({"flag": "yes"}, "flag must be true or false, not a string"),
        ({"maybe": 1.5}, "maybe must be a whole number such as 10"),
        ({"inner": {"price": "-1"}}, f"inner.price {WORDS[DECIMAL_PATTERN]}"),
        ({"few": ["a", "b", "c"]}, "few must have at most 2 entries"),
        ({"some": ["a"]}, "some must have at least 2 entries"),
        ({"numbers": {"a": 1, "b": 2}}, "numbers must have at most 1 entries"),
        ({"inner": {"price": 1}}, "inner.price must be a string, not a whole number"),
        ({"inner": {}}, "inner.price is needed"),
        ({"priced": [{"odds": 1.85}]}, "priced[0].odds must be a whole number such as 185 for 1.85"),
        ({"priced": [{"odds": 2.0}]}, "priced[0].odds must be a whole number such as 185 for 1.85"),
        ({"priced": [{"odds": 2}]}, "priced[0].odds must be at least 101, such as 185 for 1.85"),
        ({"priced": [{"odds": 100_001}]}, "priced[0].odds must be at most 100000, such as 185 for 1.85"),
        ({"priced": [{"odds": "185"}]}, "priced[0].odds must be a whole number or null, not a string"),
        ({"inners": [{"price": "1"}, {"price": "x"}]}, f"inners[1].price {WORDS[DECIMAL_PATTERN]}"),
    ],
)
def test_words(value: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode_body(msgspec.json.encode(value), DECODER)
    assert caught.value.message == words


def test_words_for_what_is_not_foreseen() -> None:
    """A message that a newer msgspec words otherwise still becomes a sentence, and quotes nothing."""
    assert in_words("Something new about 'their text' - at `$.count`", Everything) == "count has a wrong value"
    assert in_words("Number out of range - at `$.count`", Everything) == "count is out of range"
    assert in_words("Invalid enum value 'x' - at `$.inner.side`", Everything) == "inner.side has no such value"


@pytest.mark.parametrize("written", [7, "7"])
def test_an_id_in_either_form(written: int | str) -> None:
    request = decode_body(msgspec.json.encode({"someId": written}), DECODER)
    assert request.some_id is not None
    assert as_id(request.some_id) == 7


def test_sixteen_digits_may_be_too_many() -> None:
    assert as_id(str(2**53 - 1)) == 2**53 - 1
    with pytest.raises(Rejected, match="9007199254740991"):
        as_id(str(2**53))


def test_text_of_a_query_becomes_numbers() -> None:
    assert decode_fields({"count": "5", "word": "b"}, Everything).count == 5
    for text in ("five", "1e2", "1.0", "5_0", "+5", "\u0665", ""):
        with pytest.raises(Rejected, match="count must be a whole number"):
            decode_fields({"count": text}, Everything)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("maybe", "x", "maybe must be a whole number"),
        ("maybe", "1.0", "maybe must be a whole number"),
        ("maybe", "", "maybe must be a whole number"),
        ("maybe", "-1", "maybe must be at least 0"),
        ("flag", "yes", "flag must be true or false"),
        ("colour", "blue", "colour must be one of red, green"),
    ],
)
def test_words_for_the_text_of_a_query(name: str, text: str, words: str) -> None:
    """It says nothing of strings, which all of it is, and of null, which can't be written there."""
    with pytest.raises(Rejected) as caught:
        decode_fields({name: text}, Everything)
    assert caught.value.message == words


def test_a_missing_field_is_named() -> None:
    with pytest.raises(Rejected) as caught:
        decode_body(b"{}", msgspec.json.Decoder(Inner))
    assert caught.value.message == "price is needed"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a", {"a": ""}),
        (b"a=%2F+x", {"a": "/ x"}),
        (b"a=%E2%82%AC", {"a": "\u20ac"}),
    ],
)
def test_queries(query: bytes, fields: dict[str, str]) -> None:
    assert query_fields(query) == fields


@pytest.mark.parametrize("query", [b"a=1&a=1", b"a=%FF", b"\xff", b"&".join(b"x%d=" % n for n in range(33))])
def test_queries_that_can_t_be_read(query: bytes) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        query_fields(query)


def test_a_key_that_appears_twice_is_named_safely() -> None:
    """Whatever the key is, the message stays short and printable."""
    with pytest.raises(Rejected) as caught:
        decode_body(b'{"\\u0000' + b"k" * 500 + b'":1,"\\u0000' + b"k" * 500 + b'":2}', DECODER)
    assert caught.value.message.isprintable()
    assert caught.value.message.endswith("kkk appears twice")
    assert len(caught.value.message) < 100
