"""config.json: what is read, and the sentence for each thing that can be wrong."""

import json
from typing import Any

import pytest

from gateway.tools.mm_bot.settings import READERS, BadSettings, Settings, read_settings

EXAMPLE: dict[str, Any] = {
    "base_url": "http://localhost:8080",
    "admin_username": "admin",
    "admin_password": "admin123",
    "poll_interval_sec": 5,
    "market_ids": [],
    "orderbook_depth": 20,
    "trade_lookback": 30,
    "spread_base": 2.0,
    "spread_min": 1.0,
    "spread_max": 8.0,
    "vol_weight": 1.5,
    "order_size_base": 10,
    "order_size_min": 2,
    "order_size_max": 50,
    "enforce_inventory": True,
    "max_yes_position": 100000,
    "max_no_position": 100000,
    "min_balance_cents": 0,
}  # the specification's


def read(**changes: Any) -> tuple[Settings, list[str]]:
    return read_settings(json.dumps({**EXAMPLE, **changes}))


def wrong(text: str) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        read_settings(text)
    return bad.value.sentences


def test_there_are_eighteen_settings() -> None:
    assert list(READERS) == list(EXAMPLE) == list(Settings.__struct_fields__)
    assert len(READERS) == 18


def test_the_specifications_example_is_read_and_is_the_default() -> None:
    settings, warnings = read()
    assert (settings, warnings) == (Settings(admin_password="admin123"), [])
    assert read_settings("{}") == (Settings(), [])


@pytest.mark.parametrize(
    ("name", "value", "is_read_as"),
    [
        ("base_url", "https://x.example/", "https://x.example"),
        ("market_ids", [7, "8", 7], (7, 8)),
        ("spread_base", 3, 3.0),
        ("spread_min", 0.1, 0.1),
        ("spread_max", 99.9, 99.9),
        ("vol_weight", 0, 0.0),
        ("order_size_min", 1, 1),
        ("max_yes_position", 0, 0),
        ("enforce_inventory", False, False),
    ],
)
def test_a_setting_is_read_as(name: str, value: Any, is_read_as: Any) -> None:
    settings, _ = read(**{name: value})
    assert getattr(settings, name) == is_read_as
    assert type(getattr(settings, name)) is type(is_read_as)


WHOLE = 2**53 - 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("base_url", "localhost", "must be an address such as http://127.0.0.1:8080"),
        ("base_url", 8080, "must be an address such as http://127.0.0.1:8080"),
        ("admin_username", "", "must be a text in quotes, and not an empty one"),
        ("admin_password", 123, "must be a text in quotes, and not an empty one"),
        ("admin_password", None, "must be a text in quotes, and not an empty one"),
        ("poll_interval_sec", 0, "must be a whole number from 1 to 86400, not 0"),
        ("poll_interval_sec", 2.5, "must be a whole number from 1 to 86400, not 2.5"),
        ("poll_interval_sec", "5", 'must be a whole number from 1 to 86400, not "5"'),
        ("poll_interval_sec", True, "must be a whole number from 1 to 86400, not true"),
        ("market_ids", 7, "must be a list of ids, such as [1, 2], not 7"),
        ("market_ids", [1, 0], f"must hold ids, whole numbers from 1 to {WHOLE}, and 0 is none"),
        ("market_ids", [1.0], f"must hold ids, whole numbers from 1 to {WHOLE}, and 1.0 is none"),
        ("market_ids", [True], f"must hold ids, whole numbers from 1 to {WHOLE}, and true is none"),
        ("market_ids", ["x" * 99], f'must hold ids, whole numbers from 1 to {WHOLE}, and "{"x" * 36}... is none'),
        ("market_ids", [2**53], f"must hold ids, whole numbers from 1 to {WHOLE}, and {2**53} is none"),
        ("orderbook_depth", 1001, "must be a whole number from 1 to 1000, not 1001"),
        ("trade_lookback", 501, "must be a whole number from 1 to 500, not 501"),
        ("spread_base", "wide", 'must be a number from 0.1 to 99.9, not "wide"'),
        ("spread_min", 0, "must be a number from 0.1 to 99.9, not 0"),
        ("spread_max", 100, "must be a number from 0.1 to 99.9, not 100"),
        ("spread_max", True, "must be a number from 0.1 to 99.9, not true"),
        ("vol_weight", -0.5, "must be a number from 0 to 1000, not -0.5"),
        ("vol_weight", 10**30, "must be a number from 0 to 1000, not 1000000000000000000000000000000"),
        ("order_size_base", 0, "must be a whole number from 1 to 1000000, not 0"),
        ("order_size_min", -2, "must be a whole number from 1 to 1000000, not -2"),
        ("order_size_max", 10**7, "must be a whole number from 1 to 1000000, not 10000000"),
        ("enforce_inventory", "true", 'must be true or false, not "true"'),
        ("enforce_inventory", 1, "must be true or false, not 1"),
        ("max_yes_position", -1, f"must be a whole number from 0 to {WHOLE}, not -1"),
        ("max_no_position", 1e3, f"must be a whole number from 0 to {WHOLE}, not 1000.0"),
        ("min_balance_cents", -1, f"must be a whole number from 0 to {10**13}, not -1"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: Any, sentence: str) -> None:
    assert wrong(json.dumps({**EXAMPLE, name: value})) == [f"config.json: {name} {sentence}."]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = json.dumps({**EXAMPLE, "poll_interval_sec": 0, "spread_min": None, "enforce_inventory": 2})
    assert [sentence.split()[1] for sentence in wrong(text)] == ["poll_interval_sec", "spread_min", "enforce_inventory"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"spread_base": 9},
            "spread_base must lie between spread_min and spread_max, and 9.0 is not between 1.0 and 8.0.",
        ),
        (
            {"spread_min": 8.5, "spread_base": 8.5},
            "spread_base must lie between spread_min and spread_max, and 8.5 is not between 8.5 and 8.0.",
        ),
        (
            {"order_size_base": 1},
            "order_size_base must lie between order_size_min and order_size_max, and 1 is not between 2 and 50.",
        ),
        (
            {"spread_min": 1.02, "spread_base": 1.05, "spread_max": 1.08},
            "there must be a multiple of 0.1 cents between spread_min and spread_max.",
        ),
    ],
)
def test_settings_that_contradict_each_other(changes: dict[str, Any], sentence: str) -> None:
    assert wrong(json.dumps({**EXAMPLE, **changes})) == [f"config.json: {sentence}"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "config.json is not valid JSON: Expecting value in line 1."),
        ('{"spread_base": 2.0,\n"vol_weight": }', "config.json is not valid JSON: Expecting value in line 2."),
        ("[]", 'config.json must hold one object: {"base_url": ..., ...}.'),
        ('{"vol_weight": 1, "vol_weight": 2}', "config.json can't be read: vol_weight appears twice."),
        ('{"vol_weight": NaN}', "config.json can't be read: NaN is not a number."),
        ("[" * 100_000, "config.json can't be read: maximum recursion depth exceeded"),
    ],
)
def test_what_is_not_a_config_at_all(text: str, sentence: str) -> None:
    (said,) = wrong(text)
    assert said.startswith(sentence)


def test_an_unknown_setting_is_a_warning_that_names_it() -> None:
    settings, warnings = read(spred_base=3, colour="red")
    assert settings == Settings(admin_password="admin123")
    ignored = "that the bot does not know and ignores"
    assert warnings == [
        f"Warning: config.json has a setting spred_base {ignored}; did you mean spread_base?",
        f"Warning: config.json has a setting colour {ignored}.",
    ]
