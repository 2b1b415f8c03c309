"""The same users and tokens as under /api/v1/auth, with the statuses of the specification."""

import msgspec

from gateway.context import Answer, Caller, Gateway
from gateway.rest import auth


async def register_user(gateway: Gateway, caller: Caller, request: auth.RegisterRequest) -> Answer:
    """200 with the new user; 400 for a name that is taken."""
    return msgspec.structs.replace(await auth.register(gateway, caller, request), status=200)


async def log_in_user(gateway: Gateway, caller: Caller, request: auth.LoginRequest) -> Answer:
    """200 with a token, which is good for every path of the exchange."""
    return await auth.log_in(gateway, caller, request)
