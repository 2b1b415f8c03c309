"""Scenes: people bet on one match, told in sentences, and seen as tables of text.

ann bets 100 on 1 at 1.85               on option 1; then `better` or `any`, if she takes other odds too
ann claims 2                            her second bet
root sets moneyline 1.85 3.4 4.2        or `1.85 2.1`, `spread -0.25 1.9 1.95` (the line first), `no total`
root opens 500                          with so much of the house's money; also: funds, describes
root plays                              the match goes in play; also: suspends, reopens, closes, voids
root settles 2:1                        or `settles 3`: option 3 has won its group; rolls_back, rolls_back 3
root finalizes                          nothing is rolled back any more

option | pick  | line  | odds | result  which options there are, a star beside the odds of those that are offered
person | money                          whole units; `pool` and `house` too
"""

from typing import Any, Self

from tests.engine.drawings import cells

DERBY = "derby"
STEPS = {
    "opens": "open",
    "funds": "fund",
    "suspends": "suspend",
    "reopens": "reopen",
    "plays": "go_in_play",
    "closes": "close",
    "rolls_back": "roll_back",
    "finalizes": "finalize",
    "voids": "void",
}


class Scene:
    """An exchange, the match `derby` in it, and people with 100 USD each: a million units."""

    def __init__(self, exchange: Any, people: str = "ann bob cat house", **terms: Any) -> None:
        self.exchange = exchange
        exchange.list_match(DERBY, **terms)
        for person in people.split():
            exchange.deposit(person, "at first", "USD", "100")

    def told(self, sentences: str) -> Self:
        """A list of sentences, each of which must succeed."""
        for sentence in filter(None, map(str.strip, sentences.splitlines())):
            answer = self.does(sentence)
            assert not answer.split()[0].isupper(), f"{sentence}: {answer}"
        return self

    def does(self, sentence: str) -> str:
        """Make it happen; answers with the state, `taken`, `paid 185`, or the code of the refusal and its details."""
        person, verb, *words = sentence.split()
        if verb == "bets":
            stake, _, number, _, odds, *accept = words
            return told(self.exchange.bet(person, DERBY, int(number), int(stake), odds, *accept))
        if verb == "claims":
            mine = [bet["betId"] for bet in self.exchange.all_bets() if bet["account"] == person]
            return told(self.exchange.claim(person, mine[int(words[0]) - 1]))
        if verb == "sets":
            groups = {words[1]: None} if words[0] == "no" else {words[0]: " ".join(words[1:])}
            return told(self.exchange.set_odds(DERBY, person, **groups))
        if verb == "describes":
            return told(self.exchange.describe(DERBY, person, " ".join(words)))
        if verb == "settles":
            home, colon, away = words[0].partition(":")
            if colon:
                return told(self.exchange.settle_score(DERBY, person, int(home), int(away)))
            return told(self.exchange.settle_option(DERBY, person, int(home)))
        return told(getattr(self.exchange, STEPS[verb])(DERBY, person, *map(int, words)))

    @property
    def stands(self) -> dict[str, Any]:
        found = self.exchange.standing(DERBY)
        assert isinstance(found, dict)
        return found

    def shows(self, table: str) -> None:
        """Who has what."""
        header, *rows = cells(table)
        assert header == ["person", "money"]
        assert [[person, str(self._has(person))] for person, _ in rows] == rows

    def shows_options(self, table: str) -> None:
        header, *rows = cells(table)
        assert [[self._cell(option, column) for column in header] for option in self.exchange.options(DERBY)] == rows

    def _has(self, person: str) -> int:
        found = self.stands["pool"] if person == "pool" else self.exchange.has(person)
        assert isinstance(found, int)
        return found

    def _cell(self, option: dict[str, Any], column: str) -> str:
        if column == "odds":
            return f"{option['odds'] / 100:.2f}" + (" *" if option["offered"] else "")
        value = option["number" if column == "option" else column]
        if column == "line" and value is not None:
            return f"{float(value):g}"
        return "" if value is None else str(value)


def told(answer: dict[str, Any]) -> str:
    if "code" in answer:
        code, *details = answer.values()
        return " ".join([code, *(str(detail) for detail in details)])
    if "betId" in answer:
        return "taken" if answer["payout"] is None else f"paid {answer['payout']}"
    return str(answer["state"])
