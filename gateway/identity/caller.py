"""Who makes a request."""

import enum

import msgspec


class Role(enum.Enum):
    """What a user may do; `users.role` holds the value."""

    USER = "user"
    MARKET_MAKER = "market_maker"
    ADMIN = "admin"


class Caller(msgspec.Struct, frozen=True):
    """A user as their token and their present role say; without a token a visitor, whose `user_id` is 0."""

    address: str = ""  # where the request comes from, behind trusted proxies
    user_id: int = 0  # also the id of the user's account
    username: str = ""
    role: Role | None = None
    token_id: str = ""
    expires_ms: int = 0

    @property
    def is_visitor(self) -> bool:
        return self.user_id == 0
