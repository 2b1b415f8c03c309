"""Who makes a request."""

import enum

import msgspec


class Role(enum.Enum):
    """What somebody may do; of a user, `users.role` holds the value. Guests have a token, but no row."""

    USER = "user"
    MARKET_MAKER = "market_maker"
    ADMIN = "admin"
    GUEST = "guest"


class Caller(msgspec.Struct, frozen=True):
    """A user as their token and their present role say; without one a visitor, with a guest's token or none at all."""

    address: str = ""  # where the request comes from, behind trusted proxies
    user_id: int = 0  # also the id of the user's account
    username: str | None = None
    role: Role | None = None
    token_id: str = ""
    expires_ms: int = 0  # the session
    issued_ms: int | None = None
    token: str = ""  # as it was sent

    @property
    def is_visitor(self) -> bool:
        """Whether there is no user: nothing private to see, nothing to order with."""
        return self.user_id == 0

    @property
    def has_session(self) -> bool:
        """Whether there is a token, which may be logged out or expire."""
        return self.token_id != ""
