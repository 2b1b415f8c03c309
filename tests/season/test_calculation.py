"""Hand examples of what bets come to: whole, half and quarter lines."""

import pytest

from tests.season.calculation import Selection, Slip, accumulated, liability, payout

STAKE = 1_000


def paid(words: str, score: str, odds: int = 190, stake: int = STAKE) -> int:
    """What a bet in words comes to: "spread home -25" at "1:1"."""
    kind, pick, *line = words.split()
    home, away = map(int, score.split(":"))
    return payout(Slip(Selection(kind, pick, int(line[0]) if line else None), stake, odds), home, away)


@pytest.mark.parametrize(
    ("pick", "score", "expected"),
    [
        ("home", "2:1", 1_900),
        ("home", "1:1", 0),
        ("home", "0:1", 0),
        ("draw", "1:1", 1_900),
        ("draw", "1:0", 0),
        ("away", "0:1", 1_900),
        ("away", "3:1", 0),
    ],
)
def test_moneyline(pick: str, score: str, expected: int) -> None:
    assert paid(f"moneyline {pick}", score) == expected


@pytest.mark.parametrize(
    ("bet", "score", "expected"),
    [
        # A whole line comes back where it is met exactly.
        ("home -100", "2:0", 1_900),
        ("home -100", "1:0", 1_000),
        ("home -100", "1:1", 0),
        ("away -100", "2:0", 0),
        ("away -100", "1:0", 1_000),
        ("away -100", "1:1", 1_900),
        ("home 0", "1:1", 1_000),
        # A half line is won or lost.
        ("home -50", "1:0", 1_900),
        ("home -50", "1:1", 0),
        ("away -50", "1:1", 1_900),
        ("home 150", "0:1", 1_900),
        ("home 150", "0:2", 0),
        # -0.25: half on 0, half on -0.5.
        ("home -25", "1:0", 1_900),
        ("home -25", "1:1", 500),
        ("home -25", "0:1", 0),
        ("away -25", "1:0", 0),
        ("away -25", "1:1", 1_450),
        ("away -25", "0:1", 1_900),
        # -0.75: half on -0.5, half on -1.
        ("home -75", "2:0", 1_900),
        ("home -75", "1:0", 1_450),
        ("home -75", "1:1", 0),
        ("away -75", "1:0", 500),
        # 1.25: half on 1, half on 1.5.
        ("home 125", "0:1", 1_450),
        ("home 125", "0:2", 0),
        ("away 125", "0:1", 500),
        # -2.25: half on -2, half on -2.5.
        ("home -225", "2:0", 500),
        ("away -225", "2:0", 1_450),
        ("home -225", "3:0", 1_900),
    ],
)
def test_spread(bet: str, score: str, expected: int) -> None:
    assert paid(f"spread {bet}", score) == expected


@pytest.mark.parametrize(
    ("bet", "score", "expected"),
    [
        ("over 250", "2:1", 1_900),
        ("over 250", "2:0", 0),
        ("under 250", "2:0", 1_900),
        ("under 250", "3:0", 0),
        ("over 300", "2:1", 1_000),
        ("under 300", "2:1", 1_000),
        ("over 225", "1:1", 500),
        ("under 225", "1:1", 1_450),
        ("over 275", "2:1", 1_450),
        ("under 275", "2:1", 500),
    ],
)
def test_total(bet: str, score: str, expected: int) -> None:
    assert paid(f"total {bet}", score) == expected


@pytest.mark.parametrize(
    ("bet", "score", "odds", "stake", "expected"),
    [
        ("moneyline home", "1:0", 185, 1, 1),  # 1.85
        ("moneyline home", "1:0", 185, 7, 12),  # 12.95
        ("spread home -25", "1:1", 190, 3, 1),  # half of 3
        ("spread away -25", "1:1", 193, 7, 10),  # 3.5 x 1.93 + 3.5 = 10.255; each half rounded on its own were 6 + 3
        ("spread away -25", "1:1", 101, 1, 1),  # 0.505 + 0.5
    ],
)
def test_a_payout_is_rounded_down_once(bet: str, score: str, odds: int, stake: int, expected: int) -> None:
    assert paid(bet, score, odds, stake) == expected


def test_an_accumulator_multiplies_and_is_rounded_down_once() -> None:
    draw, under = Selection("moneyline", "draw"), Selection("total", "under", 250)
    handicap = Selection("spread", "away", -25)
    assert accumulated(101, [(draw, 333, (1, 1)), (under, 187, (1, 1))]) == 628  # 628.9371
    assert accumulated(3, [(draw, 333, (1, 1)), (handicap, 193, (1, 1))]) == 14  # 3 x 3.33 x 1.465 = 14.63535
    assert accumulated(100, [(draw, 333, (1, 1)), (under, 187, (3, 0))]) == 0


def test_the_worst_is_looked_for_in_each_group_by_itself() -> None:
    home, away = Selection("moneyline", "home"), Selection("moneyline", "away")
    handicap, moved = Selection("spread", "away", -25), Selection("spread", "away", 25)
    over = Selection("total", "over", 250)
    slips = [
        Slip(home, 100, 300),
        Slip(away, 100, 250),  # the better of the two is 300
        Slip(handicap, 100, 200),
        Slip(moved, 100, 150),  # another line is another group
        Slip(over, 100, 180),
    ]
    assert liability(slips) == 300 + 200 + 150 + 180
    assert liability([]) == 0


def test_a_push_may_be_the_worst_of_a_group() -> None:
    """Both sides come back: that costs more than the one that wins at odds below 2 with the smaller stake."""
    home, away = Selection("spread", "home", -100), Selection("spread", "away", -100)
    assert liability([Slip(home, 100, 150), Slip(away, 100, 150)]) == 200
