"""What the books keep of what matches offered, and for how long."""

from engine.ledger.bet_books import FORGET_MAX, BetBooks, Shown

NOW = 1_700_000_000_000
LONG_AGO = NOW - 1_000


def shown(until_ms: int, number: int = 1) -> Shown:
    return Shown(number, True, None, {1: 185}, until_ms)


def books(*changes: tuple[int, int]) -> BetBooks:
    """Matches of which something changed, one after the other: (match, when)."""
    found = BetBooks((), (), {}, ())
    for market_id, until_ms in changes:
        found.remember_shown({market_id: (shown(until_ms),)}, 0)
    return found


def test_what_a_page_says_replaces_what_was_known() -> None:
    found = books((2, NOW), (3, NOW))
    later = (shown(NOW), shown(NOW + 1, 2))
    found.remember_shown({2: later}, LONG_AGO)
    assert found.shown == {2: later, 3: (shown(NOW),)}


def test_a_match_of_which_nothing_is_to_be_kept_is_forgotten() -> None:
    found = books((2, NOW), (3, NOW))
    found.remember_shown({2: (), 4: ()}, LONG_AGO)
    assert found.shown == {3: (shown(NOW),)}


def test_what_changed_last_long_ago_is_forgotten_with_any_page() -> None:
    found = books((2, NOW - 1))
    found.remember_shown({}, NOW - 1)
    assert list(found.shown) == [2]
    found.remember_shown({}, NOW)
    assert list(found.shown) == []
    found.remember_shown({}, NOW)


def test_the_last_change_of_a_match_counts() -> None:
    found = books()
    found.remember_shown({2: (shown(LONG_AGO), shown(NOW, 2))}, NOW)
    assert len(found.shown[2]) == 2


def test_a_page_forgets_few_and_the_oldest_first() -> None:
    """So that no page waits for it."""
    found = books(*((market_id, LONG_AGO) for market_id in range(2, 12)), (2, NOW), (99, NOW))
    left = [*range(3, 12), 2, 99]
    assert list(found.shown) == left
    while left[0] != 2:
        found.remember_shown({}, NOW)
        left = left[min(FORGET_MAX, left.index(2)) :]
        assert list(found.shown) == left
    found.remember_shown({}, NOW)
    assert list(found.shown) == [2, 99]


def test_who_has_changed_anew_waits_behind_the_others() -> None:
    found = books((2, LONG_AGO), (3, LONG_AGO), (4, LONG_AGO))
    found.remember_shown({2: (shown(NOW, 2),), 3: (shown(NOW, 2),)}, NOW)
    assert list(found.shown) == [2, 3]
