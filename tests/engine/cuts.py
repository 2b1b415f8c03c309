"""The history of an exchange, written again on other pages."""

import random
from typing import Any

from engine.ledger.fold import fold
from engine.ledger.journal import Part
from engine.ledger.page import FillMessage, Page, PrivateMessage
from engine.ledger.records import BalanceRecord, OrderRecord
from tests.engine.exchange import TABLES, Exchange
from tests.engine.ledger.tables import Tables, contents


def parts_of(exchange: Exchange[Any]) -> list[Part]:
    return [part for row in exchange.tables.journal for part in exchange.books.codec.unpack(row.body).parts]


def orders_and_fills(messages: list[PrivateMessage], account_id: int) -> list[OrderRecord | FillMessage]:
    mine = [message.content for message in messages if message.account_id == account_id]
    return [content for content in mine if not isinstance(content, BalanceRecord)]


def balances_of(tables: Tables) -> dict[tuple[int, str], BalanceRecord]:
    """A balance of nothing is none: what comes and goes on one page leaves no row."""
    return {key: row for key, row in tables.balances.items() if row.total or row.held}


def check_cuts(exchange: Exchange[Any], seed: int) -> None:
    """Cut pages elsewhere: that changes nothing but how often balances are told."""
    dice = random.Random(seed)
    tables, books = Tables(), Tables().books()
    messages: list[PrivateMessage] = []
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
        if name not in ("channels", "balances"):  # channels count messages
            assert getattr(tables, name) == getattr(exchange.tables, name), name
    assert balances_of(tables) == balances_of(exchange.tables)
    for account_id in {message.account_id for message in messages}:
        seqs = [message.seq for message in messages if message.account_id == account_id]
        assert seqs == list(range(1, len(seqs) + 1))
        assert orders_and_fills(messages, account_id) == orders_and_fills(exchange.messages, account_id)
    again = Tables().books()
    assert len(list(fold(again, tables.journal))) == len(tables.journal)
    assert contents(again) == contents(books) == contents(tables.books())
