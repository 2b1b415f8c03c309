"""No refusal is missing in the table, and its two columns follow their rule."""

import pytest

from engine.refusals import Refusal
from gateway.statuses import STATUSES, Code, Problem


def test_every_code_has_a_status() -> None:
    assert set(STATUSES) == {*Refusal, *Problem}


def test_no_code_stands_for_two_things() -> None:
    assert not {code.value for code in Refusal} & {code.value for code in Problem}


@pytest.mark.parametrize("code", STATUSES, ids=lambda code: code.value)
def test_prediction_knows_neither_422_nor_but_once_409(code: Code) -> None:
    """A market that is driven already is 409 on all paths: a bot has to tell it from its own mistakes."""
    status = STATUSES[code]
    elsewhere = 409 if code is Refusal.ALREADY_RUNNING else 400
    assert status.on_prediction == (elsewhere if status.on_v1 in (409, 422) else status.on_v1)


def test_certainly_not_done_and_unknown() -> None:
    """503 is always "certainly not done"; unknown is always 504."""
    assert [code for code, status in STATUSES.items() if status.on_v1 == 504] == [Problem.UNKNOWN]
    assert {code for code, status in STATUSES.items() if status.on_v1 == 503} == {
        Problem.BUSY,
        Problem.SHUTTING_DOWN,
        Problem.DATABASE_AWAY,
    }
