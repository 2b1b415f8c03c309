"""Options for tests: a group told in a word or two."""

from engine.betting.options import GroupKey
from engine.ledger.bets import GroupKind, OptionRecord

MARKET = 7


def key(name: str) -> GroupKey:
    """ "moneyline", "moneyline draw", "spread -0.25", "total 2.5"."""
    kind, *rest = name.split()
    if kind == "moneyline":
        return GroupKey(GroupKind.MONEYLINE, rest == ["draw"], None)
    quarters = float(rest[0]) * 4
    assert quarters.is_integer()
    return GroupKey(GroupKind(kind), False, int(quarters))


def options_of(*names: str, odds: int = 200) -> dict[int, OptionRecord]:
    """The options of several groups, all offered at the same odds, numbered through."""
    options: dict[int, OptionRecord] = {}
    for group_number, name in enumerate(names, 1):
        group = key(name)
        for pick in group.picks:
            number = len(options) + 1
            options[number] = OptionRecord(
                MARKET, number, group_number, group.kind, pick, group.has_draw, group.line, odds, offered=True
            )
    return options
