"""Sessions as such: temporary ones without a user, and tokens that open WebSockets into a session."""

from gateway.context import Answer, Caller, Gateway
from gateway.identity.caller import Role
from gateway.identity.sessions import GUEST_LIFETIME_S
from gateway.rest.symbols import NoRequest
from gateway.shapes import Shape


class SessionView(Shape, frozen=True):
    """The session behind a token; of a guest `userId` is null. Times are in ms."""

    id: str
    role: Role
    created_at: int | None  # null if whoever signed the token does not say
    expires_at: int
    user_id: int | None


class GuestView(Shape, frozen=True):
    """A guest's token; `expiresIn` is in seconds."""

    token: str
    expires_in: int
    session: SessionView


class SocketTokenView(Shape, frozen=True):
    """A token for `?token=` of a WebSocket, good for nothing else; `expiresIn` is in seconds."""

    token: str
    expires_in: int


class SocketsView(Shape, frozen=True):
    """How many WebSockets of all kinds are open, and to how many channels they are subscribed together."""

    status: str
    connections: int
    subscriptions: int


async def open_session(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """A temporary session without a user: for reading and subscribing only."""
    guest = await gateway.sessions.open_guest()
    return Answer(200, GuestView(guest.token, GUEST_LIFETIME_S, _view(guest)))


async def get_session(gateway: Gateway, caller: Caller, _: NoRequest) -> Answer:
    """The session behind any token."""
    if caller.role is Role.GUEST:
        kept = await gateway.sessions.guest_session(caller)
        return Answer(200, SessionView(kept.token_id, Role.GUEST, kept.issued_ms, kept.expires_ms, None))
    return Answer(200, _view(caller))


def _view(caller: Caller) -> SessionView:
    assert caller.role is not None
    return SessionView(
        caller.token_id, caller.role, caller.issued_ms, caller.expires_ms, None if caller.is_visitor else caller.user_id
    )


async def make_socket_token(gateway: Gateway, caller: Caller, _: NoRequest) -> Answer:
    """For one minute it opens WebSockets, which then live as long as the session: its log-out ends them."""
    return Answer(200, SocketTokenView(*gateway.sessions.socket_token(caller)))


async def get_socket_token(gateway: Gateway, caller: Caller, request: NoRequest) -> Answer:
    """The same: each call makes a new one."""
    return await make_socket_token(gateway, caller, request)


async def get_sockets(gateway: Gateway, _: Caller, __: NoRequest) -> Answer:
    """What is connected now."""
    sockets = gateway.metrics.sockets
    return Answer(200, SocketsView("ok", sockets.connections, sockets.subscriptions))
