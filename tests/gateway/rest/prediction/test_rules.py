"""What an operator can set for all questions."""

import pytest

from engine.prediction.lifecycle import Rules
from gateway.settings import Settings, SettingsError, from_environment


def test_nothing_set_is_the_engine_s_own_rules() -> None:
    assert from_environment({}).rules == Settings().rules == Rules()


def test_everything_set() -> None:
    environment = {"RESOLUTION_APPROVALS": "2", "CHALLENGE_WINDOW_S": "60", "PAYOUT_WINDOW_S": "0"}
    assert from_environment(environment).rules == Rules(challenge_ms=60_000, payout_window_ms=0, approvals=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RESOLUTION_APPROVALS", "0"),
        ("RESOLUTION_APPROVALS", "3"),
        ("RESOLUTION_APPROVALS", "two"),
        ("CHALLENGE_WINDOW_S", "-1"),
        ("CHALLENGE_WINDOW_S", "1.5"),
        ("CHALLENGE_WINDOW_S", "31536001"),
        ("PAYOUT_WINDOW_S", "1h"),
        ("PAYOUT_WINDOW_S", "99999999999"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be a whole number from "):
        from_environment({name: value})
