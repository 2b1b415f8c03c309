"""What administrators do is written down before it is done, and again if it was refused."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from engine.ledger.records import AdminAction
from gateway.context import Answer, Caller, Gateway
from gateway.shapes import ErrorBody
from storage.interface import DatabaseAway


async def audited(
    gateway: Gateway,
    caller: Caller,
    action: str,
    target: str,
    request: msgspec.Struct,
    act: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Write down what is about to be done, as without the row it is not; and write down if it was refused."""
    write = gateway.exchange.storage.identity.write_admin_action
    await write(admin_action(gateway, caller, action, target, request))
    answer = await act()
    if isinstance(answer.body, ErrorBody):
        with suppress(DatabaseAway):  # the refusal is told all the same
            await write(admin_action(gateway, caller, f"{action}_refused", target, answer.body))
    return answer


def admin_action(gateway: Gateway, caller: Caller, action: str, target: str, request: msgspec.Struct) -> AdminAction:
    """Make the row of an action; `request` is kept as JSON."""
    details = msgspec.json.encode(request).decode()
    return AdminAction(0, caller.user_id, action, target, details, gateway.exchange.clock.now_ms())
