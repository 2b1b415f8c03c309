"""What a client may write, character by character; ids in either form are tested with decoding."""

import sys
import unicodedata
from typing import Any

import msgspec
import pytest

from gateway.limits import NewPassword, Note, Password, Text

TEXTS = {"Text": Text, "Note": Note, "NewPassword": NewPassword, "Password": Password}
SURROGATES = [*map(chr, (0xD800, 0xDBFF, 0xDC00, 0xDFFF)), "\ud83d\ude00"]
FILLING = "eight of"  # as long as the shortest password

# Control characters, surrogates, line and paragraph separators; and what turns the direction of reading.
NOT_PRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def passes(value: str, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("surrogate", SURROGATES, ids=ascii)
@pytest.mark.parametrize("place", range(3))
def test_no_text_has_a_surrogate(kind: Any, surrogate: str, place: int) -> None:
    """PostgreSQL can't store one, so a statement would fail; the same text passes without it."""
    value = (surrogate + FILLING, FILLING[:4] + surrogate + FILLING[4:], FILLING + surrogate)[place]
    assert not passes(value, kind)
    assert passes(value.replace(surrogate, "\U0001f600"), kind)


def test_every_character_is_let_through_unless_it_is_not_printable() -> None:
    """All 1,114,112 of them, against Unicode's own tables."""
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        printable = (
            unicodedata.category(character) not in NOT_PRINTABLE and unicodedata.bidirectional(character) not in TURNS
        )
        assert passes(character, Text) is printable, ascii(character)


@pytest.mark.parametrize(
    ("kind", "shortest", "longest"),
    [(Text, 1, 64), (Note, 1, 500), (NewPassword, 8, 256), (Password, 1, 256)],
    ids=TEXTS,
)
def test_lengths(kind: Any, shortest: int, longest: int) -> None:
    assert [passes("\u20ac" * length, kind) for length in (shortest - 1, shortest, longest, longest + 1)] == [
        False,
        True,
        True,
        False,
    ]
