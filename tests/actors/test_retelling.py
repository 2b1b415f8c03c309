"""What is told again is what was told: all of it, in the same order, with the same numbers."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.retelling import OrderStood, retell
from actors.seen import CODEC
from engine.ledger.page import FillMessage, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from tests.actors.histories import History, history_of, prediction_exchange, spot_exchange
from tests.engine.exchange import Exchange
from tests.engine.prediction import scripts as prediction_scripts
from tests.engine.spot import scripts as spot_scripts

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def retold(exchange: Exchange[Any], history: History, account_id: int) -> list[PrivateMessage]:
    """An account's stream, from the journal, the channel index and the orders as they stand in the end."""
    messages: list[PrivateMessage] = []
    for entry in history.entries:
        told = list(retell(CODEC.unpack(entry.journal.body), account_id))
        last = {channel.channel: channel.last_seq for channel in entry.channels}.get(f"account:{account_id}")
        assert (last is None) is (not told)
        for seq, (now_ms, content) in enumerate(told, (last or 0) - len(told) + 1):
            if isinstance(content, OrderStood):
                order = content.record(exchange.tables.orders[content.order_id], now_ms)
                messages.append(PrivateMessage(account_id, seq, now_ms, order))
            else:
                messages.append(PrivateMessage(account_id, seq, now_ms, content))
    return messages


def check(exchange: Exchange[Any], seed: int) -> set[type]:
    """Compare, on pages of one part and of many; return what kinds of messages there were."""
    kinds: set[type] = set()
    for parts_max in (1, 30):
        history = history_of(exchange, seed, parts_max)
        assert history.accounts
        for account_id in history.accounts:
            assert retold(exchange, history, account_id) == history.told(account_id)
        kinds |= {type(message.content) for message in history.messages}
    return kinds


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
@given(script=spot_scripts.scripts(), seed=st.integers(0, 1_000))
def test_spot(script: tuple[str, int, list[spot_scripts.Step]], seed: int) -> None:
    check(spot_exchange(script), seed)


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
@given(script=prediction_scripts.scripts(), seed=st.integers(0, 1_000))
def test_prediction(script: prediction_scripts.Script, seed: int) -> None:
    check(prediction_exchange(script), seed)


@pytest.mark.parametrize("seed", range(4))
def test_long_scripts_of_spot(seed: int) -> None:
    kinds = check(spot_exchange(spot_scripts.long_script(seed, 300)), seed)
    assert kinds == {OrderRecord, FillMessage, BalanceRecord}


@pytest.mark.parametrize("seed", range(5))
def test_long_scripts_of_prediction(seed: int) -> None:
    kinds = check(prediction_exchange(prediction_scripts.long_script(seed, 200)), seed)
    assert kinds == {OrderRecord, FillMessage, BalanceRecord}
