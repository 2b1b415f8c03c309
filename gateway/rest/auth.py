"""Registering, logging in and out, and who one is."""

import ipaddress

import msgspec

from engine.ledger.chart import SYSTEM_ACCOUNTS
from engine.refusals import Refusal
from gateway.answers import Rejected
from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.identity.wallets import checksummed
from gateway.limits import Email, NewPassword, Password, Text, Username
from gateway.rest.symbols import NoRequest
from gateway.shapes import Shape


class RegisterRequest(Shape, frozen=True):
    """A new user; names are compared without case."""

    username: Username
    email: Email
    password: NewPassword


class RegisteredView(Shape, frozen=True):
    """The new user."""

    id: int
    username: str
    role: Role


class LoginRequest(Shape, frozen=True):
    """Both as registered."""

    username: Text
    password: Password


class LoginView(Shape, frozen=True):
    """The token goes into `Authorization: Bearer ...`; `expiresIn` is in seconds."""

    token: str
    expires_in: int


class MeView(msgspec.Struct, frozen=True):
    """The user behind the token, in the words of the odds specification; `address` is the wallet, with its checksum."""

    id: int
    username: str | None
    address: str | None
    role: Role
    last_login: int | None


async def register(gateway: Gateway, _: Caller, request: RegisterRequest) -> Answer:
    """201; 409 for a name that is taken, or is one of the exchange's own accounts'."""
    check_name(request.username)
    user = await gateway.sessions.register(request.username, request.email, request.password)
    return Answer(201, RegisteredView(user.user_id, request.username, Role(user.role)))


def check_name(username: str) -> None:
    """Raise Rejected(CONFLICT) for a name that nobody may have."""
    if username.lower() in SYSTEM_ACCOUNTS.values():
        raise Rejected(Refusal.CONFLICT, "this name is the exchange's own: choose another")


async def log_in(gateway: Gateway, caller: Caller, request: LoginRequest) -> Answer:
    """200 with a token; 401 says the same for a wrong name and a wrong password; who fails often waits: 429."""
    throttled = gateway.settings.rate_limit_loopback or not is_loopback(caller.address)
    login = await gateway.sessions.log_in(request.username, request.password, caller.address, throttled=throttled)
    return Answer(200, LoginView(login.token, login.expires_in_s))


async def log_out(gateway: Gateway, caller: Caller, _: NoRequest) -> Answer:
    """204 when the token, a user's or a guest's, is useless for good."""
    await gateway.sessions.log_out(caller)
    return Answer(204, None)


async def get_me(gateway: Gateway, caller: Caller, _: NoRequest) -> Answer:
    """The present role, not the token's."""
    user = await gateway.sessions.user(caller.user_id)
    address = None if user.address is None else checksummed(user.address)
    return Answer(200, MeView(user.user_id, user.username, address, Role(user.role), user.last_login_ms))


def is_loopback(address: str) -> bool:
    """Whether a request comes from this machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # no address at all: not over a socket
        return False
