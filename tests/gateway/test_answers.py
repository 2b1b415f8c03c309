"""Bad news as they are sent: with what the engine says beside the code, each under its described name."""

import json

import msgspec
import pytest

from engine.refusals import Refusal, Refused
from gateway.answers import failure, refusal


@pytest.mark.parametrize(
    ("code", "details", "status"),
    [
        (Refusal.ODDS_CHANGED, {"odds": 190}, 409),
        (Refusal.ODDS_CHANGED, {"legs": [{"marketId": 7, "option": 1, "odds": 190}]}, 409),
        (Refusal.LIABILITY_LIMIT, {"maxStake": "1000"}, 422),
        (Refusal.CONFLICT, {"available": "0"}, 409),
        (Refusal.ALREADY_CLAIMED, {"claims": [7, 9]}, 409),
        (Refusal.ALREADY_CLAIMED, {}, 409),
        (Refusal.NOT_FOUND, None, 404),
    ],
)
def test_details_are_fields_of_the_body(code: Refusal, details: dict[str, object] | None, status: int) -> None:
    answer = refusal(Refused(code, "it is so", details))
    assert answer.status == status
    body = json.loads(msgspec.json.encode(answer.body))
    assert body == {"code": code.value, "message": "it is so", **(details or {})}


def test_other_bad_news_have_code_and_message_only() -> None:
    body = msgspec.json.encode(failure(Refusal.MALFORMED, "no").body)
    assert body == b'{"code":"MALFORMED","message":"no"}'


def test_a_detail_that_is_not_described_is_a_defect() -> None:
    with pytest.raises(KeyError):
        refusal(Refused(Refusal.CONFLICT, "it is so", {"surprise": 1}))


def test_nor_is_one_of_another_kind_than_described() -> None:
    with pytest.raises(msgspec.ValidationError):
        refusal(Refused(Refusal.ODDS_CHANGED, "it is so", {"legs": [{"marketId": "7"}]}))
