"""A question from its first quote to its last payout, in one piece: four traders, the market maker, and the ledger."""

from decimal import Decimal
from typing import Any

from tests.engine.prediction.scenes import RAIN, Scene

HOUR_MS = 3_600_000
PEOPLE = ("ann", "bob", "cat", "dan", "maker")


def shows(scene: Scene, table: str) -> None:
    """The ledger as drawn; and all of it together is what was deposited."""
    scene.shows(table)
    balances = [scene.exchange.balances(account).get("USD", ("0", "0")) for account in (*PEOPLE, "fees")]
    total = sum((Decimal(part) for balance in balances for part in balance), Decimal(scene.exchange.pool(RAIN)))
    assert total == 500
    yes, no = (sum(scene.exchange.holding(RAIN, person)[outcome] for person in PEOPLE) for outcome in ("YES", "NO"))
    assert yes == no


def test_a_question_from_its_first_quote_to_its_last_payout(exchange: Any) -> None:
    scene = (
        Scene(exchange)
        .market(taker_rate="0.01")
        .owning("""
        person | USD
        ann    | 100
        bob    | 100
        cat    | 100
        dan    | 100
        maker  | 100
    """)
    )

    # The maker quotes both sides: 48 for YES, and YES at 52, which is 48 for NO.
    scene.told("maker buys 10 YES at 48").told("maker buys 10 NO at 48")
    scene.shows_book("""
        bids         | price | asks
                     | 52    | maker NO 10
        maker YES 10 | 48    |
    """)
    shows(
        scene,
        """
        person | USD            | YES | NO
        ann    | 100            |     |
        bob    | 100            |     |
        cat    | 100            |     |
        dan    | 100            |     |
        maker  | 90.304 + 9.696 |     |
        fees   | 0              |     |
        pool   | 0              |     |
    """,
    )

    # Mint: Ann and the maker pay for six pairs.
    assert scene.does("ann buys 6 YES at 52") == "filled, 6 for 3.12, fee 0.0288"
    shows(
        scene,
        """
        person | USD              | YES | NO
        ann    | 96.8512          | 6   |
        maker  | 90.3328 + 6.7872 |     | 6
        fees   | 0.0288           |     |
        pool   | 6                |     |
    """,
    )

    # Transfer: Ann sells two of hers to the maker.
    assert scene.does("ann sells 2 YES at 48") == "filled, 2 for 0.96, fee 0.0096"
    shows(
        scene,
        """
        person | USD              | YES | NO
        ann    | 97.8016          | 4   |
        maker  | 90.3424 + 5.8176 | 2   | 6
        fees   | 0.0384           |     |
        pool   | 6                |     |
    """,
    )

    # Transfer of NO: Bob mints four with the maker, and sells two of them to Cat.
    scene.told("bob buys 4 NO at 52").told("cat buys 2 NO at 50")
    assert scene.does("bob sells 2 NO at 50") == "filled, 2 for 1, fee 0.01"
    shows(
        scene,
        """
        person | USD              | YES | NO
        ann    | 97.8016          | 4   |
        bob    | 98.8908          |     | 2
        cat    | 99               |     | 2
        dan    | 100              |     |
        maker  | 90.3616 + 3.8784 | 6   | 6
        fees   | 0.0676           |     |
        pool   | 10               |     |
    """,
    )

    # Merge: Dan mints three with the maker; then he and Bob sell one pair together.
    scene.told("dan buys 3 YES at 52").told("dan sells 1 YES at 51")
    assert scene.does("bob sells 1 NO at 49") == "filled, 1 for 0.49, fee 0.0049"
    shows(
        scene,
        """
        person | USD            | YES | NO
        ann    | 97.8016        | 4   |
        bob    | 99.3759        |     | 1
        cat    | 99             |     | 2
        dan    | 98.9356        | 2   |
        maker  | 90.376 + 2.424 | 6   | 9
        fees   | 0.0869         |     |
        pool   | 12             |     |
    """,
    )
    scene.shows_trades("""
        tradeId | kind        | yesPrice | quantity
        1       | mint        | 52       | 6
        2       | transfer    | 48       | 2
        3       | mint        | 48       | 4
        4       | transfer_no | 50       | 2
        5       | mint        | 52       | 3
        6       | merge       | 51       | 1
    """)

    # Halt: orders wait, and only cancels are taken. Close: the maker's orders are cancelled.
    assert scene.does("root halts") == "halted"
    assert scene.does("ann buys 1 YES at 52") == "MARKET_HALTED"
    assert scene.does("root closes") == "closed"
    scene.shows_book("bids | price | asks")
    closed = """
        person | USD     | YES | NO | payout
        ann    | 97.8016 | 4   |    |
        bob    | 99.3759 |     | 1  |
        cat    | 99      |     | 2  |
        dan    | 98.9356 | 2   |    |
        maker  | 92.8    | 6   | 9  |
        fees   | 0.0869  |     |    |
        pool   | 12      |     |    |
    """
    shows(scene, closed)

    # Propose, dispute, resolve: NO is paid, and that is held.
    assert scene.does("root proposes YES") == "proposed YES"
    assert scene.does("cat disputes") == "disputed YES"
    shows(scene, closed)
    assert scene.does("root resolves NO") == "resolved NO"
    shows(
        scene,
        """
        person | USD         | YES | NO | payout
        ann    | 97.8016     | 4   |    |
        bob    | 99.3759 + 1 |     | 1  | 1
        cat    | 99 + 2      |     | 2  | 2
        dan    | 98.9356     | 2   |    |
        maker  | 92.8 + 9    | 6   | 9  | 9
        fees   | 0.0869      |     |    |
        pool   | 0           |     |    |
    """,
    )

    # Roll back: as if nothing had been paid.
    assert scene.does("root rolls_back") == "closed"
    shows(scene, closed)

    # Void: 50 for every share, and all fees come back; free after an hour.
    assert scene.does("root voids") == "void"
    shows(
        scene,
        """
        person | USD              | payout | refund
        ann    | 97.8016 + 2.0384 | 2      | 0.0384
        bob    | 99.3759 + 0.5341 | 0.5    | 0.0341
        cat    | 99 + 1           | 1      |
        dan    | 98.9356 + 1.0144 | 1      | 0.0144
        maker  | 92.8 + 7.5       | 7.5    |
        fees   | 0                |        |
        pool   | 0                |        |
    """,
    )
    exchange.wait(HOUR_MS)
    assert scene.stands() == "final"
    shows(
        scene,
        """
        person | USD   | payoutHeld
        ann    | 99.84 |
        bob    | 99.91 |
        cat    | 100   |
        dan    | 99.95 |
        maker  | 100.3 |
        fees   | 0     |
        pool   | 0     |
    """,
    )
