"""Runs the commands of one socket, many at once, each under the request's deadline.

A few workers do what a task and a cancel scope for each command would: those two cost a fifth of a command.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import trio

from gateway.answers import Answer
from gateway.context import Gateway, attempt, no_answer
from gateway.identity.caller import Caller
from gateway.websocket.turns import InTurn, Turns

IDLE_MAX = 8  # workers that wait for work; more go home, so that thousands of quiet sockets stay small

OpId = str | int


class Op(msgspec.Struct, frozen=True):
    """A command as its client knows it, and its place among the others of the socket."""

    op_id: OpId
    turn: int
    handler: Callable[..., Awaitable[Answer]]
    request: Any


class Commands:
    """`start` never waits: who calls it sees to it that there are not too many."""

    def __init__(
        self, gateway: Gateway, caller: Caller, nursery: trio.Nursery, answer: Callable[[OpId, Answer], None]
    ) -> None:
        self._gateway = gateway
        self._caller = caller
        self._nursery = nursery
        self._answer = answer
        self._turns = Turns()
        self._started = 0
        self._waiting: deque[Op] = deque()
        self._idle: list[trio.lowlevel.Task] = []

    def start(self, op_id: OpId, handler: Callable[..., Awaitable[Answer]], request: Any) -> None:
        """Have a command done; its answer goes where the constructor was told."""
        self._started += 1
        self._waiting.append(Op(op_id, self._started, handler, request))
        if self._idle:
            trio.lowlevel.reschedule(self._idle.pop())
        else:
            self._nursery.start_soon(self._work)

    async def _work(self) -> None:
        """Do commands, the oldest first, until there are workers enough without this one."""
        accounts = InTurn(self._gateway.exchange.accounts, self._turns)
        exchange = msgspec.structs.replace(self._gateway.exchange, accounts=accounts)
        gateway = msgspec.structs.replace(self._gateway, exchange=exchange)
        while await self._is_wanted():
            op: Op | None = None
            with trio.CancelScope() as scope:
                while await self._is_wanted() and not scope.cancel_called:
                    op = self._waiting.popleft()
                    accounts.turn = op.turn
                    scope.deadline = trio.current_time() + gateway.settings.request_deadline_s
                    answer = await attempt(gateway, op.handler, self._caller, op.request)
                    self._end(op, answer)
                    op = None
            # The deadline has passed: of a command, or of the last one while there was no other.
            if op is not None:
                self._end(op, no_answer())

    def _end(self, op: Op, answer: Answer) -> None:
        self._turns.end(op.turn)
        self._answer(op.op_id, answer)

    async def _is_wanted(self) -> bool:
        """Wait for work; False if enough others do."""
        while not self._waiting:
            if len(self._idle) >= IDLE_MAX:
                return False
            task = trio.lowlevel.current_task()
            self._idle.append(task)

            def leave(_: object, task: trio.lowlevel.Task = task) -> trio.lowlevel.Abort:
                self._idle.remove(task)
                return trio.lowlevel.Abort.SUCCEEDED

            await trio.lowlevel.wait_task_rescheduled(leave)
        return True
