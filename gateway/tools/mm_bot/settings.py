"""config.json: the eighteen settings of the bot. A wrong one is a sentence that names it; an unknown one a warning."""

import difflib
import json
import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from gateway.limits import DEPTH_MAX, ID_END, ID_PATTERN, PAGE_MAX
from gateway.tools.outside import as_url

WHOLE_MAX = ID_END - 1  # whole in a double, which is what JSON numbers are to many
DAY_S = 86_400
SHARES_MAX = 1_000_000  # in one quote: so much the market maker takes
CENTS_MAX = 10**13  # 100 billion USD, the market maker's own limit
CENTS_LEAST, CENTS_MOST = 0.1, 99.9  # a price lies between 0 and 100 cents, and so does a spread; sent in tenths
WEIGHT_MAX = 1_000.0  # a cent of volatility more would widen any spread to its limit


class BadSettings(Exception):
    """The bot can't run on these; one sentence for each reason."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class Settings(msgspec.Struct, frozen=True):
    """The defaults are the specification's example. Spreads are in cents, sizes and positions in shares."""

    base_url: str = "http://localhost:8080"
    admin_username: str = "admin"
    admin_password: str | None = None  # None: from the environment, or asked for
    poll_interval_sec: int = 5
    market_ids: tuple[int, ...] = ()  # none: every market that is open
    orderbook_depth: int = 20
    trade_lookback: int = 30
    spread_base: float = 2.0
    spread_min: float = 1.0
    spread_max: float = 8.0
    vol_weight: float = 1.5
    order_size_base: int = 10
    order_size_min: int = 2
    order_size_max: int = 50
    enforce_inventory: bool = True
    max_yes_position: int = 100_000
    max_no_position: int = 100_000
    min_balance_cents: int = 0


def read_settings(text: str, name: str = "config.json") -> tuple[Settings, list[str]]:
    """Read the file's text; also returns warnings. Raises BadSettings with everything that is wrong."""
    given = _read_object(text, name)
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for setting, read in READERS.items():
        if setting in given:
            try:
                found[setting] = read(given[setting])
            except ValueError as error:
                wrong.append(f"{name}: {setting} {error}.")
    if not wrong:
        settings = Settings(**found)
        wrong = [f"{name}: {sentence}" for sentence in _contradictions(settings)]
    if wrong:
        raise BadSettings(wrong)
    return settings, [_unknown(key, name) for key in given if key not in READERS]


def _read_object(text: str, name: str) -> dict[str, Any]:
    try:
        given = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise BadSettings([f"{name} is not valid JSON: {error.msg} in line {error.lineno}."]) from None
    except (ValueError, RecursionError) as error:
        raise BadSettings([f"{name} can't be read: {error}."]) from None
    if not isinstance(given, dict):
        raise BadSettings([f'{name} must hold one object: {{"base_url": ..., ...}}.'])
    return given


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make the object; which of two values its author meant is not for us to say."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key} appears twice")
        found[key] = value
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _contradictions(settings: Settings) -> list[str]:
    sentences = []
    for kind, low, base, high in (
        ("spread", settings.spread_min, settings.spread_base, settings.spread_max),
        ("order_size", settings.order_size_min, settings.order_size_base, settings.order_size_max),
    ):
        if not low <= base <= high:
            sentences.append(
                f"{kind}_base must lie between {kind}_min and {kind}_max, and {base} is not between {low} and {high}."
            )
    if not sentences and tenths_above(settings.spread_min) > tenths_below(settings.spread_max):
        sentences.append("there must be a multiple of 0.1 cents between spread_min and spread_max.")
    return sentences


def _unknown(key: str, name: str) -> str:
    meant = difflib.get_close_matches(key, READERS, n=1)
    hint = f"; did you mean {meant[0]}?" if meant else "."
    return f"Warning: {name} has a setting {key:.64} that the bot does not know and ignores{hint}"


def tenths_above(cents: float) -> int:
    """Round up to tenths of a cent; to a millionth of one first, as 1.1 * 10 is above 11."""
    return math.ceil(round(cents * 10, 6))


def tenths_below(cents: float) -> int:
    """Round down to tenths of a cent, in the same way."""
    return math.floor(round(cents * 10, 6))


# Readers of one value each: they raise ValueError with the rest of a sentence that begins with the setting's name.


def _shown(value: object) -> str:
    shown = json.dumps(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text in quotes, and not an empty one")
    return value


def _url(value: object) -> str:
    return as_url(value if isinstance(value, str) else "")


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {_shown(value)}")
        return value

    return read


def _number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        # A whole number is compared as it is: with thousands of digits it would not fit into a float.
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}, not {_shown(value)}")
        return float(value)

    return read


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {_shown(value)}")
    return value


def _ids(value: object) -> tuple[int, ...]:
    """Read a list of ids; a market that is named twice is still one market."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list of ids, such as [1, 2], not {_shown(value)}")
    found: dict[int, None] = {}
    for entry in value:
        text = str(entry) if isinstance(entry, int | str) and not isinstance(entry, bool) else ""
        if not re.search(ID_PATTERN, text) or int(text) >= ID_END:
            raise ValueError(f"must hold ids, whole numbers from 1 to {WHOLE_MAX}, and {_shown(entry)} is none")
        found[int(text)] = None
    return tuple(found)


READERS: dict[str, Callable[[object], Any]] = {
    "base_url": _url,
    "admin_username": _text,
    "admin_password": _text,
    "poll_interval_sec": _whole(1, DAY_S),
    "market_ids": _ids,
    "orderbook_depth": _whole(1, DEPTH_MAX),
    "trade_lookback": _whole(1, PAGE_MAX),
    "spread_base": _number(CENTS_LEAST, CENTS_MOST),
    "spread_min": _number(CENTS_LEAST, CENTS_MOST),
    "spread_max": _number(CENTS_LEAST, CENTS_MOST),
    "vol_weight": _number(0.0, WEIGHT_MAX),
    "order_size_base": _whole(1, SHARES_MAX),
    "order_size_min": _whole(1, SHARES_MAX),
    "order_size_max": _whole(1, SHARES_MAX),
    "enforce_inventory": _switch,
    "max_yes_position": _whole(0, WHOLE_MAX),
    "max_no_position": _whole(0, WHOLE_MAX),
    "min_balance_cents": _whole(0, CENTS_MAX),
}
