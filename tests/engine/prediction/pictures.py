"""Where the maker quotes, drawn as the book, in YES terms, with all quotes of the maker in it.

    bids               | price | asks
                       |  51.0 | SELL YES 4, BUY NO 6      the BUY NO at 49.0
                       |  50.5 | others                    the best ask that is not the maker's
    others, BUY YES 10 |  49.0 |

What stands there for `others` is what the maker sees; the rest is what it is to make of it.
"""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from engine.prediction.maker_settings import DEFAULTS, MakerSettings, check
from engine.prediction.quote import Quote
from engine.prediction.quoting import MakerView, wanted

HEADER = ["bids", "price", "asks"]
SETTINGS = replace(DEFAULTS, market_id=7)
PLENTY = 10**15
VIEW = MakerView(
    tick_units=10,
    hold_rate=0,
    best_bid_ticks=None,
    best_ask_ticks=None,
    last_price_ticks=None,
    yes_holding=0,
    no_holding=0,
    available_units=PLENTY,
)


class Picture:
    """A book drawn as text: what the maker sees in it, and what it is expected to add."""

    def __init__(self, table: str) -> None:
        first, *lines = ([cell.strip() for cell in line.split("|")] for line in table.splitlines() if line.strip())
        assert first == HEADER
        self.lines = lines
        self.prices = [int(price.replace(".", "")) for _, price, _ in lines]
        self.tick_units = 1 if any(len(price.partition(".")[2]) == 2 for _, price, _ in lines) else 10

    def others(self, column: int) -> int | None:
        """The price at which the others stand in a column, if they do."""
        found = [price for price, line in zip(self.prices, self.lines, strict=True) if "others" in line[column]]
        return found[0] if found else None

    def drawn(self, quotes: Iterable[Quote]) -> list[list[str]]:
        """The same book as the quotes make it; a price of two digits after the point if the tick is 0.01."""
        cells: dict[int, list[list[str]]] = {}
        for column, cell in ((0, 0), (2, 1)):
            if (price := self.others(column)) is not None:
                cells.setdefault(price, [[], []])[cell].append("others")
        for quote in quotes:
            row = cells.setdefault(quote.yes_price_ticks(self.tick_units), [[], []])
            row[0 if quote.is_bid else 1].append(f"{quote.side.name} {quote.outcome.name} {quote.quantity}")
        places = 1 if self.tick_units == 10 else 2
        return [
            [", ".join(bids), f"{price // 10**places}.{price % 10**places:0{places}}", ", ".join(asks)]
            for price, (bids, asks) in sorted(cells.items(), reverse=True)
        ]


def seen(picture: Picture, changed: dict[str, Any]) -> tuple[MakerSettings, MakerView]:
    of_settings = {name: value for name, value in changed.items() if name in MakerSettings.__struct_fields__}
    of_view = {name: value for name, value in changed.items() if name not in of_settings}
    settings = replace(SETTINGS, **of_settings)
    assert check(settings, picture.tick_units) is None
    others = {"best_bid_ticks": picture.others(0), "best_ask_ticks": picture.others(2)}
    return settings, replace(VIEW, tick_units=picture.tick_units, **others, **of_view)


def shows(table: str, **changed: Any) -> None:
    """The maker's quotes are those of the picture; `changed` are settings, and what else there is to see."""
    picture = Picture(table)
    assert picture.drawn(wanted(*seen(picture, changed))) == picture.lines
