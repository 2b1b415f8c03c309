"""A stage for events that must be refused: the books as they were before the last commit, and what that one says."""

from typing import Any

import pytest

from engine.ledger.fold import fold
from engine.ledger.journal import Part, PartRefused
from engine.ledger.page import Page
from tests.engine.exchange import Exchange
from tests.engine.ledger.tables import Tables, contents


class Stage:
    """The last thing that happened in an exchange, to be told otherwise."""

    def __init__(self, exchange: Exchange[Any]) -> None:
        *earlier, last = exchange.tables.journal
        self.books = Tables().books()
        for _ in fold(self.books, earlier):
            pass
        (self.part,) = self.books.codec.unpack(last.body).parts
        self.market_id = self.part.market_id
        self.now_ms = self.part.now_ms

    def accepts(self, *events: object) -> None:
        Page(self.books).write(Part(self.market_id, self.now_ms, events))

    def refusal_of(self, *events: object, market_id: int | None = None) -> str:
        before = contents(self.books)
        with pytest.raises(PartRefused) as refused:
            Page(self.books).write(Part(market_id or self.market_id, self.now_ms, events))
        assert contents(self.books) == before
        return str(refused.value)
