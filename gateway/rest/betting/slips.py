"""What bets and accumulators have in common: how one is placed once, looked up and paid, and whose lists there are.

A slip is either of the two. Another's is 404; administrators see everybody's.
"""

import enum
from collections.abc import Awaitable, Callable
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET

from actors.messages import FindCommand
from engine.ledger.accumulators import AccumulatorRecord
from engine.ledger.bets import BetRecord
from engine.messages import Command, Known
from engine.refusals import Refusal, Refused
from gateway.answers import Rejected, failure, refusal
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.identity.wallets import read_address
from gateway.limits import Id, Text, WalletAddress, as_id
from gateway.rest.betting.pages import PagedRequest
from gateway.rest.betting.shapes import Owner
from gateway.rest.once import lost, once
from gateway.rest.orders import PendingView
from gateway.shapes import Shape
from storage.interface import Reader

Slip = TypeVar("Slip", bound=BetRecord | AccumulatorRecord)
Taken = TypeVar("Taken")


class SlipRequest(msgspec.Struct, frozen=True):
    """One bet, or one accumulator."""

    order_id: Id


class ClientSlipRequest(Shape, frozen=True):
    """One bet, or one accumulator, by the id that its owner chose."""

    client_bet_id: Text


class SlipStatus(enum.Enum):
    """Whether it is settled."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


NOBODY = 0  # no account has this id
SETTLED = {SlipStatus.PENDING: False, SlipStatus.CONFIRMED: True, None: None}


class SlipsRequest(PagedRequest, frozen=True):
    """A page of bets or accumulators, newest first, counted from 1."""

    user_address: WalletAddress | None = None
    user_id: Id | None = None
    status: SlipStatus | None = None


class ClaimView(Shape, frozen=True):
    """What is paid now; the amount is in smallest units."""

    order_id: int
    claimed: Literal[True]
    claim_amount: str
    claim_tx_hash: str


class Slips(msgspec.Struct, Generic[Slip], frozen=True):
    """All slips of one kind, and what can be done with each. `noun` is what accounts and people call one."""

    noun: Literal["bet", "accumulator"]
    read: Callable[[Reader, int], Awaitable[Slip | None]]
    read_by_client_id: Callable[[Reader, int, str], Awaitable[Slip | None]]
    show: Callable[[Gateway, Caller, Slip], Shape]

    async def place(
        self,
        gateway: Gateway,
        caller: Caller,
        command: Command[Taken | Known | Refused],
        client_bet_id: str | None,
        repeat: Callable[[Slip], Taken | None],
    ) -> Taken | Refused:
        """Place one; where its clientBetId is known, `repeat` answers, with None for other content. Raises Rejected."""
        # The same words, whether the other one is in storage or under way.
        words = f"clientBetId {client_bet_id} has been used for another {self.noun}"
        other_content = Refused(Refusal.CONFLICT, words)

        async def earlier() -> Taken | Refused | None:
            assert client_bet_id is not None
            slip = await self.read_by_client_id(gateway.exchange.storage.reader, caller.user_id, client_bet_id)
            return None if slip is None else repeat(slip) or other_content

        return await once(gateway, command, None if client_bet_id is None else earlier, other_content)

    async def claim(
        self, gateway: Gateway, caller: Caller, request: SlipRequest, pay: Callable[[Slip], Awaitable[Slip | Refused]]
    ) -> Answer:
        """Have one of the caller's paid, unless its row says that there is nothing to pay. Raises Rejected."""
        slip = await self._own(gateway, caller, request)
        if (refused := self._refuse_claim(slip)) is not None:
            return refusal(refused)
        paid = await pay(slip)
        if isinstance(paid, Refused):
            if paid.code is Refusal.NOT_FOUND:  # it was decided a moment ago, and its market has let go of it
                paid = self._refuse_claim(await self._own(gateway, caller, request)) or paid
            return refusal(paid)
        assert paid.claim_tx_hash is not None
        return Answer(200, ClaimView(paid.bet_id, True, str(paid.payout), paid.claim_tx_hash))

    def _refuse_claim(self, slip: Slip) -> Refused | None:
        """Say what its row says already; its market may have forgotten it."""
        if slip.payout:
            return Refused(Refusal.ALREADY_CLAIMED, f"this {self.noun} has been paid already")
        if slip.potential_payout == 0:
            return Refused(Refusal.NOTHING_TO_CLAIM, f"this {self.noun} is lost: there is nothing to claim")
        return None

    async def _own(self, gateway: Gateway, caller: Caller, request: SlipRequest) -> Slip:
        slip = await self.read(gateway.exchange.storage.reader, as_id(request.order_id))
        if slip is None or slip.account_id != caller.user_id:
            raise self._unknown(request)
        return slip

    async def get(self, gateway: Gateway, caller: Caller, request: SlipRequest) -> Answer:
        """Show one. Raises Rejected(NOT_FOUND)."""
        slip = await self.read(gateway.exchange.storage.reader, as_id(request.order_id))
        if slip is None or (slip.account_id != caller.user_id and caller.role is not Role.ADMIN):
            raise self._unknown(request)
        return Answer(200, self.show(gateway, caller, slip))

    def _unknown(self, request: SlipRequest) -> Rejected:
        return Rejected(Refusal.NOT_FOUND, f"there is no {self.noun} {request.order_id}")

    async def get_by_client_id(self, gateway: Gateway, caller: Caller, request: ClientSlipRequest) -> Answer:
        """Show one of the caller's, or say why it is not there (yet)."""
        query = FindCommand(self.noun, caller.user_id, request.client_bet_id)
        under_way = await gateway.exchange.accounts.ask(query)
        if under_way == "pending":
            return Answer(202, PendingView("pending"))
        reader = gateway.exchange.storage.reader
        slip = await self.read_by_client_id(reader, caller.user_id, request.client_bet_id)
        if slip is None:
            if under_way == "known":
                return lost()
            return failure(Refusal.NOT_FOUND, f"there is no {self.noun} with clientBetId {request.client_bet_id}")
        return Answer(200, self.show(gateway, caller, slip))

    async def listed_account(self, gateway: Gateway, caller: Caller, request: SlipsRequest) -> int | None:
        """Whose a list shows; None: everybody's. Raises Rejected(FORBIDDEN) for those of others."""
        address = None if request.user_address is None else read_address(request.user_address)
        user_id = None if request.user_id is None else as_id(request.user_id)
        if caller.role is not Role.ADMIN:
            own = gateway.sessions.member(caller.user_id)
            if address is not None and (own is None or own.address != address):
                raise self._of_others("userAddress")
            if user_id not in (None, caller.user_id):
                raise self._of_others("userId")
            return caller.user_id
        if address is None:
            return user_id
        user = await gateway.exchange.storage.identity.user_by_address(address)
        if user is None or user_id not in (None, user.user_id):
            return NOBODY
        return user.user_id

    def _of_others(self, field: str) -> Rejected:
        words = f"the {self.noun}s of others are for administrators: leave {field} out"
        return Rejected(Refusal.FORBIDDEN, words)


def owner_of(gateway: Gateway, caller: Caller, account_id: int) -> Owner:
    """Say whose something is: the wallet; to administrators, whose lists have users without one, the id too."""
    member = gateway.sessions.member(account_id)
    address = None if member is None else member.shown_address
    return Owner(address, account_id if caller.role is Role.ADMIN else UNSET)
