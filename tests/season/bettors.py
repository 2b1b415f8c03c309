"""Somebody who bets: logs in with a wallet, has money, and notes each bet that was taken."""

from functools import partial

import msgspec

from gateway.client import Refused, log_in_wallet
from gateway.client.betting import BettingClient
from tests.gateway.wallets import Wallet
from tests.season.calculation import Selection, Slip
from tests.season.patience import Ask, Json, Patience

DEPOSIT = "10000000"  # USD: nobody runs out of money, whatever he loses
DEPOSIT_UNITS = 10_000_000 * 10_000


class Wish(msgspec.Struct, frozen=True):
    """A bet as it is sent; `odds` are those that the bettor saw."""

    client_bet_id: str
    market_id: int
    option: int
    selection: Selection
    stake: int
    odds: int
    accept: str  # exact, better, any

    def accepts(self, odds: int) -> bool:
        """Whether these odds will do."""
        return odds == self.odds or self.accept == "any" or (self.accept == "better" and odds > self.odds)


class Taken(msgspec.Struct):
    """A bet that was taken, and what it was paid."""

    order_id: int
    wish: Wish
    odds: int
    created_ms: int
    paid: int | None = None

    @property
    def slip(self) -> Slip:
        return Slip(self.wish.selection, self.wish.stake, self.odds)


class Bettor:
    """One wallet's owner."""

    def __init__(self, wallet: Wallet, client: BettingClient, patience: Patience) -> None:
        self.wallet = wallet
        self.client = client
        self.bets: list[Taken] = []
        self._patience = patience

    async def begin(self) -> None:
        """Log in, and have money."""
        rest = self.client.rest
        await self._patience.read(partial(log_in_wallet, rest, self.wallet.address, self.wallet.sign))
        await self._patience.read(partial(rest.deposit, "season", "USD", DEPOSIT))  # under its id it is done once

    async def bet(self, wish: Wish) -> Taken:
        """Place a bet. Raises Refused."""
        body = {
            "marketId": wish.market_id,
            "option": wish.option,
            "amount": str(wish.stake),
            "odds": wish.odds,
            "acceptOdds": wish.accept,
            "clientBetId": wish.client_bet_id,
        }
        try:
            shown = await self._patience.do(partial(self.client.bet, body), partial(self._find, wish.client_bet_id))
        except Refused as refused:
            self._patience.counts[f"bets refused: {refused.code}"] += 1
            raise
        sent = {**body, "userAddress": self.wallet.address, "oddsAsked": wish.odds, "odds": shown["odds"]}
        assert {name: shown[name] for name in sent} == sent, (shown, sent)
        assert wish.accepts(shown["odds"]), (shown, wish)
        taken = Taken(shown["orderId"], wish, shown["odds"], shown["createdAt"])
        self.bets.append(taken)
        self._patience.counts["bets taken"] += 1
        return taken

    async def _find(self, client_bet_id: str) -> Json | None:
        return await self._found(partial(self.client.bet_by_client_id, client_bet_id))

    async def _found(self, look_up: Ask) -> Json | None:
        """What was sent under an id; None if it is not there, nor under way."""
        try:
            shown = await look_up()
            while "orderId" not in shown:  # it is under way
                shown = await look_up()
        except Refused as refused:
            if refused.status != 404:
                raise
            return None
        return shown

    async def claim(self, order_id: int) -> int:
        """Have a bet paid; returns how much. Raises Refused."""
        try:
            paid = await self._patience.do(partial(self.client.claim, order_id), partial(self._find_claim, order_id))
        except Refused as refused:
            self._patience.counts[f"claims refused: {refused.code}"] += 1
            raise
        assert paid["orderId"] == order_id
        assert paid["claimed"] is True
        self._patience.counts["claims paid"] += 1
        return int(paid["claimAmount"])

    async def claim_in_vain(self, order_id: int) -> Json:
        """Ask for what must be refused, until it is answered. Raises Refused.

        It changes nothing, so it is not looked up: what was paid before would be taken for its answer.
        """
        try:
            return await self._patience.read(partial(self.client.claim, order_id))
        except Refused as refused:
            self._patience.counts[f"claims refused: {refused.code}"] += 1
            raise

    # Accumulators

    async def accumulate(self, body: Json) -> Json:
        """Place an accumulator. Raises Refused."""
        find = partial(self._find_accumulator, body["clientBetId"])
        try:
            shown = await self._patience.do(partial(self.client.accumulate, body), find)
        except Refused as refused:
            self._patience.counts[f"accumulators refused: {refused.code}"] += 1
            raise
        self._patience.counts["accumulators taken"] += 1
        return shown

    async def _find_accumulator(self, client_bet_id: str) -> Json | None:
        return await self._found(partial(self.client.accumulator_by_client_id, client_bet_id))

    async def claim_accumulator(self, order_id: int) -> int:
        """Have one paid; returns how much. Raises Refused."""

        async def find() -> Json | None:
            shown = await self.client.accumulator_by_id(order_id)
            return {**shown, "claimAmount": shown["potentialPayout"]} if shown["claimed"] else None

        try:
            paid = await self._patience.do(partial(self.client.claim_accumulator, order_id), find)
        except Refused as refused:
            self._patience.counts[f"accumulators not paid: {refused.code}"] += 1
            raise
        self._patience.counts["accumulators paid"] += 1
        return int(paid["claimAmount"])

    async def _find_claim(self, order_id: int) -> Json | None:
        shown = await self.client.bet_by_id(order_id)
        return {**shown, "claimAmount": shown["potentialPayout"]} if shown["claimed"] else None
