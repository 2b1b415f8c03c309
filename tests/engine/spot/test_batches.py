"""Where batches and pages are cut changes nothing but how often balances are told."""

import random

import pytest

from engine.ledger.fold import fold
from engine.ledger.journal import Part
from engine.ledger.page import FillMessage, Page, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from tests.engine.ledger.tables import Tables, contents
from tests.engine.spot.harness import Harness
from tests.engine.spot.scripts import do, long_script, opened

TABLES = ("orders", "trades", "asset_logs", "freezes", "balances", "markets", "transactions")


def played(seed: int) -> Harness:
    """A long script, one commit a command."""
    terms, fills_max, steps = long_script(seed, 200)
    exchange = opened(Harness(fills_max), terms)
    for step in steps:
        do(exchange, step)
    assert isinstance(exchange, Harness)
    return exchange


def parts_of(exchange: Harness) -> list[Part]:
    return [part for row in exchange.tables.journal for part in exchange.books.codec.unpack(row.body).parts]


def orders_and_fills(messages: list[PrivateMessage], account_id: int) -> list[OrderRecord | FillMessage]:
    mine = [message.content for message in messages if message.account_id == account_id]
    return [content for content in mine if not isinstance(content, BalanceRecord)]


@pytest.mark.parametrize("seed", range(4))
def test_where_pages_are_cut_changes_nothing(seed: int) -> None:
    exchange, dice = played(seed), random.Random(seed)
    tables, books, messages = Tables(), Tables().books(), []
    parts = parts_of(exchange)
    while parts:
        page = Page(books)
        count = dice.randint(1, 30)
        for part in parts[:count]:
            page.write(part)
        tables.write(page.close())
        messages += page.messages
        parts = parts[count:]
    assert len(tables.journal) < len(exchange.tables.journal) / 5
    for name in TABLES:
        assert getattr(tables, name) == getattr(exchange.tables, name), name
    for account_id in {message.account_id for message in messages}:
        seqs = [message.seq for message in messages if message.account_id == account_id]
        assert seqs == list(range(1, len(seqs) + 1))
        assert orders_and_fills(messages, account_id) == orders_and_fills(exchange.messages, account_id)
    again = Tables().books()
    assert len(list(fold(again, tables.journal))) == len(tables.journal)
    assert contents(again) == contents(books) == contents(tables.books())
