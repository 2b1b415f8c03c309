"""One socket: one task reads, one writes, a few do commands; whatever ends one of them ends the socket.

read  ── subscribe, resume, unsubscribe ──> channels ── Watch ──> broadcaster
  └───── op ──> a worker ──> accounts ──> answer ──┐                  │
write <────────────────────────────────────────────┴── outbox <───────┴─── what is read again, of the journal
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import trio

from actors.backlog import Reading
from actors.outbox import Outbox
from actors.private_line import PrivateLine
from actors.pushes import Post
from actors.subscriptions import Watch
from engine.refusals import Refusal
from gateway.answers import Answer, Rejected, failure
from gateway.context import Gateway
from gateway.decoding import decode_body
from gateway.identity.caller import Caller
from gateway.identity.refusals import not_for_visitors
from gateway.rest.orders import cancel_all_orders, cancel_order, place_order
from gateway.shapes import ErrorBody
from gateway.statuses import Problem
from gateway.websocket.channels import Channels
from gateway.websocket.commands import Commands
from gateway.websocket.frames import CANCEL, CANCEL_ALL, Frame, id_of, read_frame, read_order
from gateway.websocket.messages import Error, OpAnswer, Subscribed, Unsubscribed
from gateway.websocket.socket import Socket
from gateway.websocket.texts import encode, error, text_of
from gateway.websocket.wire import Wire
from storage.interface import DatabaseAway

ANSWERS_MAX = 100  # commands under way and answers not yet sent: above it reading stops, and TCP holds the client back
POSTS_MAX = 32  # pushes sent at once: an answer that comes meanwhile waits for no more than these
FAREWELL_S = 1.0  # at a stop, for the answers to commands under way; the server cuts what is open after 2 s
RETRY_S = 0.2  # between two tries to read an account while the database is away


class Connection(Socket):
    """The socket for all products."""

    def __init__(self, gateway: Gateway, caller: Caller, wire: Wire) -> None:
        super().__init__(gateway, caller, wire)
        self._outbox = Outbox()
        self._broadcaster = gateway.exchange.broadcaster
        self._directory = gateway.exchange.directory
        self._channels = Channels(self._outbox, self._broadcaster, self._directory, caller)
        self._commands: Commands
        self._replies: list[str] = []
        self._posts: list[Post] = []  # taken from the outbox, and not sent yet
        self._owed = 0  # answers that the client will get
        self._paid = trio.Event()  # set, and made anew, with each payment

    @property
    def subscriptions(self) -> int:
        """How many channels are open."""
        return len(self._channels)

    def leave(self) -> None:
        self._channels.leave()

    async def say_farewell(self) -> None:
        """Let commands under way be answered, a little while."""
        with trio.move_on_after(FAREWELL_S):
            await self._owe_at_most(0)

    # Reading

    async def read(self) -> None:
        self._commands = Commands(self._gateway, self._caller, self._nursery, self._answer_command)
        while (raw := await self._wire.receive()) is not None:
            self._handle(raw)
            if self._owed > ANSWERS_MAX:
                await self._owe_at_most(ANSWERS_MAX)

    def _handle(self, raw: bytes) -> None:
        """Do what a frame asks for, or say why not."""
        try:
            frame = read_frame(raw)
        except Rejected as rejected:
            self._refuse(raw, rejected)
            return
        if frame.unsubscribe:
            self._reply(Unsubscribed(self._each(frame.unsubscribe, self._channels.unsubscribe)))
            self._posts = [post for post in self._posts if self._channels.wants(post.channel)]
        if (frame.subscribe or frame.resume) and self._may_subscribe():
            opened = self._subscribe(frame)
            self._reply(Subscribed(opened))
            resumed = frame.resume.keys() & set(opened)
            self._posts = [post for post in self._posts if post.channel not in resumed]
            self._channels.watch()
        if frame.op is not None:
            self._operate(frame, raw)

    def _refuse(self, raw: bytes, rejected: Rejected) -> None:
        """Say what is wrong with a frame, under its id if it has one."""
        op_id = id_of(raw)
        if op_id is None:
            self._reply(error(rejected))
        else:
            self._answer(op_id, rejected.answer())
        self.count_bad_message()

    def _may_subscribe(self) -> bool:
        """Count a message that opens channels, as a request over REST; say so if it is one too many.

        To unsubscribe costs nothing: who takes less is not to be kept from it.
        """
        limits = self._gateway.rate_limits
        limit = limits.anonymous if self._caller.is_visitor else limits.other
        try:
            limit.charge(self._caller, trio.current_time())
        except Rejected as rejected:
            self._reply(error(rejected))
            return False
        return True

    def _subscribe(self, frame: Frame) -> list[str]:
        """Open channels, each at the number that the client names for it, if he does."""

        def open_channel(channel: str) -> None:
            self._channels.subscribe(channel, frame.resume.get(channel))

        return self._each((*frame.subscribe, *frame.resume), open_channel)

    def _each(self, channels: tuple[str, ...], work: Callable[[str], None]) -> list[str]:
        """Do something with each channel; return those for which it could be done, complain about the others."""
        done = []
        for channel in dict.fromkeys(channels):
            try:
                work(channel)
            except Rejected as rejected:
                self._reply(error(rejected, channel[:64]))
            else:
                done.append(channel)
        return done

    # Commands

    def _operate(self, frame: Frame, raw: bytes) -> None:
        """Start a command; its answer comes when it is durable."""
        assert frame.id is not None
        if self._caller.is_visitor:
            self._reply(_refuse_visitor(self._caller, frame.id))
            return
        if self._gateway.shutdown.is_set():
            self._answer(frame.id, failure(Problem.SHUTTING_DOWN, "the server is shutting down"))
            return
        handler: Callable[..., Awaitable[Answer]]
        request: Any
        try:
            self._gateway.rate_limits.orders.charge(self._caller, trio.current_time())
            if frame.op == "place":
                handler, request = place_order, read_order(frame)
            elif frame.op == "cancel":
                handler, request = cancel_order, decode_body(raw, CANCEL)
            else:
                handler, request = cancel_all_orders, decode_body(raw, CANCEL_ALL)
        except Rejected as rejected:
            self._answer(frame.id, rejected.answer())
            return
        self._owed += 1
        self._commands.start(frame.id, handler, request)

    # Writing

    def _answer_command(self, op_id: str | int, answer: Answer) -> None:
        self._owed -= 1
        self._answer(op_id, answer)

    def _answer(self, op_id: str | int, answer: Answer) -> None:
        self._reply(OpAnswer(op_id, answer.status, answer.body))

    def _reply(self, message: msgspec.Struct) -> None:
        """Send an answer; it waits for nothing but the answers before it and the push that is being sent."""
        self._owed += 1
        self._replies.append(encode(message).decode())
        self._outbox.wake()

    async def write(self) -> None:
        while True:
            if not self._replies:
                await self._outbox.wait()
            self._posts, needy = self._outbox.take()
            for topic in needy:
                self._fetch(topic)
            if (reading := self._outbox.next_reading()) is not None:
                self._nursery.start_soon(self._read_again, reading)
            await self._send_replies()
            while self._posts:
                posts, self._posts = self._posts[:POSTS_MAX], self._posts[POSTS_MAX:]
                await self._wire.send([text_of(post, self._directory) for post in posts])
                await self._send_replies()

    async def _send_replies(self) -> None:
        replies, self._replies = self._replies, []
        if replies:
            await self._wire.send(replies)
            self._owed -= len(replies)
            paid, self._paid = self._paid, trio.Event()
            paid.set()

    async def _owe_at_most(self, answers: int) -> None:
        while self._owed > answers:
            await self._paid.wait()

    # Snapshots

    def _fetch(self, topic: str) -> None:
        """Have a line filled that has nothing to go on from."""
        if topic == self._channels.account_topic:
            self._nursery.start_soon(self._fetch_account, self._channels.private)
        else:
            self._broadcaster.tell(Watch(self._outbox, (topic,)))

    async def _fetch_account(self, line: PrivateLine) -> None:
        """Read the account; what was pushed meanwhile goes behind it."""
        begun = line.begin_snapshot()
        while True:
            try:
                snapshot = await self._gateway.exchange.storage.reader.account_snapshot(self._caller.user_id)
                break
            except DatabaseAway:
                await trio.sleep(RETRY_S)
        line.release(begun, snapshot)
        self._outbox.ready(self._channels.account_topic)

    async def _read_again(self, reading: Reading) -> None:
        """Have a line fed that is behind. A number that a stream has not come to is the client's mistake."""
        for channel, last in (await self._outbox.read(reading)).items():
            if channel in self._channels:
                self._channels.unsubscribe(channel)
                message = f"the last number of {channel} is {last}: it can't be resumed from a later one"
                self._reply(error(Rejected(Refusal.MALFORMED, message), channel))


def _refuse_visitor(caller: Caller, op_id: str | int) -> Error:
    """Answer an op of a visitor: as an error message, and under its id."""
    answer = not_for_visitors(caller, "orders need a user").answer()
    assert isinstance(answer.body, ErrorBody)
    return Error(answer.status, answer.body.code, answer.body.message, id=op_id, body=answer.body)
