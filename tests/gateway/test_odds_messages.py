"""Odds and lines as JSON numbers, to the last digit; the message of a stream."""

import json

import msgspec
import pytest

from actors.odds_quotes import OddsQuote
from engine.betting.lifecycle import MatchStanding
from engine.betting.match import LINE_MAX, ODDS_MAX, ODDS_MIN, Board, Moneyline, Spread, Total
from engine.ledger.bets import GroupKind
from engine.ledger.records import MarketState
from gateway.odds_messages import STATUSES, MatchStatus, odds_groups, odds_update, shown_line, shown_odds


@pytest.mark.parametrize(
    ("odds", "shown"), [(101, b"1.01"), (185, b"1.85"), (200, b"2.00"), (210, b"2.10"), (100_000, b"1000.00")]
)
def test_odds_have_two_places(odds: int, shown: bytes) -> None:
    assert bytes(shown_odds(odds)) == shown


@pytest.mark.parametrize(
    ("quarters", "shown"), [(-9, b"-2.25"), (-12, b"-3.0"), (-1, b"-0.25"), (0, b"0.0"), (10, b"2.5"), (878, b"219.5")]
)
def test_lines_have_as_many_as_they_need(quarters: int, shown: bytes) -> None:
    assert bytes(shown_line(quarters)) == shown


def test_every_number_is_read_back_as_it_was() -> None:
    for odds in range(ODDS_MIN, ODDS_MAX + 1, 7):
        assert round(json.loads(bytes(shown_odds(odds))) * 100) == odds
    for line in range(-LINE_MAX, LINE_MAX + 1):
        assert json.loads(bytes(shown_line(line))) * 4 == line


def test_every_state_of_a_match_has_its_word() -> None:
    words = {state.value: status.value for state, status in STATUSES.items()}
    assert words.pop("open") == "active"
    assert words == {state: state for state in ("scheduled", "suspended", "in_play", "closed", "settled", "void")}
    assert all(STATUSES[status.state] is status for status in MatchStatus)


def test_a_message_as_it_is_sent() -> None:
    board = Board(Moneyline(182, 215), Spread(-12, 192, 188), Total(878, 190, 190))
    quote = OddsQuote(1001, MarketState.OPEN, MatchStanding(123, board), 1_730_000_000_000)
    assert msgspec.json.encode(odds_update(quote)) == (
        b'{"type":"odds_update","payload":{"marketId":1001,"status":"active",'
        b'"moneyline":{"home":1.82,"away":2.15},'
        b'"spread":{"line":-3.0,"home":1.92,"away":1.88},'
        b'"total":{"line":219.5,"over":1.90,"under":1.90},"score":null},'
        b'"seq":123,"ts":1730000000000,"marketId":1001,"channel":"odds:betting/1001","prevSeq":122}'
    )


def test_what_is_settled_is_not_shown_as_offered() -> None:
    board = Board(Moneyline(182, 215), Spread(-12, 192, 188), Total(878, 190, 190))
    standing = MatchStanding(5, board, settled=(GroupKind.MONEYLINE, GroupKind.TOTAL))
    payload = json.loads(msgspec.json.encode(odds_update(OddsQuote(7, MarketState.OPEN, standing, 1))))["payload"]
    assert (payload["moneyline"], payload["total"]) == (None, None)
    assert payload["spread"] == {"line": -3.0, "home": 1.92, "away": 1.88}


def test_a_score_is_told_when_there_is_one() -> None:
    quote = OddsQuote(7, MarketState.SETTLED, MatchStanding(5, home_goals=0, away_goals=2), 1)
    message = json.loads(msgspec.json.encode(odds_update(quote)))
    assert (message["payload"]["status"], message["payload"]["score"]) == ("settled", {"home": 0, "away": 2})


def test_what_is_not_offered_is_null_and_a_draw_that_is_none_is_not_there() -> None:
    assert json.loads(msgspec.json.encode(odds_groups(Board()))) == {"moneyline": None, "spread": None, "total": None}
    moneyline = json.loads(msgspec.json.encode(odds_groups(Board(Moneyline(185, 420, 340)))))["moneyline"]
    assert moneyline == {"home": 1.85, "draw": 3.4, "away": 4.2}
    assert "draw" not in json.loads(msgspec.json.encode(odds_groups(Board(Moneyline(185, 210)))))["moneyline"]
