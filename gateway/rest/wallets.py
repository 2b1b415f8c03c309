"""Logging in with a wallet, and joining it with a username and a password into one user."""

import msgspec

from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.identity.nonces import LIFETIME_S
from gateway.identity.wallets import WalletProof, read_address
from gateway.limits import WalletAddress
from gateway.rest.auth import RegisterRequest, check_name, get_me
from gateway.rest.symbols import NoRequest
from gateway.shapes import Shape


class NonceRequest(Shape, frozen=True):
    """The wallet that will sign: 0x and 40 hex digits, in one case or with EIP-55's checksum."""

    address: WalletAddress


class NonceView(Shape, frozen=True):
    """What to sign, in `Login to KMarket: nonce=<nonce>`; `expiresIn` is in seconds."""

    nonce: str
    expires_in: int


class WalletUserView(msgspec.Struct, frozen=True):
    """Who has logged in; `address` is shown with its checksum."""

    id: int
    address: str | None
    role: Role


class WalletLoginView(Shape, frozen=True):
    """The token goes into `Authorization: Bearer ...`; `expiresIn` is in seconds."""

    token: str
    expires_in: int
    user: WalletUserView


async def get_nonce(gateway: Gateway, caller: Caller, request: NonceRequest) -> Answer:
    """Good once, for this wallet. Of several the five newest are."""
    nonce = await gateway.sessions.nonces.give(read_address(request.address), caller.address)
    return Answer(200, NonceView(nonce, LIFETIME_S))


async def verify_signature(gateway: Gateway, _: Caller, request: WalletProof) -> Answer:
    """200 with a token; a wallet that comes for the first time becomes a user.

    401 for the signature of another message or by another key, and for a nonce that is not good (any more); 400 for
    what can't be a signature. The message is signed as EIP-191 says (personal_sign).
    """
    login = await gateway.sessions.log_in_wallet(request)
    user = WalletUserView(login.user.user_id, login.user.shown_address, login.user.role)
    return Answer(200, WalletLoginView(login.token, login.expires_in_s, user))


async def add_wallet(gateway: Gateway, caller: Caller, request: WalletProof) -> Answer:
    """From here on both ways to log in lead to this user. 409 if either has been joined with another one.

    The wallet signs a nonce as for a log-in.
    """
    await gateway.sessions.add_wallet(caller.user_id, request)
    return await get_me(gateway, caller, NoRequest())


async def add_password(gateway: Gateway, caller: Caller, request: RegisterRequest) -> Answer:
    """The same, for a user who has logged in with a wallet. 409 for a name that is taken, or a second one."""
    check_name(request.username)
    await gateway.sessions.add_password(caller.user_id, request.username, request.email, request.password)
    return await get_me(gateway, caller, NoRequest())
