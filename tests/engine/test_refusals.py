"""Of several reasons why something is refused, which is told."""

from itertools import permutations

from engine.refusals import Refusal, Refused, first_of


def test_there_is_nothing_to_tell_of_no_refusal() -> None:
    assert first_of(()) is None
    assert first_of((None, None)) is None


def test_what_stands_first_in_the_list_is_told_in_whichever_order_they_come() -> None:
    refusals = (
        Refused(Refusal.NOT_FOUND, "there is none"),
        Refused(Refusal.MARKET_HALTED, "it is suspended"),
        Refused(Refusal.MARKET_CLOSED, "it is closed", {"since": 5}),
        None,
    )
    for order in permutations(refusals):
        assert first_of(iter(order)) is refusals[0]
    for order in permutations(refusals[1:]):
        assert first_of(order) is refusals[1]


def test_every_code_has_its_place() -> None:
    everything = [Refused(code, "") for code in Refusal]
    for place, refused in enumerate(everything):
        assert first_of(reversed(everything[place:])) is refused


def test_of_two_alike_the_first_is_told() -> None:
    one, other = Refused(Refusal.MARKET_CLOSED, "one"), Refused(Refusal.MARKET_CLOSED, "other")
    assert first_of((None, one, other)) is one
    assert first_of((other, one)) is other
